"""A fixed set of entities with every kind of field, and random rows of them, for tests of random expressions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from backwright.expr.scope import Scope
from backwright.expr.typed import Type
from backwright.reference.evaluate import Environment, Page

Row = dict[str, Any]
Draw = Any

STRING, INTEGER, BOOLEAN = Type("string"), Type("integer"), Type("boolean")
PRICE = Type("decimal", scale=2)
MOODS = ("calm", "keen", "wild")


def optional(kind: Type) -> Type:
    return msgspec.structs.replace(kind, nullable=True)


def list_of(element: Type, nullable: bool = False) -> Type:
    return Type("list", nullable, element=element)


def row_of(entity: str, nullable: bool = False) -> Type:
    return Type("entity", nullable, entity=entity)


FIELDS: dict[tuple[str, str], Type] = {
    ("User", "id"): Type("uuid"),
    ("User", "name"): STRING,
    ("User", "nick"): optional(STRING),
    ("User", "chief"): BOOLEAN,
    ("User", "born"): optional(Type("date")),
    ("User", "team"): row_of("Team", True),
    ("Team", "code"): STRING,
    ("Team", "title"): STRING,
    ("Team", "budget"): optional(Type("decimal", scale=4)),
    ("Team", "lead"): row_of("User", True),
    ("Label", "id"): INTEGER,
    ("Label", "name"): STRING,
    ("Label", "weight"): INTEGER,
    ("Task", "id"): Type("uuid"),
    ("Task", "title"): STRING,
    ("Task", "note"): optional(STRING),
    ("Task", "count"): INTEGER,
    ("Task", "rank"): optional(INTEGER),
    ("Task", "price"): PRICE,
    ("Task", "cost"): optional(Type("decimal", scale=4)),
    ("Task", "ratio"): Type("double"),
    ("Task", "share"): optional(Type("double")),
    ("Task", "open"): BOOLEAN,
    ("Task", "checked"): optional(BOOLEAN),
    ("Task", "day"): Type("date"),
    ("Task", "due"): optional(Type("date")),
    ("Task", "made_at"): Type("timestamp"),
    ("Task", "done_at"): optional(Type("timestamp")),
    ("Task", "mood"): Type("enum", values=MOODS),
    ("Task", "was_mood"): optional(Type("enum", values=MOODS)),
    ("Task", "mark"): optional(Type("uuid")),
    ("Task", "tags"): list_of(STRING),
    ("Task", "counts"): list_of(INTEGER, True),
    ("Task", "prices"): list_of(PRICE),
    ("Task", "days"): list_of(Type("date"), True),
    ("Task", "moods"): list_of(Type("enum", values=MOODS)),
    ("Task", "owner"): row_of("User"),
    ("Task", "helper"): row_of("User", True),
    ("Task", "team"): row_of("Team", True),
    ("Task", "parent"): row_of("Task", True),
    ("Task", "labels"): Type("rows", entity="Label"),
    ("Task", "reviewers"): list_of(row_of("User")),
    ("Seat", "task"): row_of("Task"),
    ("Seat", "user"): row_of("User"),
    ("Seat", "row"): optional(INTEGER),
}
KEY = {"User": ("id",), "Team": ("code",), "Label": ("id",), "Task": ("id",), "Seat": ("task", "user")}
"""The fields that are the key of each entity: UUIDs, texts, numbers, and two references."""
INVERSES: dict[tuple[str, str], tuple[str, str]] = {
    ("User", "tasks"): ("Task", "owner"),
    ("User", "helped"): ("Task", "helper"),
    ("User", "led"): ("Team", "lead"),
    ("Team", "members"): ("User", "team"),
    ("Team", "tasks"): ("Task", "team"),
    ("Task", "children"): ("Task", "parent"),
    ("Label", "tasks"): ("Task", "labels"),
    ("Task", "seats"): ("Seat", "task"),
    ("User", "seats"): ("Seat", "user"),
}
ENTITIES = ("User", "Team", "Label", "Task")
"""Those that can be referred to."""
DELETED_SOFTLY = ("Label", "Task")
LINE = Type(
    "record",
    members=(
        ("count", INTEGER),
        ("price", PRICE),
        ("note", optional(STRING)),
        ("label", row_of("Label")),
        ("words", list_of(STRING)),
    ),
)
PARAMS: dict[str, Type] = {
    "word": STRING,
    "hint": optional(STRING),
    "least": INTEGER,
    "most": optional(INTEGER),
    "limit": PRICE,
    "part": Type("double"),
    "flag": BOOLEAN,
    "since": Type("timestamp"),
    "until": optional(Type("date")),
    "tone": optional(Type("enum", values=MOODS)),
    "user": row_of("User"),
    "words": list_of(STRING),
    "amounts": list_of(INTEGER, True),
    "lines": list_of(LINE),
    "first": LINE,
    "users": list_of(row_of("User")),
}
BINDINGS = {
    "other": row_of("Task"),
    "friend": row_of("User", True),
    "label": row_of("Label"),
    "squad": row_of("Team"),
}


def lookup(entity: str, name: str) -> Type | None:
    return FIELDS.get((entity, name))


def names(entity: str) -> list[str]:
    return [name for of, name in (*FIELDS, *INVERSES) if of == entity]


SCOPE = Scope(
    this="Task",
    caller="User",
    params=PARAMS,
    bindings=BINDINGS,
    lookup=lookup,
    fields=names,
    session={"token": STRING, "expires_at": optional(Type("timestamp"))},
    selection=("found", "Task"),
    related=lambda entity, name: INVERSES.get((entity, name)),
    is_entity=KEY.__contains__,
)
"""What random expressions are about: a Task, whoever calls, parameters, bound rows and a selection."""

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MOST = 2**63 - 1
KEYS: dict[str, list[Any]] = {
    "User": [UUID(int=100 + k) for k in range(1, 5)],
    "Team": ["a", "B", "é\n'x'", "?"],
    "Label": [1, 2, MOST, 4],
    "Task": [UUID(int=400 + k) for k in range(1, 7)],
}
COUNTS = {"User": 3, "Team": 2, "Label": 3, "Task": 4}

TEXTS = ("", "a", "B", "Ab", " a b\t", "é", "ß", "😀", "\uffff", "it's", ":x {y}", "%_\\", "null")
INTEGERS = (-MOST - 1, -MOST, -7, -2, -1, 0, 1, 2, 3, 10, 2**53 + 1, MOST - 1, MOST)
PRICES = tuple(
    map(Decimal, ("-7.25", "-0.01", "0.00", "0.10", "1.00", "1.50", "2.25", "9999999999999999.99"))
)
COSTS = tuple(map(Decimal, ("-1.0000", "-0.0001", "0.0000", "0.3333", "1.5000", "99999999999999.9999")))
DOUBLES = (-1e308, -2.5, -0.1, 0.0, 0.1, 0.30000000000000004, 1.0, 2.0**53, 5e-324, 1.7e308)
DAYS = tuple(map(date.fromisoformat, ("0001-01-01", "2024-02-29", "2026-02-28", "2026-03-01", "9999-12-31")))
TIMES = tuple(NOW + timedelta(microseconds=n) for n in (-86_400_000_000, -1, 0, 1, 3_600_000_000))
MARKS = (UUID(int=0), UUID(int=1), UUID(int=2**128 - 1))


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type. Rows are keys, rows of many-to-many fields lists of keys without duplicates."""
    return st.none() | _certain(kind) if kind.nullable else _certain(kind)


