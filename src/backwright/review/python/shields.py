"""What protects endpoints from another module: routers that are included with a dependency, applications, settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from backwright.review.migrations.calls import argument, last
from backwright.review.python.endpoints import PROTECTING

_HINT = re.compile(
    r"include_router|FastAPI\(|DEFAULT_PERMISSION_CLASSES|before_request|AuthMiddleware|AuthenticationMiddleware"
)


class Shields(msgspec.Struct, frozen=True):
    """`everything`: the whole application asks for credentials. `routers`: texts of routers that are included so."""

    everything: bool = False
    routers: tuple[str, ...] = ()

    def cover(self, path: Path) -> bool:
        """Whether the routers of a module are protected where they are included."""
        names = (
            [path.stem]
            if path.stem not in {"__init__", "router", "routes", "views", "api"}
            else [path.parent.name]
        )
        return self.everything or any(
            re.search(rf"(^|[._]){re.escape(name)}($|[._])", router)
            for router in self.routers
            for name in names
        )


def shields(paths: Iterable[Path]) -> Shields:
    """What the modules of a project say of each other's protection."""
    everything, routers = False, []
    for path in paths:
        try:
            text = path.read_text("utf-8")
            if not _HINT.search(text):
                continue
            tree = ast.parse(text)
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            everything = everything or _whole(node)
            match node:
                case ast.Call(func=ast.Attribute(attr="include_router"), args=[first, *_]):
                    listed = argument(node, -1, "dependencies")
                    if listed is not None and PROTECTING.search(ast.unparse(listed)):
                        routers.append(ast.unparse(first))
                case _:
                    continue
    return Shields(everything, tuple(routers))


def _whole(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=func) if last(func) == "FastAPI":
            listed = argument(node, -1, "dependencies")
            return listed is not None and PROTECTING.search(ast.unparse(listed)) is not None
        case ast.Call(func=func, args=[first, *_]) if last(func) in {"add_middleware", "Middleware"}:
            return re.search(r"Auth", last(first)) is not None
        case (
            ast.FunctionDef(decorator_list=decorators, body=body)
            | ast.AsyncFunctionDef(decorator_list=decorators, body=body)
        ):
            hooked = any(
                re.match(r"app\.before_request$|\w+\.before_app_request$", ast.unparse(d)) for d in decorators
            )
            text = " ".join(ast.unparse(n) for n in [*decorators, *body])
            return hooked and PROTECTING.search(text) is not None
        case ast.Dict(keys=keys, values=values):
            return any(
                isinstance(key, ast.Constant)
                and key.value == "DEFAULT_PERMISSION_CLASSES"
                and re.search(r"IsAuthenticated|IsAdmin|DjangoModelPermissions", ast.unparse(value))
                for key, value in zip(keys, values, strict=True)
            )
        case _:
            return False
