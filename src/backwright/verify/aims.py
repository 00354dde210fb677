"""What an operation looks at, read off its steps: which rows its parameters find, and what values are worth trying.

Nothing here decides an answer. Whoever makes requests would hardly hit a row, a tag or a colleague's address by
chance; this says where such values lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal as OneOf

import msgspec

from backwright.expr.typed import And, Compare, Expression, In, Input, Member, Name, Text, Within
from backwright.expr.walk import nodes
from backwright.model.operations import expressions, referred
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Model,
    Operation,
    Require,
    Select,
    SignIn,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

Column = tuple[str, str]
"""An entity and its field."""

Source = OneOf["params", "body", "binding", "caller"]


class Tie(msgspec.Struct, frozen=True):
    """A condition of a search that ties one field of the row (None: the row itself) to something else."""

    field: str | None
    source: Source
    name: str = ""


class Search(msgspec.Struct, frozen=True):
    """A row that the operation looks for, what its fields are tied to, and what is required of it later."""

    entity: str
    bind: str
    ties: tuple[Tie, ...]
    version: bool = False
    required: tuple[Expression, ...] = ()


class Credentials(msgspec.Struct, frozen=True):
    """How an operation signs in: what its body and its query have to hold of an account.

    Each is where it stands (`body`, `params`), its name there, and the field of the identity that it repeats.
    """

    members: tuple[tuple[str, str, str], ...]

    def of(self, source: str) -> dict[str, str]:
        """The names in the body or the query, and the fields that they repeat."""
        return {name: field for where, name, field in self.members if where == source}


class Aim(msgspec.Struct, frozen=True):
    """What is known of one operation.

    `hints` are the columns that a parameter (or a member of the body) is compared with; `stores` the columns that a
    member is written to. `makes` are the entities of which it makes rows, `needs` those of which it needs some.
    `demands` is how much is asked of the rows that it writes: checks, tenants that have to be the same, uniqueness.
    """

    operation: Operation
    searches: tuple[Search, ...]
    hints: dict[tuple[str, str], tuple[Column, ...]]
    stores: dict[str, tuple[Column, ...]]
    makes: tuple[str, ...]
    needs: tuple[str, ...]
    begins: bool
    proves: Credentials | None
    demands: int


def aim(operation: Operation, model: Model) -> Aim:
    """What can be read off an operation."""
    steps = operation.steps
    makes = [s.entity for s in steps if isinstance(s, Create | Ensure | Upsert)]
    return Aim(
        operation=operation,
        searches=tuple(searches(operation)),
        hints=hints(operation),
        stores=stores(steps),
        makes=tuple(dict.fromkeys(makes)),
        needs=tuple(needs(operation, model)),
        begins=any(isinstance(step, SignIn) for step in steps),
        proves=credentials(operation),
        demands=demands(operation, model),
    )


def demands(operation: Operation, model: Model) -> int:
    """How many things may be wrong with what an operation writes, beside its inputs one by one."""
    found = sum(isinstance(step, Require) for step in operation.steps)
    for step in operation.steps:
        if isinstance(step, Create | Update | Ensure | Upsert):
            entity = model.entity(step.entity)
            found += len(entity.checks) + sum(
                field.same is not None or field.write is not None for field in entity.fields
            )
            found += sum(index.unique for index in entity.indexes)
    return found


def searches(operation: Operation) -> Iterator[Search]:
    """The rows that the steps look for, in their order."""
    matched = {step.bind for step in operation.steps if isinstance(step, Update | Delete) and step.match}
    for step in operation.steps:
        match step:
            case Find() if step.error != "invalid_credentials":
                yield Search(
                    step.entity,
                    step.bind,
                    tuple(ties(step.where.meaning)),
                    step.bind in matched,
                    tuple(required(operation, step.bind)),
                )
            case UpdateAll() | DeleteAll():
                yield Search(step.entity, step.bind, tuple(ties(step.where.meaning)))
            case Select(where=where) if where is not None:
                found = tuple(ties(where.meaning))
                if found:
                    yield Search(step.entity, step.bind, found)
            case _:
                pass


def required(operation: Operation, bind: str) -> Iterator[Expression]:
    """What later steps require of a row, where it hangs on nothing else that is not stored."""
    for step in operation.steps:
        if isinstance(step, Require):
            meaning = step.condition.meaning
            names = {
                (n.root, n.binding) for n in nodes(meaning) if isinstance(n, Name) and n.root != "variable"
            }
            inputs = any(isinstance(node, Input) for node in nodes(meaning))
            if ("binding", bind) in names and names <= {("binding", bind), ("now", None)} and not inputs:
                yield meaning


def ties(condition: Expression) -> Iterator[Tie]:
    """The equalities that all have to hold."""
    match condition:
        case And(parts=parts):
            for part in parts:
                yield from ties(part)
        case Compare(op="==", left=left, right=right):
            for this, other in ((left, right), (right, left)):
                field = _of_this(this)
                tied = _tied(other)
                if field is not msgspec.UNSET and tied is not None:
                    yield Tie(field or None, *tied)
                    return
        case _:
            pass


def _of_this(node: Expression) -> str | msgspec.UnsetType:
    """A field of `this`, empty for the row itself, UNSET for everything else."""
    match node:
        case Name(root="this"):
            return ""
        case Member(of=Name(root="this"), field=field):
            return field
        case _:
            return msgspec.UNSET


def _tied(node: Expression) -> tuple[Source, str] | None:
    match node:
        case Input(source="params", name=name):
            return "params", name
        case Input(source="body", name=name):
            return "body", name
        case Name(root="caller"):
            return "caller", ""
        case Name(root="binding", binding=binding) if binding:
            return "binding", binding
        case _:
            return None


def hints(operation: Operation) -> dict[tuple[str, str], tuple[Column, ...]]:
    """The columns that inputs are compared with, anywhere in the steps."""
    found: dict[tuple[str, str], list[Column]] = {}
    for expression in expressions(operation.steps):
        for node in nodes(expression):
            for sides in _sides(node):
                inputs, columns = [], []
                for side in sides:
                    inputs += [(n.source, n.name) for n in nodes(side) if isinstance(n, Input)]
                    columns += _columns(side)
                for each in inputs:
                    found.setdefault(each, []).extend(columns)
    return {each: tuple(dict.fromkeys(columns)) for each, columns in found.items() if columns}


def _sides(node: Expression) -> Iterator[tuple[Expression, ...]]:
    match node:
        case Compare(left=left, right=right):
            yield (left, right)
        case Within(item=item, of=of):
            yield (item, of)
        case In(item=item, options=options):
            yield (item, *options)
        case Text(function="startsWith" | "endsWith" | "contains", arguments=arguments):
            yield arguments
        case _:
            pass


def _columns(side: Expression) -> list[Column]:
    """The outermost fields in an operand."""
    match side:
        case Member(entity=entity, field=field):
            return [(entity, field)]
        case Text(arguments=arguments):
            return [column for each in arguments for column in _columns(each)]
        case _:
            return []


def stores(steps: Iterable[Step]) -> dict[str, tuple[Column, ...]]:
    """Where members of the body are written to as they are."""
    found: dict[str, list[Column]] = {}
    for step in steps:
        match step:
            case (
                Create(values=values) | Ensure(values=values) | Upsert(values=values) | Update(values=values)
            ):
                pass
            case _:
                continue
        entity = step.entity
        for each in values:
            for node in nodes(each.value.meaning):
                if isinstance(node, Input) and node.source == "body":
                    found.setdefault(node.name, []).append((entity, each.field))
        if isinstance(step, Update):
            for name in step.changes:
                found.setdefault(name, []).append((entity, name))
    return {name: tuple(dict.fromkeys(columns)) for name, columns in found.items()}


def needs(operation: Operation, model: Model) -> Iterator[str]:
    """The entities whose rows the path or a required reference names."""
    if operation.path_parameters:
        yield from (step.entity for step in operation.steps if isinstance(step, Find))
    for field in operation.body.fields if operation.body is not None else ():
        if field.required:
            yield from referred(field.type)
    if model.auth is not None and operation.caller == "required":
        yield model.auth.identity


def credentials(operation: Operation) -> Credentials | None:
    """What of the request has to repeat what an account has."""
    proof = next((step for step in operation.steps if isinstance(step, VerifyPassword)), None)
    if proof is None:
        return None
    given = nodes(proof.given.meaning)
    members: list[tuple[str, str, str]] = [
        (node.source, node.name, proof.field) for node in given if isinstance(node, Input)
    ]
    for step in operation.steps:
        if isinstance(step, Find):
            for tie in ties(step.where.meaning):
                if tie.source in ("body", "params") and tie.field is not None:
                    members.append((tie.source, tie.name, tie.field))
            members += _folded(step.where.meaning)
    return Credentials(tuple(dict.fromkeys(members)))


def _folded(condition: Expression) -> list[tuple[str, str, str]]:
    """What is compared after it was put into lower case."""
    found: list[tuple[str, str, str]] = []
    for node in nodes(condition):
        if isinstance(node, Compare) and node.op == "==":
            for one, other in ((node.left, node.right), (node.right, node.left)):
                given = [n for n in nodes(other) if isinstance(n, Input) and n.source in ("body", "params")]
                if isinstance(one, Member) and given:
                    found.append((given[0].source, given[0].name, one.field))
    return found


def links(model: Model) -> dict[Column, tuple[Column, ...]]:
    """Columns that some expression compares with each other: values of one are worth trying in the other."""
    found: dict[Column, list[Column]] = {}
    for operation in model.operations:
        for expression in expressions(operation.steps):
            for node in nodes(expression):
                if (
                    isinstance(node, Compare)
                    and isinstance(node.left, Member)
                    and isinstance(node.right, Member)
                ):
                    one, other = (node.left.entity, node.left.field), (node.right.entity, node.right.field)
                    if one != other:
                        found.setdefault(one, []).append(other)
                        found.setdefault(other, []).append(one)
    return {column: tuple(dict.fromkeys(others)) for column, others in found.items()}
