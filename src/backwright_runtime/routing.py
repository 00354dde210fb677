"""Which handler answers a request, and what it is called with."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from starlette.routing import compile_path

from backwright_runtime.context import RequestContext
from backwright_runtime.errors import Invalid, MethodNotAllowed, NotFound
from backwright_runtime.inputs import Body, Query
from backwright_runtime.responses import Response
from backwright_runtime.values import Convert, Refused, from_text

Answering = Literal["none", "optional", "required"]
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])


class Route(Struct, frozen=True):
    """An operation: its address and everything that is known about it before a request comes."""

    method: str
    path: str
    caller: Answering
    handler: Callable[..., Awaitable[Response]]
    path_parameters: tuple[tuple[str, Convert], ...]
    query: Query[Any] | None
    body: Body[Any] | None

    def inputs(self, query: bytes, body: bytes) -> dict[str, object]:
        """The validated query and body. Raises Malformed, or Invalid with every bad field of both."""
        found: dict[str, object] = {}
        problems: list[Invalid] = []
        if self.body is not None:
            try:
                found["body"] = self.body.read(body)
            except Invalid as invalid:
                problems.append(invalid)
        if self.query is not None:
            try:
                found["query"] = self.query.read(query)
            except Invalid as invalid:
                problems.insert(0, invalid)
        if problems:
            fields = [field for problem in problems for field in problem.fields]
            raise Invalid(
                *sorted(fields, key=lambda field: field.code == "unknown")
            )  # unknown ones come last
        return found

    def keys(self, given: Mapping[str, str]) -> dict[str, object]:
        """The values of the path parameters. Raises NotFound: what cannot be a key is the key of nothing."""
        try:
            return {name: convert(given[name]) for name, convert in self.path_parameters}
        except Refused:
            raise NotFound from None


class Router:
    """Collects the operations of one module."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(self, path: str, *, caller: Answering) -> Callable[[Handler], Handler]:
        """An operation that reads."""
        return self._add("GET", path, caller)

    def post(self, path: str, *, caller: Answering) -> Callable[[Handler], Handler]:
        """An operation that creates or acts."""
        return self._add("POST", path, caller)

    def put(self, path: str, *, caller: Answering) -> Callable[[Handler], Handler]:
        """An operation that replaces."""
        return self._add("PUT", path, caller)

    def patch(self, path: str, *, caller: Answering) -> Callable[[Handler], Handler]:
        """An operation that changes."""
        return self._add("PATCH", path, caller)

    def delete(self, path: str, *, caller: Answering) -> Callable[[Handler], Handler]:
        """An operation that removes."""
        return self._add("DELETE", path, caller)

    def _add(self, method: str, path: str, caller: Answering) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.routes.append(_route(method, path, caller, handler))
            return handler

        return register


def _route(method: str, path: str, caller: Answering, handler: Callable[..., Awaitable[Response]]) -> Route:
    hints = get_type_hints(handler)
    query: Query[Any] | None = None
    body: Body[Any] | None = None
    keys = []
    for name in list(inspect.signature(handler).parameters)[1:]:
        kind = hints[name]
        if name == "query":
            query = Query(kind)
        elif name == "body":
            body = Body(kind)
        else:
            keys.append((name, from_text(msgspec.inspect.type_info(kind))))
    first = next(iter(inspect.signature(handler).parameters), None)
    if first is None or (get_origin(hints[first]) or hints[first]) is not RequestContext:
        raise TypeError(f"{handler.__qualname__}: the first parameter of a handler is its RequestContext")
    return Route(method, path, caller, handler, tuple(keys), query, body)


class RouteTable:
    """Finds routes. Literal segments win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._literal: dict[str, dict[str, Route]] = {}
        by_template: dict[str, dict[str, Route]] = {}
        for route in routes:
            group = (by_template if "{" in route.path else self._literal).setdefault(route.path, {})
            if group.setdefault(route.method, route) is not route:
                raise ValueError(f"two operations answer {route.method} {route.path}")
        ordered = sorted(by_template, key=lambda path: ["{" in segment for segment in path.split("/")])
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = [
            (compile_path(path)[0], by_template[path]) for path in ordered
        ]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the texts of its path parameters. Raises NotFound or MethodNotAllowed."""
        wanted = "GET" if method == "HEAD" else method
        allowed: set[str] = set()
        literal = self._literal.get(path)
        if literal is not None:
            if wanted in literal:
                return literal[wanted], {}
            allowed.update(literal)
        for pattern, by_method in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None:
                if wanted in by_method:
                    return by_method[wanted], found.groupdict()
                allowed.update(by_method)
        if not allowed:
            raise NotFound
        raise MethodNotAllowed(", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set()))))
