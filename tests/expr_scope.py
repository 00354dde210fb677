"""A small world for tests of expressions: shelves with boxes, kept by keepers."""

from __future__ import annotations

from collections.abc import Callable

from backwright.expr import sql
from backwright.expr.check import Scope, check_source
from backwright.expr.python import Names
from backwright.expr.typed import BOOLEAN, Expression, Type
from backwright.spec.diagnostics import Place, SpecificationError

FIELDS = {
    ("Box", "id"): Type("uuid"),
    ("Box", "label"): Type("string"),
    ("Box", "note"): Type("string", nullable=True),
    ("Box", "weight"): Type("integer"),
    ("Box", "rank"): Type("integer", nullable=True),
    ("Box", "open"): Type("boolean"),
    ("Box", "checked"): Type("boolean", nullable=True),
    ("Box", "due"): Type("date", nullable=True),
    ("Box", "made_at"): Type("timestamp"),
    ("Box", "state"): Type("enum", values=("new", "kept")),
    ("Box", "keeper"): Type("entity", entity="Keeper"),
    ("Box", "deputy"): Type("entity", nullable=True, entity="Keeper"),
    ("Keeper", "id"): Type("uuid"),
    ("Keeper", "name"): Type("string"),
    ("Keeper", "chief"): Type("boolean"),
}
PARAMS = {
    "open": Type("boolean"),
    "rank": Type("integer", nullable=True),
    "least": Type("integer"),
    "label": Type("string"),
    "note": Type("string", nullable=True),
    "since": Type("timestamp"),
    "until": Type("timestamp"),
    "caller": Type("entity", entity="Keeper"),
}
START = Place("backwright.yaml", 3, 10)


def lookup(entity: str, field: str) -> Type | None:
    return FIELDS.get((entity, field))


SCOPE = Scope(
    this="Box",
    caller="Keeper",
    params=PARAMS,
    lookup=lookup,
    fields=lambda entity: [field for of, field in FIELDS if of == entity],
)


def column(entity: str, field: str) -> str:
    return f"{field}_id" if field in ("keeper", "deputy") else field


class Stored:
    """How entities are stored: each in a table of its name, with the key `id` and no many-to-many fields."""

    def __init__(
        self, lookup: Callable[[str, str], Type | None], tables: Callable[[str], str] = str.lower
    ) -> None:
        self.lookup = lookup
        self.table = tables
        self.source = tables

    def column(self, entity: str, field: str) -> str:
        return f"{field}_id" if self.kind(entity, field).kind == "entity" else field

    def keys(self, entity: str) -> tuple[str, ...]:
        return ("id",)

    def kind(self, entity: str, field: str) -> Type:
        return self.lookup(entity, field) or Type("null")

    def deleted(self, entity: str) -> str | None:
        return None

    def link(self, entity: str, field: str) -> sql.Link | None:
        return None

    def encrypted(self, entity: str, field: str) -> bool:
        return False

    def named(self, entity: str) -> tuple[()]:
        return ()


STORAGE = Stored(lookup)
NAMES = Names(roots={"this": "box", "params": "query", "now": "ctx.now"}, attribute=column)


def meaning(source: str, expected: Type | None = None) -> Expression:
    return check_source(source, START, SCOPE, expected)


def rule(source: str) -> Expression:
    return meaning(source, BOOLEAN)


def found(source: str, expected: Type | None = BOOLEAN) -> list[tuple[str, int]]:
    """The codes and columns of what is wrong with an expression."""
    try:
        meaning(source, expected)
    except SpecificationError as error:
        return [(diagnostic.code, diagnostic.place.column) for diagnostic in error.diagnostics]
    return []


def advice(source: str, expected: Type | None = BOOLEAN) -> str:
    """What is said about an expression, with how to mend it."""
    try:
        meaning(source, expected)
    except SpecificationError as error:
        return "\n".join(f"{d.message}; {d.mend}" for d in error.diagnostics)
    return ""
