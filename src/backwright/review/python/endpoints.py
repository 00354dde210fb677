"""The endpoints of a module: which function answers what, and what protects it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from backwright.review.migrations.calls import argument, dotted, flag, last, word, words

Function = ast.FunctionDef | ast.AsyncFunctionDef

PROTECTING = re.compile(
    r"user(?!_?agent)|auth|token|principal|identity|login|logged|permission|role|admin|api_?key|jwt|scope|caller"
    r"|account|member|staff|require|guard|protected|session_id|bearer|claims|superuser|tenant",
    re.IGNORECASE,
)
ROLE = re.compile(r"admin|role|staff|superuser|scope|permission|internal|service", re.IGNORECASE)
PUBLIC = re.compile(
    r"log_?in|log_?out|sign_?in|sign_?up|sign_?out|register|registration|token|refresh|health|ping|ready|live|status|docs|"
    r"openapi|webhook|hook|callback|reset|forgot|verify|confirm|activate|public|metrics|version|password|oauth|sso|"
    r"authenticate|auth|session|contact|subscribe|static|favicon|csrf",
    re.IGNORECASE,
)
_VERBS = {"get", "post", "put", "patch", "delete"}
_FRAMEWORKS = {
    "fastapi",
    "flask",
    "starlette",
    "rest_framework",
    "quart",
    "litestar",
    "django",
    "flask_restful",
}


class Endpoint(msgspec.Struct, frozen=True, eq=False):
    """A function that answers requests. `router`: the name it is registered with. `injected`: FastAPI's parameters."""

    function: Function
    methods: frozenset[str]
    path: str
    router: str
    protected: bool
    role: bool
    caller: frozenset[str]

    @property
    def writes(self) -> bool:
        return bool(self.methods - {"get", "head", "options"})

    @property
    def path_names(self) -> set[str]:
        names = {name.rpartition(":")[2] for name in re.findall(r"<([^>]+)>", self.path)}
        return names | {name.partition(":")[0] for name in re.findall(r"\{([^}]+)\}", self.path)}

    @property
    def public(self) -> bool:
        return PUBLIC.search(f"{self.path} {self.function.name}") is not None


class Module(msgspec.Struct, frozen=True, eq=False):
    """A module as the rules see it."""

    tree: ast.Module
    file: str
    imports: frozenset[str]
    endpoints: tuple[Endpoint, ...]
    shielded: bool = False
    """Whether another module protects all of its endpoints."""

    @property
    def web(self) -> bool:
        return bool(self.imports & _FRAMEWORKS)


def module(tree: ast.Module, file: str, *, shielded: bool = False) -> Module:
    imports = frozenset(_imports(tree))
    aliases = _caller_aliases(tree)
    routers = _shielded_routers(tree)
    endpoints = tuple(_endpoints(tree, aliases, routers)) if imports & _FRAMEWORKS else ()
    return Module(tree, file, imports, endpoints, shielded)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str() as name):
                yield name.partition(".")[0]
            case _:
                continue


def functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _endpoints(tree: ast.Module, aliases: set[str], shielded: set[str]) -> Iterator[Endpoint]:
    for function in functions(tree):
        for decorator in function.decorator_list:
            found = _route(decorator)
            if found is None:
                continue
            methods, path, router = found
            injected = list(_injected(function, aliases))
            others = [d for d in function.decorator_list if d is not decorator]
            marks = [text for text, _ in injected] + [_text(d) for d in others] + _dependencies(decorator)
            protected = router in shielded or any(PROTECTING.search(mark) for mark in marks)
            role = any(ROLE.search(mark) for mark in marks)
            caller = {name for text, name in injected if PROTECTING.search(text) and not _mere_token(text)}
            yield Endpoint(function, methods, path, router, protected, role, frozenset(caller))
            break


def _mere_token(text: str) -> bool:
    return re.search(r"get_db|session(?!_user)|settings", text) is not None


def _route(decorator: ast.expr) -> tuple[frozenset[str], str, str] | None:
    match decorator:
        case ast.Call(func=ast.Attribute(value=router, attr=attr)) if isinstance(
            router, ast.Name | ast.Attribute
        ):
            path = word(argument(decorator, 0, "path", "rule"))
            if path is None or not (path.startswith("/") or path == ""):
                return None
            if attr in _VERBS:
                return frozenset({attr}), path, dotted(router)
            if attr in {"route", "api_route"}:
                methods = {m.lower() for m in words(argument(decorator, -1, "methods"))} or {"get"}
                return frozenset(methods), path, dotted(router)
            return None
        case ast.Call(func=ast.Name(id="api_view"), args=[listed, *_]):
            return frozenset(m.lower() for m in words(listed)) or frozenset({"get"}), "", "api_view"
        case _:
            return None


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def _dependencies(call: ast.expr) -> list[str]:
    """The texts of `dependencies=[Depends(…)]`."""
    listed = argument(call, -1, "dependencies", "auth") if isinstance(call, ast.Call) else None
    return [_text(listed)] if listed is not None else []


def _injected(function: Function, aliases: set[str]) -> Iterator[tuple[str, str]]:
    """What FastAPI gives a function: the text of the dependency, and the parameter's name."""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for each, default in zip(
        positional + arguments.kwonlyargs, defaults + arguments.defaults + arguments.kw_defaults, strict=True
    ):
        if default is not None and last(default) in {"Depends", "Security", "FromDishka"}:
            yield f"{_text(default)} {each.arg}", each.arg
        elif each.annotation is not None:
            text = _text(each.annotation)
            if re.search(r"\b(Depends|Security)\(", text) or (
                text in aliases or re.match(r"^(Current|Auth|Logged)\w*$|^\w+Dep$", text)
            ):
                yield f"{text} {each.arg}", each.arg


def _caller_aliases(tree: ast.Module) -> set[str]:
    """`CurrentUser = Annotated[User, Depends(…)]`."""
    found = set()
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if "Depends(" in _text(value):
                found.add(name)
            case _:
                continue
    return found


def _shielded_routers(tree: ast.Module) -> set[str]:
    """Routers that ask for credentials as a whole, and blueprints with such a `before_request`."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target], value=ast.Call() as call):
                if any(PROTECTING.search(text) for text in _dependencies(call)):
                    found.add(dotted(target))
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                for decorator in decorators:
                    name = dotted(decorator)
                    if name.endswith((".before_request", ".before_app_request")):
                        found.add(name.rpartition(".")[0])
            case _:
                continue
    return found


def views(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """Classes of Django REST that answer requests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(
            re.search(
                r"(APIView|ViewSet|GenericViewSet|ModelViewSet|(List|Create|Retrieve|Update|Destroy)\w*View)$",
                last(b),
            )
            for b in node.bases
        ):
            yield node


def attribute(view: ast.ClassDef, name: str) -> ast.expr | None:
    for node in view.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return value
            case _:
                continue
    return None


def truth(call: ast.Call, name: str) -> bool:
    return flag(argument(call, -1, name)) is True
