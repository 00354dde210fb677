"""A typed condition as a clause of a statement, and the arguments that a repository function gives it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from backwright.emit.annotations import is_scalar
from backwright.emit.emitted import column_type
from backwright.emit.layout import laid_out
from backwright.emit.source import indented
from backwright.emit.sql import quoted
from backwright.expr import sql
from backwright.expr.fold import Lookup, fold
from backwright.expr.typed import Expression, Input, Kind, Member, Name, Type
from backwright.expr.walk import is_local
from backwright.model.types import InputField, Model, ReferenceType

_OUTER = re.compile(r"'(?:[^']|'')*'|[()]|[^'()]+")
KINDS: dict[str, Kind] = {
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "uuid": "uuid",
    "enum": "enum",
}


class Clause(msgspec.Struct, frozen=True):
    """SQL, and what supplies each `:parameter` of it."""

    text: str
    parameters: dict[str, Expression]

    @property
    def needs_caller(self) -> bool:
        """Whether the clause depends on who is calling."""
        return any(_is_callers(supplier) for supplier in self.parameters.values())

    @property
    def needs_now(self) -> bool:
        """Whether the clause depends on the time."""
        return any(isinstance(each, Name) and each.root == "now" for each in self.parameters.values())


def clause(
    condition: Expression, model: Model, entity: str, *, signed_in: bool, candidate: bool = False
) -> Clause:
    """The condition on rows of an entity. Raises sql.NotPortable where no text fits both databases.

    `candidate`: the row is not in the statement's table, its fields are parameters.
    """

    def column(of: str, field: str) -> str:
        return quoted(model.entity(of).field(field).column)

    def table(of: str) -> str:
        return quoted(model.entity(of).table)

    known = fold(condition, caller_known=signed_in, lookup=lookup(model))
    compiled = sql.compile(
        known,
        column,
        multiline=is_local(known),
        key=model.entity(entity).key,
        tables=table,
        candidate=candidate,
    )
    text = compiled.text if is_local(known) else laid_out(compiled.text)
    return Clause(_parenthesized(text), compiled.parameters)


def lookup(model: Model) -> Lookup:
    """The type of an entity's field, for folding what a known caller makes certain."""

    def field_type(entity: str, name: str) -> Type | None:
        field = model.entity(entity).field(name)
        one = column_type(field.type)
        if isinstance(one, ReferenceType):
            return Type("entity", nullable=field.nullable, entity=one.entity)
        kind = KINDS.get(one.scalar, "string")
        return Type(kind, nullable=field.nullable, values=one.values)

    return field_type


def _parenthesized(text: str) -> str:
    """An OR in parentheses, since conditions are joined by AND; one inside parentheses already needs none."""
    outside, depth = "", 0
    for part in _OUTER.findall(text):
        depth += (part == "(") - (part == ")")
        outside += part if depth == 0 else ""
    if not re.search(r"\sOR\s", outside):
        return text
    return f"(\n{indented(text)}\n)" if "\n" in text else f"({text})"


def arguments(
    clauses: Sequence[Clause],
    model: Model,
    *,
    caller_known: bool,
    inputs: Mapping[tuple[str, str], str],
    row: str = "",
) -> list[str]:
    """Keyword arguments for the parameters, each once. `inputs` says where a request value is."""
    written: dict[str, str] = {}
    for each in clauses:
        for parameter, supplier in each.parameters.items():
            value = supplied(supplier, model, caller_known=caller_known, inputs=inputs, row=row)
            written.setdefault(parameter, value)
    return [f"{parameter}={value}" for parameter, value in written.items()]


def supplied(
    supplier: Expression,
    model: Model,
    *,
    caller_known: bool,
    inputs: Mapping[tuple[str, str], str],
    row: str = "",
) -> str:
    """The Python expression behind a parameter. `row` is the variable of a candidate."""
    match supplier:
        case Name(root="this", type=Type(entity=str(entity))):
            return f"{row}.{model.entity(entity).key}"
        case Member(of=Name(root="this"), entity=entity, field=field):
            return f"{row}.{model.entity(entity).field(field).column}"
        case Input(source=source, name=name):
            return inputs[source, name]
        case Name(root="now"):
            return "now"
        case Name(root="caller") if model.auth is not None:
            attribute = model.entity(model.auth.identity).key
            return _of_caller(attribute, caller_known)
        case Member(of=Name(root="caller"), entity=entity, field=field):
            return _of_caller(model.entity(entity).field(field).column, caller_known)
        case _:
            raise TypeError(f"nothing supplies {supplier}")


def _of_caller(attribute: str, caller_known: bool) -> str:
    return f"caller.{attribute}" if caller_known else f"caller.{attribute} if caller else None"


def _is_callers(supplier: Expression) -> bool:
    match supplier:
        case Name(root="caller") | Member(of=Name(root="caller")):
            return True
        case _:
            return False


def folded(field: InputField, value: str) -> str:
    """A received value as it is compared: e-mail addresses are stored folded."""
    return f"{value}.lower()" if is_scalar(field.type, "email") else value
