"""Which operation answers an address, and what its path says."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from backwright.reference.routing import match_path
from backwright_runtime import (
    FOLDED,
    MethodNotAllowed,
    NotFound,
    Queries,
    RequestContext,
    Response,
    Router,
    Scale,
    Unauthenticated,
    no_content,
)
from backwright_runtime.routing import RouteTable
from backwright_runtime.sessions import Sessions
from backwright_runtime.settings import TokenKey
from backwright_runtime.testing import START
from backwright_runtime.tokens import Tokens

SEGMENTS = st.sampled_from(["a", "b", "{x}", "{y}"])
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["GET", "POST"]), st.lists(SEGMENTS, min_size=1, max_size=3)), max_size=6
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "", "ä\n"]), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)


async def nothing(ctx: RequestContext[None]) -> Response:
    return no_content()


@settings(max_examples=500, deadline=None)
@given(OPERATIONS, st.sampled_from(["GET", "HEAD", "POST", "PUT"]), PATHS)
def test_operations_are_found_as_the_reference_finds_them(
    operations: list[tuple[str, list[str]]], method: str, path: str
) -> None:
    router, known = Router(), set()
    for verb, parts in operations:
        shape = (verb, *("{" if part.startswith("{") else part for part in parts))
        if shape not in known and len(set(parts) & {"{x}", "{y}"}) == sum("{" in part for part in parts):
            known.add(shape)
            (router.get if verb == "GET" else router.post)("/" + "/".join(parts), caller="none")(nothing)
    matching = [(route, m) for route in router.routes if (m := match_path(route.path, path)) is not None]
    wanted = "GET" if method == "HEAD" else method
    answering = [pair for pair in matching if pair[0].method == wanted]
    try:
        route, texts = RouteTable(router.routes).find(method, path)
    except NotFound:
        assert not matching
    except MethodNotAllowed as refused:
        assert matching and not answering
        allowed = {route.method for route, _ in matching}
        allowed |= {"HEAD"} if "GET" in allowed else set()
        assert dict(refused.headers)["allow"] == ", ".join(sorted(allowed))
    else:
        best = min(answering, key=lambda pair: [part.startswith("{") for part in pair[0].path.split("/")])
        assert (route.path, texts) == (best[0].path, best[1])


@pytest.mark.parametrize(
    ("kind", "good", "value", "bad"),
    [
        (UUID, "0" * 32, UUID(int=0), ["", "x", "0" * 31, "{" + "0" * 32 + "}"]),
        (int, "-5", -5, ["5.0", "+5", "", "1e3", str(2**63), "٣"]),
        (Annotated[str, FOLDED, Meta(min_length=2, max_length=4)], "AbÄ", "abÄ", ["a", "abcde", "a\x00", "\ud800a"]),
        (Literal["low", "high"], "low", "low", ["Low", ""]),
        (date, "2030-02-28", date(2030, 2, 28), ["2030-02-30", "20300228", "2030-2-8"]),
        (Annotated[Decimal, Scale(2)], "1.5", Decimal("1.50"), ["1.555", "1,5", "1e1", "NaN"]),
        (bool, "true", True, ["True", "1", "on"]),
    ],
)  # fmt: skip
def test_what_cannot_be_a_key_is_the_key_of_nothing(
    kind: Any, good: str, value: object, bad: list[str]
) -> None:
    router = Router()

    async def get(ctx: RequestContext[None], key: Any) -> Response:
        return no_content()

    get.__annotations__["key"] = kind
    router.get("/things/{key}", caller="none")(get)
    (route,) = router.routes
    assert repr(route.keys({"key": good})) == repr({"key": value})
    for text in bad:
        with pytest.raises(NotFound):
            route.keys({"key": text})


def test_a_handler_begins_with_its_context_and_an_address_has_one_operation() -> None:
    router = Router()

    async def wrong(number: int) -> Response:
        return no_content()

    with pytest.raises(TypeError, match="the first parameter"):
        router.get("/a", caller="none")(wrong)
    router.get("/a", caller="none")(nothing)
    router.get("/a", caller="none")(nothing)
    with pytest.raises(ValueError, match="two operations answer GET /a"):
        RouteTable(router.routes)


@pytest.mark.parametrize("kind", [int, str, UUID])
def test_a_token_names_keys_of_any_kind(kind: Any) -> None:
    async def identify(db: Queries, subject: Any) -> object | None:
        return {"key": subject} if isinstance(subject, kind) else None

    identify.__annotations__["subject"] = kind
    tokens = Tokens("any", [TokenKey("k", "a secret that is long enough to be a key")], 60)
    sessions = Sessions(tokens, identify, scheme="Key", cookie=None, revocation=False)
    subject = {int: 5, str: "ann", UUID: UUID(int=5)}[kind]
    header = {"authorization": f"Key {sessions.issue(subject, START).token}"}
    db: Any = None
    _, caller = asyncio.run(sessions.caller(header, db, START, required=True))
    assert caller == {"key": subject}
    if kind is not str:  # the key of another kind of account
        header = {"authorization": f"Key {sessions.issue('ann', START).token}"}
        with pytest.raises(Unauthenticated):
            asyncio.run(sessions.caller(header, db, START, required=True))
