"""Which handler answers a request, and what it is called with."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Required, TypedDict, TypeVar, Unpack, get_origin, get_type_hints

from msgspec import Struct
from starlette.routing import compile_path

from backwright_runtime.context import RequestContext
from backwright_runtime.errors import MethodNotAllowed, NotFound
from backwright_runtime.failures import AS_USUAL, ErrorAnswers
from backwright_runtime.idempotency import Demand
from backwright_runtime.inputs import NO_HEADERS, Body, Found, MediaType, Query, refuse
from backwright_runtime.kinds import Many, Record, kind_of
from backwright_runtime.limits import Rate
from backwright_runtime.notices import Cache, Deprecation
from backwright_runtime.responses import Response
from backwright_runtime.values import Convert, Refused, from_text

Answering = Literal["none", "optional", "required"]
Access = Callable[[RequestContext[Any]], bool | Awaitable[bool]]
"""An operation's own rule, about the caller."""
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])


class Nothing(Struct, frozen=True):
    """The body of a form without members of its own."""


class Route(Struct, frozen=True, kw_only=True):
    """An operation: its address and everything that is known about it before a request comes."""

    method: str
    path: str
    name: str
    caller: Answering
    handler: Callable[..., Awaitable[Response]]
    path_parameters: tuple[tuple[str, Convert], ...]
    query: Query[Any] | None
    body: Body[Any] | None
    takes_body: bool
    headers: tuple[str, ...]
    access: Access | None
    by_address: tuple[Rate, ...]
    by_caller: tuple[Rate, ...]
    max_body: int | None
    idempotent: Demand
    if_match: Demand
    cache: Cache | None
    notices: dict[str, str]
    errors: ErrorAnswers

    def inputs(
        self,
        query: bytes,
        body: bytes,
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> dict[str, object]:
        """The validated query and body, of which `members` is what was parsed already.

        Raises Malformed, or Invalid with every bad field of both.
        """
        found: dict[str, object] = {}
        if self.query is None and self.body is None:
            return found
        judged: list[Found] = []
        asked = None if self.query is None else self.query.judged(query, headers)
        if asked is not None:
            judged.append(asked)
        sent = None
        if self.body is not None:
            quick = self.body.quickly(body) if members is None else None
            if quick is None:
                sent = self.body.judged(self.body.parsed(body) if members is None else members)
                judged.append(sent)
            elif self.takes_body:
                found["body"] = quick
        refuse(judged)
        if self.query is not None and asked is not None:
            found["query"] = self.query.made(asked)
        if self.body is not None and sent is not None and self.takes_body:
            found["body"] = self.body.made(sent)
        return found

    def keys(self, given: Mapping[str, str]) -> dict[str, object]:
        """The values of the path parameters. Raises NotFound: what cannot be a key is the key of nothing."""
        try:
            return {name: convert(given[name]) for name, convert in self.path_parameters}
        except Refused:
            raise NotFound from None


class Says(TypedDict, total=False):
    """What the decorator of a handler says beside method and path; docs/runtime.md has the table."""

    caller: Required[Answering]
    access: Access
    rates: Sequence[Rate]
    max_body: int
    headers: Sequence[str]
    media: MediaType
    wrap: str
    bare: str
    idempotent: Demand
    if_match: Demand
    cache: Cache
    deprecated: Deprecation
    errors: ErrorAnswers


class Router:
    """Collects the operations of one module."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def get(self, path: str, **says: Unpack[Says]) -> Callable[[Handler], Handler]:
        """An operation that reads."""
        return self._add("GET", path, says)

    def post(self, path: str, **says: Unpack[Says]) -> Callable[[Handler], Handler]:
        """An operation that creates or acts."""
        return self._add("POST", path, says)

    def put(self, path: str, **says: Unpack[Says]) -> Callable[[Handler], Handler]:
        """An operation that replaces."""
        return self._add("PUT", path, says)

    def patch(self, path: str, **says: Unpack[Says]) -> Callable[[Handler], Handler]:
        """An operation that changes."""
        return self._add("PATCH", path, says)

    def delete(self, path: str, **says: Unpack[Says]) -> Callable[[Handler], Handler]:
        """An operation that removes."""
        return self._add("DELETE", path, says)

    def _add(self, method: str, path: str, says: Says) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.routes.append(_route(method, path, says, handler))
            return handler

        return register


def _route(method: str, path: str, says: Says, handler: Callable[..., Awaitable[Response]]) -> Route:
    hints = get_type_hints(handler, include_extras=True)
    names = list(inspect.signature(handler).parameters)
    if not names or (get_origin(hints[names[0]]) or hints[names[0]]) is not RequestContext:
        raise TypeError(f"{handler.__qualname__}: the first parameter of a handler is its RequestContext")
    takes_body = "body" in names[1:]
    body = None
    if takes_body or "media" in says:
        struct = hints["body"] if takes_body else Nothing
        body = Body(struct, says.get("media", "json"), says.get("wrap"), says.get("bare"))
    rates = says.get("rates", ())
    deprecated = says.get("deprecated")
    return Route(
        method=method,
        path=path,
        name=handler.__name__,
        caller=says["caller"],
        handler=handler,
        path_parameters=tuple(
            (name, _key(hints[name])) for name in names[1:] if name not in ("query", "body")
        ),
        query=Query(hints["query"], says.get("headers", ())) if "query" in names[1:] else None,
        body=body,
        takes_body=takes_body,
        headers=tuple(says.get("headers", ())),
        access=says.get("access"),
        by_address=tuple(rate for rate in rates if rate.by == "address"),
        by_caller=tuple(rate for rate in rates if rate.by == "caller"),
        max_body=says.get("max_body"),
        idempotent=says.get("idempotent", "no"),
        if_match=says.get("if_match", "no"),
        cache=says.get("cache"),
        notices={} if deprecated is None else deprecated.headers(),
        errors=says.get("errors", AS_USUAL),
    )


def _key(hint: Any) -> Convert:
    kind = kind_of(hint)
    if isinstance(kind, Record | Many):
        raise TypeError(f"{hint!r} is not a type of path parameters")
    return from_text(kind)


class RouteTable:
    """Finds routes. Literal segments win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._literal: dict[str, dict[str, Route]] = {}
        by_template: dict[str, dict[str, Route]] = {}
        for route in self.routes:
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
        methods = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        raise MethodNotAllowed(headers=(("allow", methods),))
