"""Writes `tests/test_<tag>.py`: success, failure and authorization of every operation."""

from __future__ import annotations

from backwright.emit.names import Names
from backwright.emit.scenes import (
    storable,
)
from backwright.emit.source import (
    Source,
    imports,
    module,
    source,
)
from backwright.emit.testing_creation import CreationTests
from backwright.emit.testing_pages import PageTests
from backwright.emit.testing_rows import RowTests
from backwright.emit.testing_sessions import SessionTests
from backwright.emit.testing_text import OperationTests
from backwright.model.types import (
    Create,
    Model,
    Operation,
    Select,
    ShowSession,
)


def test_module(tag: str, operations: list[Operation], model: Model, names: Names) -> str | None:
    """The tests of one tag; None when nothing of it can be tested without other rows first."""
    pieces = [piece for operation in operations for piece in tests_of(operation, model, names)]
    if not pieces:
        return None
    mark = source("pytestmark = pytest.mark.anyio", imports("", "pytest"))
    return module(f"What callers see of /{tag}.", [mark, *pieces], package=names.package)


def tests_of(operation: Operation, model: Model, names: Names) -> list[Source]:
    """Every test of one operation."""
    shared = OperationTests(operation, model, names)
    if shared.entity is None or not all(storable(model, each.name) for each in model.entities):
        return []
    if operation.caller == "required" and not shared.can_sign_in:
        return []
    steps = [type(step) for step in operation.steps]
    if isinstance(operation.respond.show, ShowSession):
        return list(SessionTests(operation, model, names).sessions())
    if Select in steps:
        return list(PageTests(operation, model, names).lists())
    if Create in steps:
        return list(CreationTests(operation, model, names).creates())
    return list(RowTests(operation, model, names).on_a_row())
