"""What emitted tests expect: small worlds of rows, and what the reference answers in them.

The expectation of a test comes from the executable meaning of the model and not from the writers beside this
module, so a test and the code that it tests are not wrong in the same way.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.examples import NOBODY, fitting
from backwright.emit.names import Names, snake
from backwright.emit.repositories.writing import unique_keys
from backwright.model.types import Entity, Field, Model, Operation, ReferenceType, ScalarType, SignIn
from backwright.reference import Password, Reference, Request, Response

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEST_WORDS = frozenset(
    ["answer", "code", "cursor", "data", "error", "member", "replace", "row", "service", "stored", "value"]
)
Values = dict[str, Any]


class Actor(msgspec.Struct, frozen=True):
    """A stored row with the variable that a test calls it by, and what is particular about it."""

    variable: str
    entity: str
    row: Values
    particular: Values


class World(msgspec.Struct, frozen=True):
    """Rows in the order in which they are stored: those that are referred to come first."""

    model: Model
    actors: tuple[Actor, ...]

    def actor(self, variable: str) -> Actor:
        """The row of that variable. Raises KeyError when there is none."""
        for actor in self.actors:
            if actor.variable == variable:
                return actor
        raise KeyError(variable)

    def reference(self) -> Reference:
        """The reference with exactly these rows."""
        reference = Reference(self.model)
        for actor in self.actors:
            row = dict(actor.row)
            for field in self.model.entity(actor.entity).fields:
                if scalar(field) == "password" and row[field.name] is not None:
                    row[field.name] = Password(row[field.name])
            reference.rows[actor.entity].append(row)
        return reference

    def answers(
        self,
        operation: Operation,
        *,
        path: str,
        caller: str | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> tuple[Response, dict[str, list[Values]]]:
        """What the reference answers, and the rows afterwards."""
        reference = self.reference()
        token = None if caller is None else self.token(reference, caller)
        response = reference.answer(
            Request(
                method=operation.method,
                path=path,
                now=NOW,
                request_id="test",
                query=tuple((query or {}).items()),
                authorization=None if token is None else f"Bearer {token}",
                content_type=None if body is None else "application/json",
                body=None if body is None else json.dumps(wire(body)).encode(),
            )
        )
        return response, reference.rows

    def token(self, reference: Reference, caller: str) -> str:
        """An access token of a stored caller, by signing in."""
        auth = self.model.auth
        assert auth is not None
        row = self.actor(caller).row
        login = sign_in(self.model)
        assert login is not None
        given = {auth.by: row[auth.by], auth.password: row[auth.password]}
        answer = reference.answer(
            Request(
                method=login.method,
                path=login.path,
                now=NOW,
                request_id="sign-in",
                content_type="application/json",
                body=json.dumps(given).encode(),
            )
        )
        return str(answer.body["data"]["token"])


def sign_in(model: Model) -> Operation | None:
    """The operation that signs in with a password."""
    for operation in model.operations:
        if operation.respond.status == 200 and any(isinstance(step, SignIn) for step in operation.steps):
            return operation
    return None


def wire(value: Any) -> Any:
    """A value as JSON carries it."""
    match value:
        case dict():
            return {name: wire(inner) for name, inner in value.items()}
        case datetime():
            return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def scalar(field: Field) -> str:
    """The scalar of a field; `reference` for references."""
    return field.type.scalar if isinstance(field.type, ScalarType) else "reference"


class Builder:
    """Makes rows for a world, and first the rows that they refer to."""

    def __init__(self, model: Model, names: Names) -> None:
        self.model = model
        self.names = names
        self.actors: list[Actor] = []
        self.made = NOBODY.int

    def new_key(self) -> UUID:
        """A key that no row has yet, larger than those before."""
        taken = [actor.row[self.model.entity(actor.entity).key].int for actor in self.actors]
        self.made = max([self.made, *taken]) + 1
        return UUID(int=self.made)

    def person(self, variable: str, particular: Values) -> None:
        """A caller."""
        assert self.model.auth is not None
        self.add(self.model.auth.identity, variable, particular)

    def add(self, entity: str, variable: str, particular: Values, owner: str = "ann") -> Actor:
        """A row, whose references to callers are to `owner`."""
        described = self.model.entity(entity)
        number = sum(actor.entity == entity for actor in self.actors)
        row: Values = {}
        given: Values = {}
        for field in described.fields:
            if field.name in particular:
                row[field.name] = particular[field.name]
            elif field.name == described.key:
                row[field.name] = self.new_key()
            elif isinstance(field.type, ReferenceType):
                row[field.name] = None if field.nullable else self.referred(field.type.entity, owner)
            else:
                row[field.name] = fitting(field, number if field.unique or scalar(field) == "email" else 0)
                if number and row[field.name] != fitting(field):
                    given[field.name] = row[field.name]
        given |= self.distinct(described, row, particular, number)
        actor = Actor(variable, entity, row, {**given, **particular})
        self.actors.append(actor)
        return actor

    def distinct(self, entity: Entity, row: Values, particular: Values, number: int) -> Values:
        """Changes the row where it would violate a unique key; returns the scalars that changed."""
        changed: Values = {}
        others = [actor.row for actor in self.actors if actor.entity == entity.name]
        for _, key in unique_keys(entity):
            values = [row[field.name] for field in key]
            if None in values or all([other[field.name] for field in key] != values for other in others):
                continue
            free = [field for field in key if field.name not in particular]
            free = [field for field in free if not self.is_caller(field)] or free
            if not free:
                continue
            field = free[-1]
            if isinstance(field.type, ReferenceType):
                variable = f"{variable_of(field.type.entity, self.names)}_{number + 1}"
                other = self.add(field.type.entity, variable, {})
                row[field.name] = other.row[self.model.entity(field.type.entity).key]
            else:
                row[field.name] = changed[field.name] = fitting(field, number)
        return changed

    def is_caller(self, field: Field) -> bool:
        """Whether a field refers to a caller."""
        auth = self.model.auth
        return auth is not None and is_reference_to(field, auth.identity)

    def referred(self, entity: str, owner: str) -> UUID:
        """The key of a row to refer to."""
        key = self.model.entity(entity).key
        auth = self.model.auth
        wanted = owner if auth is not None and entity == auth.identity else variable_of(entity, self.names)
        for actor in self.actors:
            if actor.entity == entity and actor.variable == wanted:
                return UUID(str(actor.row[key]))
        return UUID(str(self.add(entity, wanted, {}, owner).row[key]))

    def world(self) -> World:
        """The world so far."""
        return World(self.model, tuple(self.actors))


def variable_of(entity: str, names: Names) -> str:
    """What a test calls a row, beside its own words."""
    name = str(names.row(entity))
    return f"{name}_row" if name in TEST_WORDS else name


def is_reference_to(field: Field, entity: str) -> bool:
    """Whether a field refers to rows of an entity."""
    return isinstance(field.type, ReferenceType) and field.type.entity == entity


def storable(model: Model, entity: str, within: frozenset[str] = frozenset()) -> bool:
    """Whether a row can be stored on its own: entities that require each other have no first row."""
    if entity in within:
        return False
    needed = (
        field.type.entity
        for field in model.entity(entity).fields
        if isinstance(field.type, ReferenceType) and not field.nullable
    )
    return all(storable(model, each, within | {entity}) for each in needed)


def variations(entity: Entity | None) -> Iterator[Values]:
    """Ways in which a row can be particular, simple ones first: no field, one field, two fields changed."""
    yield {}
    choices: list[tuple[str, list[Any]]] = []
    for field in entity.fields if entity is not None else ():
        kind = field.type
        if isinstance(kind, ScalarType) and kind.scalar == "boolean":
            choices.append((field.name, [True]))
        elif isinstance(kind, ScalarType) and kind.scalar == "enum":
            choices.append((field.name, list(kind.values[1:])))
    for name, values in choices:
        for value in values:
            yield {name: value}
    for (one, firsts), (other, seconds) in itertools.combinations(choices, 2):
        for first, second in itertools.product(firsts, seconds):
            yield {one: first, other: second}


def written(value: Any, keys: Mapping[UUID, str], *, body: bool = False) -> str:
    """Python source of a value; keys of stored rows by their variable. `body`: as JSON carries it."""
    match value:
        case UUID() if value in keys:
            return f"str({keys[value]})" if body else keys[value]
        case UUID():
            return repr(str(value)) if body else f"UUID({str(value)!r})"
        case datetime() | date() if body:
            return repr(wire(value))
        case datetime():
            return (
                repr(value).replace("datetime.datetime(", "datetime(").replace("datetime.timezone.utc", "UTC")
            )
        case date():
            return f"date({value.year}, {value.month}, {value.day})"
        case dict():
            members = (f"{name!r}: {written(inner, keys, body=body)}" for name, inner in value.items())
            return "{" + ", ".join(members) + "}"
        case list():
            return f"[{', '.join(written(inner, keys, body=body) for inner in value)}]"
        case str():
            return shown_text(value, keys)
        case _:
            return repr(value)


def shown_text(value: str, keys: Mapping[UUID, str]) -> str:
    """A string; one that is the key of a stored row by its variable, a long repetition as a product."""
    by_text = {str(key): f"str({expression})" for key, expression in keys.items()}
    if value in by_text:
        return by_text[value]
    if len(value) > 20 and len(set(value)) == 1:
        return f"{value[0]!r} * {len(value)}"
    return ascii(value) if not value.isprintable() else repr(value)


def variable_keys(world: World) -> dict[UUID, str]:
    """For each stored row's key, how a test writes it."""
    return {
        actor.row[
            world.model.entity(actor.entity).key
        ]: f"{actor.variable}.{world.model.entity(actor.entity).key}"
        for actor in world.actors
    }


def store_name(entity: str) -> str:
    """The function that stores a row for a test."""
    return f"store_{snake(entity)}"
