"""Which operations must run as if alone: those whose writes depend on rows that they do not lock.

Both sides have to be serializable, since PostgreSQL only sees a conflict between transactions that are: an
operation that writes what another one's decision depends on is, too.

An answer looks at rows, too: two creations that each show how many rows there are now must not both show the same.
That needs two operations of which each writes what the other one looks at; then both are serializable.

Two things need less. A slug that is found to be free is taken by an insertion that its unique key judges, and an
operation that runs into what was not there when it looked is begun again (contention.py of the runtime). And a row
that has to be found by its unique key, or else nothing is written, is in the way of no insertion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backwright.emit.repositories.reading import is_unique
from backwright.emit.services.mentions import WRITING, formulas, shown_places, writes
from backwright.emit.shown import shown_views
from backwright.expr.fold import rebuilt
from backwright.expr.typed import Constant, Expression, Linked, Member, Name, Related, Rows
from backwright.expr.walk import is_local, nodes
from backwright.model.operations import referred, views_of
from backwright.model.types import (
    Call,
    Create,
    DeleteAll,
    Ensure,
    Entity,
    Field,
    Find,
    Group,
    Model,
    Operation,
    Rule,
    Select,
    ShowRow,
    ShowShape,
    UpdateAll,
    Upsert,
    Viewed,
)


class Isolation:
    """How the operations of one model are kept apart."""

    def __init__(self, model: Model) -> None:
        writing = [each for each in model.operations if writes(each)]
        decided = {each.name: set(depends(each, model)) for each in writing}
        absent = {each.name: set(depends(each, model, on_absence=True)) for each in writing}
        self._alone = {name for name, entities in decided.items() if entities}
        self._alone |= set(crossed(writing, decided, absent, model))
        self._of_rows = set().union(*decided.values())
        self._of_absence = set().union(*absent.values())

    def serializable(self, operation: Operation) -> bool:
        """Whether what it writes depends on rows it does not lock, or another's decision on what it writes."""
        return operation.name in self._alone or any(
            isinstance(step, WRITING)
            and step.entity in (self._of_absence if isinstance(step, Create) else self._of_rows)
            for step in operation.steps
        )


def depends(operation: Operation, model: Model, *, on_absence: bool = False) -> Iterator[str]:
    """The entities whose rows decide what an operation writes, though it does not lock them.

    `on_absence`: those of which another row could change the decision.
    """
    for step in operation.steps:
        match step:
            case Find(entity=entity) if not step.lock:
                if not (on_absence and must_exist(step, model.entity(entity))):
                    yield entity
            case Select(entity=entity) | Group(entity=entity):
                yield entity
            case (
                Ensure(entity=entity)
                | Upsert(entity=entity)
                | UpdateAll(entity=entity)
                | DeleteAll(entity=entity)
            ):
                yield entity
            case Call(logic=name):
                yield from model.function(name).reads
            case _:
                pass
    for expression in conditions(operation, model):
        if not is_local(expression):
            yield from reached(expression, model)
    if any(isinstance(step, Create) for step in operation.steps):
        for name in {step.entity for step in operation.steps if isinstance(step, WRITING)}:
            if any(decides(field, model.entity(name)) for field in model.entity(name).fields):
                yield name


def crossed(
    writing: Sequence[Operation],
    decided: Mapping[str, set[str]],
    absent: Mapping[str, set[str]],
    model: Model,
) -> Iterator[str]:
    """The operations that show rows which another one writes, and write what that one looks at; and those others.

    `decided` are the entities whose rows decide what each writes, `absent` those of which another row could.
    """
    shows = {each.name: set(looked_at(each, model)) for each in writing}
    for one in writing:
        new = all(isinstance(step, Create) for step in one.steps if isinstance(step, WRITING))
        for other in writing if shows[one.name] else ():
            seen = shows[other.name] | (absent if new else decided)[other.name]
            if written(other) & shows[one.name] and written(one) & seen:
                yield from (one.name, other.name)


def written(operation: Operation) -> set[str]:
    """The entities whose rows its steps write."""
    return {step.entity for step in operation.steps if isinstance(step, WRITING)}


def looked_at(operation: Operation, model: Model) -> Iterator[str]:
    """The entities whose rows an answer shows something of, beside the rows that the operation has at hand."""
    new = new_views(operation, model)
    for view in shown_views([operation], model):
        yield from beside(view.shape, model, new=view.name in new)
    yield from beside(operation.respond, model, new=False)


def beside(value: object, model: Model, *, new: bool) -> Iterator[str]:
    """The entities that the values of an answer look at. `new`: nothing can refer to the row that is shown."""
    for formula in formulas(value):
        meaning = formula.meaning
        if meaning.type.kind == "entity" and not isinstance(meaning, Name):
            yield meaning.type.entity or ""
        if not is_local(meaning):
            yield from reached(rebuilt(meaning, nobody) if new else meaning, model)


def nobody(node: Expression) -> Expression:
    """Instead of the rows that refer to the row at hand: none."""
    match node:
        case Related(of=Name(root="this")):
            return Constant(type=node.type, value=None)
        case _:
            return node


def new_views(operation: Operation, model: Model) -> set[str]:
    """The views that show nothing but rows that the operation has just created."""
    views = {each.name: each for each in model.views}
    created = {step.bind for step in operation.steps if isinstance(step, Create)}
    show = operation.respond.show
    found: set[str] = set()
    if isinstance(show, ShowRow) and show.bind in created:
        found.add(show.view)
    elif isinstance(show, ShowShape):
        found |= {
            place.view for bind in created for place in shown_places(show, bind) if isinstance(place, Viewed)
        }
    inside = {inner for name in views_of(show, views) for inner in views_of(views[name].shape, views)}
    return found - inside


def must_exist(step: Find, entity: Entity) -> bool:
    """Whether the operation ends where the row is missing, and no other row could be found in its place."""
    return not step.optional and is_unique(step.where.meaning, entity)


def decides(field: Field, entity: Entity) -> bool:
    """Whether other rows decide about the value of a new one, though no unique key judges what is inserted."""
    if field.same is not None:
        return True
    judged = {term.field for index in entity.indexes if index.unique for term in index.terms}
    return field.generated == "slug" and not (field.unique or field.name in judged)


def conditions(operation: Operation, model: Model) -> Iterator[Expression]:
    """What decides about the operation: its expressions and rules, and the read rules of what its body refers to."""
    for formula in formulas(operation.steps):
        yield formula.meaning
    for step in operation.steps:
        for name in ("readable", "allowed", "after", "created", "updated"):
            rule = getattr(step, name, None)
            if isinstance(rule, Rule):
                yield rule.condition
        if isinstance(step, Call):
            for entity in model.function(step.logic).reads:
                yield model.entity(entity).access["read"].condition
        if isinstance(step, WRITING):
            yield from (check.condition.meaning for check in model.entity(step.entity).checks)
    for field in operation.body.fields if operation.body else ():
        for entity in referred(field.type):
            yield model.entity(entity).access["read"].condition


def reached(expression: Expression, model: Model) -> Iterator[str]:
    """The entities whose rows an expression looks at."""
    for node in nodes(expression):
        match node:
            case Rows(entity=entity) | Related(entity=entity):
                yield entity
            case Linked(type=kind, entity=holder):
                yield holder
                yield kind.entity or ""
            case Member(of=of, entity=entity) if not isinstance(of, Name):
                yield entity
            case _:
                pass