def _certain(kind: Type) -> st.SearchStrategy[Any]:
    match kind:
        case Type(kind="string"):
            return st.sampled_from(TEXTS)
        case Type(kind="integer"):
            return st.sampled_from(INTEGERS)
        case Type(kind="decimal", scale=2):
            return st.sampled_from(PRICES)
        case Type(kind="decimal"):
            return st.sampled_from(COSTS)
        case Type(kind="double"):
            return st.sampled_from(DOUBLES)
        case Type(kind="boolean"):
            return st.booleans()
        case Type(kind="date"):
            return st.sampled_from(DAYS)
        case Type(kind="timestamp"):
            return st.sampled_from(TIMES)
        case Type(kind="enum", values=options):
            return st.sampled_from(options)
        case Type(kind="uuid"):
            return st.sampled_from(MARKS)
        case Type(kind="entity", entity=str(entity)):
            return st.sampled_from(KEYS[entity][: COUNTS[entity]])
        case Type(kind="rows", entity=str(entity)):
            return st.lists(st.sampled_from(KEYS[entity][: COUNTS[entity]]), unique=True)
        case Type(kind="list", element=Type() as element):
            return st.lists(_certain(element), max_size=3)
        case Type(kind="record", members=members):
            return st.tuples(*(values(member) for _, member in members)).map(
                lambda found: {name: each for (name, _), each in zip(members, found, strict=True)}
            )
        case _:
            raise TypeError(f"no values of {kind}")


