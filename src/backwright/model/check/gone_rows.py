"""Rows that an operation has deleted itself, and speaks of afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr.typed import Expression, Name
from backwright.expr.walk import is_local
from backwright.model import along
from backwright.model.types import (
    Array,
    Create,
    Delete,
    DeleteAll,
    Each,
    Ensure,
    Find,
    ManyType,
    Members,
    Model,
    Operation,
    Select,
    Shape,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    Update,
    Upsert,
    Value,
    View,
    Viewed,
)
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW326",
    "A row that may be gone",
    "What was found before may have been deleted by a step since: there is nothing left to change or to ask about.",
    "steps:\n  - find: Note\n  - delete: note\nrespond: {body: {id: note.id}}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Changes of rows that may be gone, and views that have to look for them."""
    for operation in model.operations:
        if any(isinstance(step, Delete | DeleteAll) for step in operation.steps):
            yield from _Course(operation, model).faults()


class _Course:
    """The steps of an operation one after the other: which rows were found before which deletions."""

    def __init__(self, operation: Operation, model: Model) -> None:
        self.operation = operation
        self.model = model
        self.found: dict[str, str] = {}
        self.stale: set[str] = set()
        self.gone: set[str] = set()

    def faults(self) -> Iterator[Diagnostic]:
        for step in self.operation.steps:
            match step:
                case Update(bind=bind) | Delete(bind=bind) if bind in self.stale:
                    verb = "changed" if isinstance(step, Update) else "deleted"
                    mend = f"let the step come before the deletion, or find the {step.entity} again after it"
                    yield self._told(
                        f"`{bind}` is {verb} after a deletion that may have taken it along", mend
                    )
                case _:
                    pass
            match step:
                case Delete(entity=entity) | DeleteAll(entity=entity):
                    self._delete(entity)
                case Find() | Select() | Create() | Ensure() | Upsert() | Update():
                    self.found[step.bind] = step.entity
                    self.stale.discard(step.bind)
                case _:
                    pass
        yield from self._answer()

    def _delete(self, entity: str) -> None:
        going = along.closure(self.model.entity(entity), self.model)
        touched = {holder.name for each in going.values() for holder, _ in along.holders(each, self.model)}
        self.gone |= {*going, *touched}
        self.stale |= {bind for bind, of in self.found.items() if of in self.gone}

    def _answer(self) -> Iterator[Diagnostic]:
        match self.operation.respond.show:
            case ShowRow(bind=bind, view=view) | ShowPage(bind=bind, view=view):
                yield from self._shown(view, bind)
            case ShowSession(row=bind, view=view):
                yield from self._shown(view, bind)
            case ShowShape(shape=shape):
                yield from self._shape(shape)
            case _:
                pass

    def _shape(self, shape: Shape) -> Iterator[Diagnostic]:
        match shape:
            case Viewed(view=view, row=row):
                yield from self._viewed(view, row.meaning)
            case Members(members=members):
                for member in members:
                    yield from self._shape(member.shape)
            case Array(items=items):
                for item in items:
                    yield from self._shape(item)
            case Each() | Value():
                pass

    def _viewed(self, name: str, row: Expression) -> Iterator[Diagnostic]:
        if isinstance(row, Name) and row.root == "binding":
            yield from self._shown(name, row.binding or "")
        elif self._view(name).entity in self.gone:
            yield self._unknown(name, "a row")

    def _shown(self, name: str, bind: str) -> Iterator[Diagnostic]:
        if bind in self.stale and not self._is_plain(self._view(name)):
            yield self._unknown(name, f"`{bind}`")

    def _view(self, name: str) -> View:
        return next(view for view in self.model.views if view.name == name)

    def _is_plain(self, view: View) -> bool:
        """Whether it shows nothing but what was read with the row."""
        entity = self.model.entity(view.entity)
        if any(isinstance(entity.field(each.field).type, ManyType) for each in view.fields):
            return False
        values = [member.shape for member in view.shape]
        return all(isinstance(each, Value) and is_local(each.value.meaning) for each in values)

    def _unknown(self, view: str, row: str) -> Diagnostic:
        message = f"{view} shows {row} after a deletion that may have taken it along"
        return self._told(
            message, "show values of it, or a view of fields alone; a row that stays can be found again"
        )

    def _told(self, message: str, mend: str) -> Diagnostic:
        return diagnose(CODE, self.operation.place, f"{self.operation.name}: {message}", mend)
