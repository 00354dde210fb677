"""Who may call, whose row it is, and which fields a body may set."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from backwright.review.findings import Finding, Severity, Site
from backwright.review.migrations.calls import dotted, last, words
from backwright.review.python.endpoints import Endpoint, Module, attribute, functions, views
from backwright.review.python.rules import RULES

_OWNER = re.compile(
    r"owner|tenant|user_id|account_id|org(anization|anisation)?_id|workspace|author|created_by|belongs|membership|"
    r"current_user|request\.user|g\.user|can_|has_(perm|access)|check_|ensure_|authori[sz]e|require_|permission|is_allowed",
    re.IGNORECASE,
)


def access(module: Module) -> Iterator[Finding]:
    """All findings about access of a module."""
    yield from _unauthenticated(module)
    yield from _open_views(module)
    yield from _not_limited(module)
    yield from _mass_assignment(module)


def _site(module: Module, node: ast.stmt | ast.expr) -> Site:
    return Site(module.file, node.lineno, node.col_offset + 1)


def _unauthenticated(module: Module) -> Iterator[Finding]:
    protected = [e for e in module.endpoints if e.protected and not e.public]
    if not protected or module.shielded:
        return
    for endpoint in module.endpoints:
        if endpoint.protected or endpoint.public or not (endpoint.writes or endpoint.path_names):
            continue
        if _looks_by_itself(endpoint):
            continue
        same = next((e for e in protected if e.router == endpoint.router), None)
        if same is None:
            continue
        verbs = "/".join(sorted(endpoint.methods)).upper()
        message = f"{verbs} {endpoint.path or endpoint.function.name} needs no credentials; `{same.function.name}` does"
        # A catalogue that everybody may read is common; one that everybody may write is not.
        readable = not endpoint.writes and any(e.writes for e in protected)
        severity: Severity = "warning" if readable else "error"
        yield _site(module, endpoint.function).finding(
            RULES["endpoint-without-authentication"], message, severity
        )


def _looks_by_itself(endpoint: Endpoint) -> bool:
    """Whether the body asks who calls."""
    text = ast.unparse(endpoint.function)
    return (
        re.search(
            r"current_user|request\.user|g\.user|get_jwt_identity|session\[|authenticate|authori[sz]", text
        )
        is not None
    )


def _open_views(module: Module) -> Iterator[Finding]:
    if "rest_framework" not in module.imports:
        return
    found = list(views(module.tree))
    closed = [view for view in found if _names(attribute(view, "permission_classes")) - {"AllowAny"}]
    for view in found:
        classes = attribute(view, "permission_classes")
        lacking = classes is None or not _names(classes) - {"AllowAny"}
        lacking = lacking and not (classes is None and module.shielded)
        by_method = any(f.name == "get_permissions" for f in functions(view))
        if (
            not closed
            or not lacking
            or by_method
            or (attribute(view, "permission_classes") is not None and _read_only(view))
        ):
            continue
        if re.search(r"login|register|signup|health|webhook|public|token|password", view.name, re.IGNORECASE):
            continue
        message = f"`{view.name}` lets everybody in; `{closed[0].name}` does not"
        # Without classes of its own a view has those of the settings, which are not known here.
        severity: Severity = "warning" if classes is None else "error"
        yield _site(module, view).finding(RULES["endpoint-without-authentication"], message, severity)


def _read_only(view: ast.ClassDef) -> bool:
    return any(re.search(r"ReadOnly|^List|^Retrieve", last(base)) for base in view.bases)


def _names(node: ast.expr | None) -> set[str]:
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return {last(element) or "?" for element in elements}
        case None:
            return set()
        case _:
            return {"?"}


def _not_limited(module: Module) -> Iterator[Finding]:
    limits = any(_OWNER.search(_body(e)) for e in module.endpoints)
    for endpoint in module.endpoints:
        if not endpoint.protected or endpoint.role or not endpoint.path_names or endpoint.public:
            continue
        if _uses_caller(endpoint):
            continue
        fetched = _fetched_by(endpoint)
        if fetched is None:
            continue
        node, name = fetched
        severity: Severity = "error" if endpoint.writes or limits else "warning"
        message = f"a row is found by `{name}` of the path; who asks makes no difference"
        yield _site(module, node).finding(RULES["object-not-limited-to-owner"], message, severity)


def _body(endpoint: Endpoint) -> str:
    return "\n".join(ast.unparse(node) for node in endpoint.function.body)


def _uses_caller(endpoint: Endpoint) -> bool:
    text = _body(endpoint)
    if _OWNER.search(text):
        return True
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in endpoint.caller)


_ONE = {
    "get",
    "get_or_404",
    "get_object_or_404",
    "filter",
    "filter_by",
    "where",
    "first_or_404",
    "get_one",
    "find_one",
}


def _fetched_by(endpoint: Endpoint) -> tuple[ast.expr, str] | None:
    """A call that finds a row by a path parameter that is an id."""
    ids = {name for name in endpoint.path_names if re.search(r"(^|_)(id|pk|uuid|number)$|Id$", name)}
    for node in ast.walk(endpoint.function):
        if not isinstance(node, ast.Call) or last(node.func) not in _ONE:
            continue
        inside = {
            n.id
            for a in [*node.args, *(k.value for k in node.keywords)]
            for n in ast.walk(a)
            if isinstance(n, ast.Name)
        }
        for name in sorted(ids & inside):
            if _of_database(node):
                return node, name
    return None


def _of_database(call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    if re.search(r"session|\bdb\b|objects|query|select|repo|get_object_or_404|database|\bconn", text):
        return True
    return last(call.func) in {"where", "filter_by", "filter"}


_RAW = re.compile(
    r"request\.(get_)?json(\(\))?$|request\.json\(.*\)$|request\.(data|form|POST|GET|values|query_params)$"
    r"|request\.get_json\(.*\)$|request\.form(\.to_dict)?\(\)$"
)


def _mass_assignment(module: Module) -> Iterator[Finding]:
    if not module.web:
        return
    for function in functions(module.tree):
        raw = _raw_names(function)
        for node in ast.walk(function):
            match node:
                case ast.Call(keywords=keywords) if _fills(node) and any(
                    k.arg is None and _is_raw(k.value, raw) for k in keywords
                ):
                    message = f"{ast.unparse(node.func)}(**…) takes every member of the body"
                    yield _site(module, node).finding(RULES["mass-assignment"], message)
                case ast.For(iter=source, body=body) if _is_raw(_mapping(source), raw) and _sets(body):
                    message = "setattr for every member of the body"
                    yield _site(module, node).finding(RULES["mass-assignment"], message)
                case _:
                    continue
    yield from _whole_serializers(module)


def _fills(call: ast.Call) -> bool:
    name = last(call.func)
    return name in {"create", "update", "values", "update_or_create", "get_or_create"} or (
        name[:1].isupper()
        and not re.search(
            r"(Schema|Form|Serializer|Request|Response|Create|Update|In|Input|DTO|Config)$", name
        )
    )


def _raw_names(function: ast.AST) -> set[str]:
    """Variables of a function that hold an unchecked body, and parameters that are a mere dict."""
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_raw(value, set()):
                found.add(name)
            case ast.arg(arg=name, annotation=annotation) if annotation is not None:
                if re.match(r"^(dict|Dict)(\[.*\])?$", ast.unparse(annotation)) and name in {
                    "body",
                    "payload",
                    "data",
                }:
                    found.add(name)
            case _:
                continue
    return found


def _is_raw(node: ast.expr | None, names: set[str]) -> bool:
    match node:
        case None:
            return False
        case ast.Await(value=value):
            return _is_raw(value, names)
        case ast.Name(id=name):
            return name in names
        case _:
            return _RAW.search(ast.unparse(node)) is not None


def _mapping(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="items")):
            return value
        case _:
            return None


def _sets(body: list[ast.stmt]) -> bool:
    """A setattr that nothing stands before: no `if key in allowed`."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func) == "setattr"
        for node in body
    )


def _whole_serializers(module: Module) -> Iterator[Finding]:
    if "rest_framework" not in module.imports:
        return
    for view in ast.walk(module.tree):
        if not isinstance(view, ast.ClassDef) or not any(
            last(b).endswith("ModelSerializer") for b in view.bases
        ):
            continue
        meta = next((n for n in view.body if isinstance(n, ast.ClassDef) and n.name == "Meta"), None)
        fields = attribute(meta, "fields") if meta else None
        excluded = attribute(meta, "exclude") if meta else None
        everything = isinstance(fields, ast.Constant) and fields.value == "__all__"
        if meta is None or not (everything or excluded is not None):
            continue
        protected = set(words(attribute(meta, "read_only_fields")))
        if not protected:
            message = f"`{view.name}` takes every field of the model, also those that are added later"
            yield _site(module, fields or excluded or meta).finding(
                RULES["mass-assignment"], message, "warning"
            )
