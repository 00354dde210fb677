"""What operations show: the views of their answers, those inside these included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backwright.emit.judge import is_caller
from backwright.emit.services.mentions import writes
from backwright.model.operations import views_of
from backwright.model.types import Model, Operation, View, Viewed


def shown_views(operations: Iterable[Operation], model: Model) -> tuple[View, ...]:
    """Every view that these operations show, in the order of the specification."""
    answers = tuple(operation.respond for operation in operations)
    found = views_of(answers, {view.name: view for view in model.views})
    return tuple(view for view in model.views if view.name in found)


def views_of_callers(model: Model) -> frozenset[str]:
    """The views under which operations that change nothing show the caller's own row."""
    found: set[str] = set()
    for operation in model.operations:
        if operation.caller == "required" and not writes(operation):
            found |= {each.view for each in _viewed(operation.respond) if is_caller(each.row.meaning)}
    return frozenset(found)


def _viewed(value: object) -> Iterator[Viewed]:
    match value:
        case Viewed():
            yield value
        case tuple():
            for each in value:
                yield from _viewed(each)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                if name not in ("place", "meaning"):
                    yield from _viewed(getattr(value, name))
        case _:
            return
