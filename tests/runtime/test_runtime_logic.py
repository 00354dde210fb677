"""Custom logic at run time: held to its declaration, within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from backwright_runtime import Conflict, Internal, Invalid, NotFound, Scale, ServiceError, Unavailable
from backwright_runtime.logic import WRITTEN, Logic, NotWritten
from backwright_runtime.testing import ScriptedLogic, canonical

pytestmark = pytest.mark.anyio


class Line(Struct, frozen=True, kw_only=True):
    sku: Annotated[str, Meta(max_length=5)]
    price: Annotated[Decimal, Scale(2, ge=0)]


class Given(Struct, frozen=True, kw_only=True):
    quantity: Annotated[int, Meta(ge=1)]
    lines: Annotated[list[Line], Meta(max_length=2)] = []


class Output(Struct, frozen=True, kw_only=True):
    total: Annotated[Decimal, Scale(2, ge=0)]
    kind: Literal["net", "gross"] = "net"
    until: datetime | None = None
    lines: list[Line] = []


class TooMany(Conflict):
    def __init__(self) -> None:
        super().__init__(code="too_many")


QUOTE = Logic("quote", Given, Output, raises=(TooMany,), seconds=0.2)
GIVEN = Given(quantity=1)


def returning(output: object) -> Callable[[], Awaitable[Output]]:
    async def function() -> Output:
        return output  # type: ignore[return-value]

    return function


def raising(error: BaseException) -> Callable[[], Awaitable[Output]]:
    async def function() -> Output:
        raise error

    return function


async def test_what_is_returned_as_declared_comes_out() -> None:
    output = Output(
        total=Decimal("2.50"), until=datetime(2030, 1, 1, tzinfo=UTC), lines=[Line(sku="a", price=Decimal(1))]
    )
    assert await WRITTEN.run(QUOTE, GIVEN, returning(output)) is output


@pytest.mark.parametrize(
    "output",
    [
        None,
        {"total": Decimal(1)},
        Output(total=Decimal("-0.01")),
        Output(total=Decimal("0.001")),
        Output(total=Decimal("NaN")),
        Output(total=1.5),  # type: ignore[arg-type]
        Output(total=Decimal(1), kind="tare"),  # type: ignore[arg-type]
        Output(total=Decimal(1), until=datetime(2030, 1, 1)),
        Output(total=Decimal(1), lines=[Line(sku="much too long", price=Decimal(1))]),
        Output(total=Decimal(1), lines=[Line(sku="nul\0", price=Decimal(1))]),
    ],
)
async def test_what_is_returned_otherwise_is_a_defect(output: object) -> None:
    with pytest.raises(Internal) as raised:
        await WRITTEN.run(QUOTE, GIVEN, returning(output))
    assert raised.value.status == 500


async def test_an_input_beyond_its_limits_is_refused() -> None:
    for given in (Given(quantity=0), Given(quantity=1, lines=[Line(sku="a", price=Decimal(-1))])):
        with pytest.raises(Invalid):
            await WRITTEN.run(QUOTE, given, returning(Output(total=Decimal(1))))


async def test_errors_that_are_declared_come_out_and_others_are_defects() -> None:
    with pytest.raises(TooMany):
        await WRITTEN.run(QUOTE, GIVEN, raising(TooMany()))
    for error in (NotFound("a row"), Conflict(), ConnectionResetError()):
        with pytest.raises(ServiceError) as raised:
            await WRITTEN.run(QUOTE, GIVEN, raising(error))
        assert raised.value.status == 500


async def test_a_stub_is_501_and_a_slow_one_503() -> None:
    with pytest.raises(NotWritten) as raised:
        await WRITTEN.run(QUOTE, GIVEN, raising(NotWritten()))
    assert (raised.value.status, raised.value.code) == (501, "not_written")

    async def slow() -> Output:
        await asyncio.sleep(5)
        return Output(total=Decimal(1))

    with pytest.raises(Unavailable):
        await WRITTEN.run(QUOTE, GIVEN, slow)


async def test_a_script_answers_its_examples_and_else_by_the_input() -> None:
    scripted = ScriptedLogic(
        {
            "quote": {
                "outcomes": [
                    {"input": {"quantity": 3}, "output": {"total": "9.00"}},
                    {"output": {"total": "1.00"}},
                    {"error": "too_many"},
                ],
                "deciding": ["quantity"],
            }
        }
    )
    never = raising(AssertionError("the function itself is not called"))
    assert (await scripted.run(QUOTE, Given(quantity=3), never)).total != Decimal(
        9
    )  # its lines are another input
    seen = set()
    for quantity in range(1, 20):
        try:
            seen.add(str((await scripted.run(QUOTE, Given(quantity=quantity), never)).total))
        except TooMany:
            seen.add("too_many")
    assert seen == {"1.00", "too_many"}
    scripted.says("quote", output={"total": "4.00"})
    assert (await scripted.run(QUOTE, GIVEN, never)).total == Decimal(4)


def test_equal_values_are_written_alike() -> None:
    assert canonical(Decimal("2.50")) == canonical(2.5) == canonical(Decimal("2.5000")) == "2.5"
    assert canonical(Given(quantity=1)) == {"quantity": "1", "lines": []}
