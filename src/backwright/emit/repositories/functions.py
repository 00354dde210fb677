"""The functions of a repository, and how services call them.

A function is written when the first operation needs it. One that does the same is shared; another of the same
name gets a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from backwright.emit.annotations import of_expression, optional
from backwright.emit.names import Names
from backwright.emit.repositories.statement import Statement
from backwright.emit.source import (
    Identifier,
    Imports,
    Source,
    docstring,
    gathered,
    imports,
    indented,
    is_builtin,
    source,
)
from backwright.expr.typed import Expression, Input, Member, Name, Type
from backwright.model.types import Model

_RUNTIME = "backwright_runtime"
QUERIES = imports(_RUNTIME, "Queries")


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function of a repository module, as its callers see it.

    After the database it takes what `context` names (`caller`, `now`, `query`), what only a caller of it can
    have (`given`, by name), and then the values of expressions (`values`).
    """

    module: Identifier
    name: Identifier
    context: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    values: tuple[tuple[str, Expression], ...] = ()
    nullable: bool = False
    row: str = ""


class Passed(msgspec.Struct, frozen=True):
    """What a statement's parameters become: parameters of the function, and arguments of the database's call."""

    context: tuple[str, ...]
    values: tuple[tuple[str, Expression], ...]
    parameters: tuple[Source, ...]
    arguments: tuple[str, ...]


class Text(msgspec.Struct, frozen=True):
    """What is printed of a function: its statements, and itself. `{name}` and `{NAME}` stand for its name."""

    write: Callable[[Identifier], Source]


class Repositories:
    """All functions of all repositories, while the package is written."""

    def __init__(self, model: Model, names: Names) -> None:
        self.model = model
        self.names = names
        self.pieces: dict[str, list[Source]] = {entity.name: [] for entity in model.entities}
        self.known: dict[tuple[str, str], Source] = {}
        self.rows: dict[str, Source] = {}

    def add(self, entity: str, wanted: Sequence[str], write: Callable[[Identifier], Source]) -> Identifier:
        """The name under which such a function stands in the entity's module; it is written if it is new."""
        # The module needs what is built in itself: `list`.
        wanted = [f"{name}_" if is_builtin(name) else name for name in wanted]
        for name in [*wanted, *(f"{wanted[-1]}_{number}" for number in range(2, 1000))]:
            text = write(Identifier(name))
            there = self.known.setdefault((entity, name), text)
            if there is text:
                self.pieces[entity].append(text)
            if there == text:
                return Identifier(name)
        raise AssertionError("a thousand functions of one name")

    def once(self, entity: str, name: str, write: Callable[[], Source]) -> None:
        """A piece of the module that is not a function of an operation."""
        if (entity, name) not in self.known:
            self.known[entity, name] = text = write()
            self.pieces[entity].append(text)

    def row(self, name: str, write: Callable[[], Source]) -> None:
        """A class of `rows.py`, behind those that it holds."""
        if name not in self.rows:
            self.rows[name] = write()  # what it holds is written by that, and stands before it

    def has(self, entity: str, name: str) -> bool:
        """Whether something of that name is in the entity's module."""
        return (entity, name) in self.known


def passed(
    statement: Statement,
    model: Model,
    names: Names,
    *,
    signed_in: bool,
    row: str = "",
    in_query: Mapping[str, str] = {},
) -> Passed:
    """How a statement's parameters are supplied.

    `row` is the parameter that holds a candidate; `in_query` are the names of parameters that come in `query`.
    """
    context: dict[str, Source] = {}
    values: dict[str, Expression] = {}
    parameters: list[Source] = []
    arguments: list[str] = []
    for name, supplier in statement.parameters.items():
        match supplier:
            case Name(root="caller") | Member(of=Name(root="caller")):
                context["caller"] = caller_parameter(names, signed_in=signed_in)
                arguments.append(f"{name}={of_caller(supplier, model, signed_in=signed_in)}")
            case Name(root="now"):
                context["now"] = source("now: datetime", imports("datetime", "datetime"))
                arguments.append(f"{name}=now")
            case Name(root="this"):
                entity = model.entity(supplier.type.entity or "")
                arguments.append(f"{name}={row}.{Identifier(entity.field(entity.key).column)}")
            case Member(of=Name(root="this"), entity=of, field=field):
                arguments.append(f"{name}={row}.{Identifier(model.entity(of).field(field).column)}")
            case Input(source="params", name=wanted) if wanted in in_query:
                arguments.append(f"{name}=query.{in_query[wanted]}")
            case _:
                values[name] = supplier
                kind = parameter_kind(declared(supplier, model), model)
                parameters.append(source(f"{Identifier(name)}: {kind}", kind))
                arguments.append(f"{name}={name}")
    ordered = [each for each in ("caller", "now") if each in context]
    return Passed(
        tuple(ordered),
        tuple(values.items()),
        (*(context[each] for each in ordered), *parameters),
        tuple(arguments),
    )


def declared(supplier: Expression, model: Model) -> Type:
    """The type of what is given, whatever the expression around it knows of it: null can be given all the same."""
    match supplier:
        case Member(of=Name(root="binding"), entity=entity, field=field, type=kind):
            known = next((each for each in model.entity(entity).fields if each.name == field), None)
            return (
                kind if known is None or not known.nullable else msgspec.structs.replace(kind, nullable=True)
            )
        case _:
            return supplier.type


def parameter_kind(kind: Type, model: Model) -> Source:
    """The type of a parameter: of lists of objects it is enough that they are read."""
    match kind:
        case Type(kind="list", element=Type(kind="record"), nullable=nullable):
            found = source(
                "Sequence[Struct]", imports("collections.abc", "Sequence"), imports("msgspec", "Struct")
            )
            return optional(found, nullable)
        case _:
            return of_expression(kind, model)


def caller_parameter(names: Names, *, signed_in: bool) -> Source:
    """The parameter that says who is calling."""
    kind = "Caller" if signed_in else "Caller | None"
    return source(f"caller: {kind}", imports(f"{names.package}.callers", "Caller"))


def of_caller(supplier: Expression, model: Model, *, signed_in: bool) -> str:
    """The caller's key, or a field of the caller's; null for nobody."""
    assert model.auth is not None
    identity = model.entity(model.auth.identity)
    field = supplier.field if isinstance(supplier, Member) else identity.key
    text = f"caller.{Identifier(identity.field(field).column)}"
    return text if signed_in else f"{text} if caller else None"


def function(
    name: Identifier,
    parameters: Sequence[Source | str],
    result: Source | str,
    about: str,
    body: str,
    *needed: Imports | Source,
) -> Source:
    """`async def name(db: Queries, …) -> result`."""
    listed = ", ".join(["db: Queries", *(str(each) for each in parameters)])
    text = f"async def {name}({listed}) -> {result}:\n    {docstring(about, 4)}\n{indented(body)}"
    pieces = [each for each in (*parameters, result) if isinstance(each, Source)]
    return source(text, QUERIES, gathered(pieces), gathered(needed))


def together(*pieces: Source) -> Source:
    """Statements and their function as one piece."""
    text = ""
    for piece in pieces:
        gap = (
            "" if not text else "\n\n\n" if piece.text.startswith(("async def ", "def ", "class ")) else "\n"
        )
        text += f"{gap}{piece.text}"
    return source(text, *pieces)