def random_row(draw: Draw, entity: str, **key: Any) -> Row:
    fields = {name: kind for (of, name), kind in FIELDS.items() if of == entity}
    return {name: key[name] if name in key else draw(values(kind)) for name, kind in fields.items()}


def random_rows(draw: Draw) -> dict[str, list[Row]]:
    """Some rows of every entity, as they are stored; references point to rows that are there."""
    found = {
        entity: [random_row(draw, entity, **{KEY[entity][0]: key}) for key in KEYS[entity][: COUNTS[entity]]]
        for entity in ENTITIES
    }
    places = [(task["id"], user["id"]) for task in found["Task"] for user in found["User"]]
    taken = draw(st.lists(st.sampled_from(places), unique=True, max_size=5))
    found["Seat"] = [random_row(draw, "Seat", task=task, user=user) for task, user in sorted(taken)]
    return found


def gone_rows(draw: Draw) -> dict[str, list[Row]]:
    """Rows that were deleted softly: they refer to others, nothing refers to them."""
    return {
        entity: [random_row(draw, entity, **{KEY[entity][0]: key}) for key in KEYS[entity][COUNTS[entity] :]]
        for entity in DELETED_SOFTLY
    }


@dataclass(frozen=True)
class World:
    """What the names of `SCOPE` stand for. `this` is one of the rows of Task, `caller` of User or nobody.

    `found` are the rows of the selection, `gone` those that are stored but were deleted.
    """

    rows: dict[str, list[Row]]
    this: Row
    caller: Row | None
    params: dict[str, Any]
    bindings: dict[str, Row | None]
    found: list[Row]
    total: int
    next: str | None
    session: dict[str, Any]
    gone: dict[str, list[Row]]
    now: datetime = NOW


def random_world(draw: Draw) -> World:
    rows = random_rows(draw)
    return World(
        rows=rows,
        this=draw(st.sampled_from(rows["Task"])),
        caller=draw(st.none() | st.sampled_from(rows["User"])),
        params={name: draw(values(kind)) for name, kind in PARAMS.items()},
        bindings={name: draw(row(rows, kind)) for name, kind in BINDINGS.items()},
        found=draw(st.lists(st.sampled_from(rows["Task"]), max_size=3, unique_by=lambda row: row["id"])),
        total=draw(st.integers(0, 3)),
        next=draw(st.sampled_from([None, "b"])),
        session={"token": draw(st.sampled_from(TEXTS)), "expires_at": draw(st.sampled_from([None, *TIMES]))},
        gone=gone_rows(draw),
    )


def environment(world: World) -> Environment:
    """The world as the reference sees it."""
    return Environment(
        now=world.now,
        keys=KEY,
        rows=world.rows,
        this=world.this,
        caller=world.caller,
        params=world.params,
        session=world.session,
        bindings={**world.bindings, "found": Page(world.found, world.next, world.total)},
    )


def row(rows: dict[str, list[Row]], kind: Type) -> st.SearchStrategy[Row | None]:
    certain = st.sampled_from(rows[kind.entity or ""])
    return st.none() | certain if kind.nullable else certain
