"""Custom logic: a function that somebody wrote, held to what was declared of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar, assert_never
from uuid import UUID

from msgspec import Struct

from backwright_runtime.errors import Internal, Invalid, ServiceError, Unavailable
from backwright_runtime.kinds import (
    Boolean,
    Choice,
    Content,
    Date,
    Document,
    Double,
    Exact,
    Integer,
    Key,
    Kind,
    Many,
    Record,
    Text,
    Timestamp,
    record,
)
from backwright_runtime.partners import PartnerFailed
from backwright_runtime.values import LARGEST, SMALLEST, Refused, from_text, storable

LOG = logging.getLogger("backwright.logic")
I = TypeVar("I", bound=Struct)  # noqa: E741
O = TypeVar("O", bound=Struct)  # noqa: E741


class NotWritten(Internal):
    """The function that the specification declares is still to be written: 501."""

    status = 501

    def __init__(self) -> None:
        super().__init__(code="not_written", message="this is not written yet")


class Logic(Generic[I, O]):
    """What is declared of one function: input, output, errors, and how many seconds it may take."""

    def __init__(
        self,
        name: str,
        given: type[I],
        output: type[O],
        *,
        raises: tuple[type[ServiceError], ...] = (),
        seconds: float = 10,
    ) -> None:
        self.name = name
        self.given = given
        self.output = output
        self.raises = raises
        self.seconds = seconds
        self._given, self._output = record(given), record(output)

    def takes(self, given: I) -> None:
        """Raises Invalid where a value is beyond the limits of its input."""
        if misfit(given, self._given):
            raise Invalid

    def returns(self, output: object) -> O:
        """The output. Raises Internal where it is not as declared; what it was is in no answer and no log."""
        wrong = misfit(output, self._output)
        if wrong or not isinstance(output, self.output):
            LOG.error("custom logic %s returned something else than declared: %s", self.name, wrong)
            raise Internal
        return output


class Runner(Protocol):
    """Who runs custom logic: the function itself, or what stands in for it in tests."""

    async def run(self, logic: Logic[I, O], given: I, function: Callable[[], Awaitable[O]]) -> O:
        """What comes out. Raises one of the declared errors, Invalid, Internal, NotWritten or Unavailable."""
        ...


class Written:
    """Runs the function."""

    async def run(self, logic: Logic[I, O], given: I, function: Callable[[], Awaitable[O]]) -> O:
        """What the function returns within its time."""
        logic.takes(given)
        try:
            async with asyncio.timeout(logic.seconds):
                output = await function()
        except TimeoutError:
            LOG.warning("custom logic %s took longer than %s s", logic.name, logic.seconds)
            raise Unavailable from None
        except ServiceError as error:
            if isinstance(error, (*logic.raises, NotWritten, PartnerFailed)):
                raise
            LOG.error("custom logic %s raised an error that is not declared", logic.name)
            raise Internal from error
        except OSError as error:  # of its own: in a transaction it would look as if the database were gone
            LOG.error("custom logic %s failed: %s", logic.name, type(error).__name__)
            raise Internal from error
        return logic.returns(output)


WRITTEN = Written()


# What was declared ------------------------------------------------------------------------------------


def misfit(value: object, kind: Kind, place: str = "") -> str:
    """Where a value is not of its kind; empty where it is."""
    match kind:
        case Record(struct=struct, members=members):
            if not isinstance(value, struct):
                return place or struct.__name__
            for member in members:
                inner = getattr(value, member.name)
                if inner is None and member.nullable:
                    continue
                if wrong := misfit(inner, member.kind, f"{place}.{member.name}".lstrip(".")):
                    return wrong
            return ""
        case Many(element=element, least=least, most=most):
            if not isinstance(value, list) or not _within(len(value), least, most):
                return place
            return next((wrong for each in value if (wrong := misfit(each, element, f"{place}[]"))), "")
        case _:
            return "" if fits(value, kind) else place


def fits(
    value: object,
    kind: Text | Integer | Exact | Double | Boolean | Date | Timestamp | Key | Choice | Document | Content,
) -> bool:
    """Whether a single value is of its kind and within its limits."""
    match kind:
        case Text():
            return isinstance(value, str) and _reads(kind, value)
        case Integer(least=least, most=most):
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and _within(
                value, SMALLEST if least is None else least, LARGEST if most is None else most
            )
        case Exact(scale=scale, least=least, most=most):
            if not isinstance(value, Decimal) or not value.is_finite():
                return False
            exact = value == round(value, scale) and abs(value).adjusted() < 18 - scale
            return exact and _within(value, least, most)
        case Double(least=least, most=most):
            return isinstance(value, float) and abs(value) < float("inf") and _within(value, least, most)
        case Boolean():
            return isinstance(value, bool)
        case Date():
            return isinstance(value, date) and not isinstance(value, datetime)
        case Timestamp():
            return isinstance(value, datetime) and value.tzinfo is not None
        case Key():
            return isinstance(value, UUID)
        case Choice(values=values):
            return value in values.values()
        case Document():
            return isinstance(value, dict)
        case Content(least=least, most=most):
            return isinstance(value, bytes) and _within(len(value), least, most)
        case _:
            assert_never(kind)


def _reads(kind: Text, value: str) -> bool:
    try:
        return from_text(kind)(storable(value)) == value
    except Refused:
        return False


def _within(value: Any, least: Any, most: Any) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
