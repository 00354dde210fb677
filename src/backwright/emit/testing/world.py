"""Rows that a test finds stored: few, consistent, and each with the name that the test calls it by."""

from __future__ import annotations

import keyword
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.names import Names
from backwright.emit.source import is_builtin
from backwright.emit.testing.values import FIRST_NUMBER, NOBODY, ONCE, PEOPLE, Unfit, fitting
from backwright.expr.walk import mentions_caller
from backwright.model.types import (
    Entity,
    Field,
    Formula,
    ListType,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.reference import Password, Reference
from backwright.reference.evaluate import Environment, Overflow, Row, evaluate
from backwright.reference.texts import slug
from backwright.reference.writing import stored, unique_keys

TEST_WORDS = frozenset(
    [
        "answer",
        "cursor",
        "date",
        "datetime",
        "errors",
        "given",
        "pairs",
        "problem",
        "pytest",
        "quote",
        "replace",
        "service",
        "shown",
        "stored",
        "wrong",
    ]
)
"""What emitted tests call other things; rows are named apart from them."""


class Stored(msgspec.Struct):
    """A row, and the variable of the test that holds it. `gone`: it was deleted softly."""

    variable: str
    entity: str
    values: Row
    gone: bool = False


class Setting(msgspec.Struct):
    """What all worlds of one model share: `usual` are values that make a lone row satisfy its checks.

    `keys` are the key fields of each entity.
    """

    model: Model
    names: Names
    usual: dict[str, dict[str, Any]] = {}
    keys: dict[str, tuple[str, ...]] = {}

    def __post_init__(self) -> None:
        self.keys = {entity.name: entity.keys for entity in self.model.entities}

    @property
    def identity(self) -> str | None:
        """The entity of callers."""
        return self.model.auth.identity if self.model.auth is not None else None

    def default(self, entity: Entity, field: Field) -> Any:
        """What a field of a stored row is unless a test says otherwise. Raises Unfit."""
        usual = self.usual.get(entity.name, {})
        if field.name in usual:
            return usual[field.name]
        person = PEOPLE[0] if entity.name == self.identity else None
        return self.value(entity, field, 0, person)

    def another(self, entity: Entity, field: Field, number: int, person: str | None = None) -> Any:
        """A value unlike those of other rows: beside the usual one, where that satisfies a check. Raises Unfit."""
        usual = self.usual.get(entity.name, {}).get(field.name)
        match usual:
            case datetime():
                return usual + timedelta(minutes=number)
            case date():
                return usual + timedelta(days=number)
            case _:
                return self.value(entity, field, number, person)

    def value(self, entity: Entity, field: Field, number: int, person: str | None = None) -> Any:
        """A value of a field that is no required reference and no key of ours. Raises Unfit."""
        kind = field.type
        match kind:
            case ReferenceType():
                return None
            case ManyType():
                return []
            case ListType(element=element):
                if isinstance(element, ScalarType) and kind.max > 0:
                    return [fitting(field, element, number + each) for each in range(max(1, kind.min or 0))]
                return []
            case RecordType():
                raise Unfit(field.name)
            case ScalarType():
                pass
        if entity.states is not None and entity.states.field == field.name:
            return entity.states.initial
        if field.name == entity.soft_delete:
            return None
        if field.generated == "version":
            return 1
        if field.generated == "slug" and field.source is not None:
            return slug(str(self.value(entity, entity.field(field.source), number)), kind.max or 80)
        if field.generated == "sequence" or (field.name == entity.key and not field.input):
            return made_key(kind, number, field)
        made = self.given(field)
        if made is not None and not field.unique and field.name not in unique_names(entity):
            return made
        if person is not None and field.name not in unique_names(entity) and field.name != "name":
            person = None
        value = fitting(field, kind, number, person)
        return Password(value) if kind.scalar == "password" else value

    def given(self, field: Field) -> Any:
        """What the specification gives the field at some earlier time; None where it depends on the request."""
        formula: Formula | None = field.set or field.default or field.on_update
        if formula is None or mentions_caller(formula.meaning):
            return None
        try:
            found = evaluate(formula.meaning, Environment(now=ONCE, keys={}, rows={}))
            return None if found is None else stored(found, field.type)
        except (Overflow, KeyError, AttributeError, TypeError):
            return None


def unique_names(entity: Entity) -> set[str]:
    """The fields that are part of a unique key, and those that slugs are made of."""
    sources = {field.source for field in entity.fields if field.unique and field.source is not None}
    return sources | {name for key in unique_keys(entity) for name in key}


def made_key(kind: ScalarType, number: int, field: Field) -> Any:
    """The number-th key that a service would make."""
    match kind.scalar:
        case "uuid":
            return UUID(int=NOBODY.int + number + 1)
        case "integer":
            return FIRST_NUMBER + number
        case _:
            return fitting(field, kind, number)


class World(msgspec.Struct):
    """Stored rows in the order in which a test stores them: those that are referred to come first."""

    setting: Setting
    rows: list[Stored] = []

    def copy(self) -> World:
        """The same rows, to be changed on their own."""
        copied = [
            Stored(each.variable, each.entity, {name: _own(value) for name, value in each.values.items()}, each.gone)
            for each in self.rows
        ]  # fmt: skip
        return World(self.setting, copied)

    def of(self, entity: str) -> list[int]:
        """Where the live rows of an entity are."""
        return [at for at, each in enumerate(self.rows) if each.entity == entity and not each.gone]

    def values(self) -> dict[str, list[Row]]:
        """The live rows of each entity, as the reference keeps them."""
        found: dict[str, list[Row]] = defaultdict(list)
        for each in self.rows:
            if not each.gone:
                found[each.entity].append(each.values)
        return found

    def key(self, at: int) -> Any:
        """What a reference to a row holds."""
        row = self.rows[at]
        return row.values[self.setting.model.entity(row.entity).key]

    def at(self, entity: str, key: Any) -> int | None:
        """Where the live row with that key is; a key of several fields is a tuple."""
        names = self.setting.model.entity(entity).keys
        for place in self.of(entity):
            found = tuple(self.rows[place].values[name] for name in names)
            if found == (key if len(names) > 1 else (key,)):
                return place
        return None

    def variable(self, name: str) -> int:
        """Where the row of a variable is. Raises KeyError."""
        for at, each in enumerate(self.rows):
            if each.variable == name:
                return at
        raise KeyError(name)

    # Adding ------------------------------------------------------------------------------------------

    def person(self) -> int:
        """One more caller. Raises Unfit."""
        assert self.setting.identity is not None
        return self.add(self.setting.identity)

    def add(self, name: str, given: Mapping[str, Any] | None = None, within: tuple[str, ...] = ()) -> int:
        """One more row, and the rows that it refers to. Raises Unfit where no such row can be."""
        if name in within:
            raise Unfit(f"{name} has no first row")
        setting, given = self.setting, dict(given or {})
        entity = setting.model.entity(name)
        number = sum(each.entity == name for each in self.rows)
        person = PEOPLE[number % len(PEOPLE)] if name == setting.identity else None
        values: Row = {}
        for field in entity.fields:
            if field.name in given:
                values[field.name] = given[field.name]
            elif isinstance(field.type, ReferenceType) and not field.nullable:
                values[field.name] = self.referred(field.type.entity, (*within, name))
            elif _is_made(entity, field):
                values[field.name] = None
            elif number == 0 or field.name not in unique_names(entity):
                values[field.name] = setting.default(entity, field)
                if person is not None and number:
                    values[field.name] = setting.value(entity, field, 0, person)
            else:
                values[field.name] = setting.another(entity, field, number, person)
        self._make_distinct(entity, values, given, number, within)
        for field in entity.fields:
            if _is_made(entity, field) and field.name not in given:
                values[field.name] = self.new_key(field, number)
        self.rows.append(Stored(self.new_variable(name, number), name, values))
        return len(self.rows) - 1

    def referred(self, entity: str, within: tuple[str, ...] = ()) -> Any:
        """The key of a row to refer to: the first there is, or a new one. Raises Unfit."""
        there = self.of(entity)
        return self.key(there[0] if there else self.add(entity, within=within))

    def new_key(self, field: Field, number: int) -> Any:
        """A key that no row has yet; UUIDs are in the order of all rows."""
        assert isinstance(field.type, ScalarType)
        return made_key(field.type, len(self.rows) if field.type.scalar == "uuid" else number, field)

    def new_variable(self, entity: str, number: int) -> str:
        """What a test calls the number-th row of an entity."""
        if entity == self.setting.identity:
            return PEOPLE[number] if number < len(PEOPLE) else f"person_{number + 1}"
        name = variable_of(entity, self.setting.names)
        return name if number == 0 else f"{name}_{number + 1}"

    def _make_distinct(
        self, entity: Entity, values: Row, given: Mapping[str, Any], number: int, within: tuple[str, ...]
    ) -> None:
        """Changes what was not given where a unique key is taken. Raises Unfit."""
        for key in unique_keys(entity):
            if not self.is_taken(entity, key, values):
                continue
            free = [entity.field(name) for name in key if name not in given]
            if not free:
                raise Unfit(f"a second {entity.name} with that {', '.join(key)}")
            field = next((each for each in reversed(free) if isinstance(each.type, ScalarType)), free[-1])
            if isinstance(field.type, ReferenceType):
                values[field.name] = self.key(self.add(field.type.entity, within=(*within, entity.name)))
            else:
                values[field.name] = self.setting.another(entity, field, number + 1)
            if self.is_taken(entity, key, values):
                raise Unfit(f"a second {entity.name} with that {', '.join(key)}")

    def is_taken(self, entity: Entity, key: tuple[str, ...], values: Row, but: int | None = None) -> bool:
        """Whether another live row has the values of a unique key."""
        wanted = [values[name] for name in key]
        if None in wanted:
            return False
        others = (self.rows[at].values for at in self.of(entity.name) if at != but)
        return any([other[name] for name in key] == wanted for other in others)

    # Judging -----------------------------------------------------------------------------------------

    def is_sound(self) -> bool:
        """Whether a database could hold these rows: unique keys, checks, and references within one tenant."""
        return all(each.gone or self._fits(at) for at, each in enumerate(self.rows))

    def _fits(self, at: int) -> bool:
        row = self.rows[at]
        entity = self.setting.model.entity(row.entity)
        if any(self.is_taken(entity, key, row.values, but=at) for key in unique_keys(entity)):
            return False
        environment = self.environment(this=row.values)
        try:
            if any(evaluate(check.condition.meaning, environment) is not True for check in entity.checks):
                return False
        except Overflow:
            return False
        return all(self._leads_somewhere(field, row.values) for field in entity.fields) and all(
            self._shares(field, row.values) for field in entity.fields if field.same is not None
        )

    def _leads_somewhere(self, field: Field, values: Row) -> bool:
        """Whether the rows that a field names are there."""
        if not isinstance(field.type, ReferenceType | ManyType) or values[field.name] is None:
            return True
        key = self.setting.model.entity(field.type.entity).key
        there = {row.values[key] for row in self.rows if row.entity == field.type.entity}
        named = values[field.name] if isinstance(values[field.name], list) else [values[field.name]]
        return there.issuperset(named)

    def _shares(self, field: Field, values: Row) -> bool:
        if not isinstance(field.type, ReferenceType | ManyType) or field.same is None:
            return True
        keys = values[field.name] if isinstance(values[field.name], list) else [values[field.name]]
        places = [self.at(field.type.entity, key) for key in keys if key is not None]
        return all(
            place is not None and self.rows[place].values[field.same] == values[field.same]
            for place in places
        )

    def environment(self, **names: Any) -> Environment:
        """What expressions about these rows mean."""
        return Environment(**{"now": ONCE, "keys": self.setting.keys, "rows": self.values(), **names})

    def store_in(self, reference: Reference) -> None:
        """Put copies of the rows into a reference that has none."""
        for each in self.copy().rows:
            (reference.gone if each.gone else reference.rows)[each.entity].append(each.values)


def _own(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _is_made(entity: Entity, field: Field) -> bool:
    return field.name == entity.key and not field.input and isinstance(field.type, ScalarType)


def variable_of(entity: str, names: Names) -> str:
    """What a test calls a row, beside its own words."""
    name = str(names.row(entity))
    taken = (
        name in TEST_WORDS
        or name.startswith(("all_", "linked_", "store_"))
        or keyword.iskeyword(name)
        or is_builtin(name)
        or name in PEOPLE
    )
    return f"{name}_row" if taken else name
