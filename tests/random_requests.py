"""Random rows and random requests for any model: mostly good, some at or beyond what their types accept."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from backwright.emit.aliases import is_file
from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.reference import Reference
from backwright.reference.http import is_line
from backwright.reference.read import query_fields
from backwright.reference.seam import START
from backwright.reference.sessions import Session
from backwright.reference.texts import written
from backwright.reference.writing import stored, unique_keys
from backwright.verify.wire import BOUNDARY, Wire, form, multipart

WORDS = (
    "milk",
    "a-b",
    "Crème brûlée",
    "😀",
    "x" * 40,
    "=1+1",
    "ab1",
    "red",
    "team-a",
    "#a0b1c2",
    "AB1234",
    "SKU1",
)
TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
TYPES["multipart"] = f"multipart/form-data; boundary={BOUNDARY}"
WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    2**63,
    "",
    "wrong",
    [],
    ["a"],
    {},
    {"a": 1},
    "x" * 300,
    "2026-13-01",
)


class Traffic:
    """Rows of every entity in a reference, sessions for those who sign in, and requests about them."""

    def __init__(self, model: Model, reference: Reference, random: Random) -> None:
        self.model = model
        self.reference = reference
        self.random = random
        self.sent = 0
        for _ in range(6):
            for entity in model.entities:
                self._add_row(entity)
        self.tokens: list[str] = []

    # Rows ---------------------------------------------------------------------------------------------

    def _add_row(self, entity: Entity) -> None:
        rows = self.reference.rows[entity.name]
        row: dict[str, Any] = {}
        for field in entity.fields:
            value = self._stored(field, entity)
            if value is None and not field.nullable:
                return  # what it refers to is not there yet
            row[field.name] = value
        if not any(
            None not in (values := [row[name] for name in key]) and values == [other[name] for name in key]
            for key in unique_keys(entity)
            for other in rows
        ):
            rows.append(row)

    def _stored(self, field: Field, entity: Entity) -> Any:
        if field.name == entity.soft_delete or (field.nullable and self.random.random() < 0.3):
            return None
        if field.generated == "version":
            return self.random.randint(1, 3)
        if field.generated == "sequence":
            numbers = self.reference.sequences
            numbers[entity.name, field.name] = numbers.get((entity.name, field.name), 0) + 1
            return numbers[entity.name, field.name]
        value = self.value(field.type, as_json=False)
        return value if value is None else stored(value, field.type)

    def sign_in(self) -> None:
        """Every identity row has a session, whoever signed out."""
        auth = self.model.auth
        if auth is None:
            return
        people = self.reference.rows[auth.identity]
        key = self.model.entity(auth.identity).key
        for number, row in enumerate(people):
            expires = START + timedelta(days=1)
            csrf = "proof" if auth.cookie is not None else None
            session = Session(token=f"t{number}", subject=row[key], expires=expires, csrf=csrf)
            self.reference.sessions[session.token] = session
        self.tokens = [f"t{number}" for number, _ in enumerate(people)]

    def keys(self, entity: str) -> list[Any]:
        """The keys of an entity's rows."""
        key = self.model.entity(entity).key
        return [row[key] for row in self.reference.rows[entity]]

    # Values -------------------------------------------------------------------------------------------

    def value(self, kind: FieldType, *, as_json: bool = True) -> Any:
        """A value that a type accepts, in Python's types or as JSON has it. None: there is none."""
        match kind:
            case ScalarType():
                found = self._scalar(kind)
                if not as_json:
                    return found
                if isinstance(found, bytes):
                    return base64.b64encode(found).decode()
                return written(found) if isinstance(found, Decimal | date | datetime | UUID) else found
            case ReferenceType(entity=entity):
                found = self.random.choice(self.keys(entity) or [None])
                return written(found) if as_json and isinstance(found, UUID) else found
            case ManyType(entity=entity):
                keys = self.random.sample(self.keys(entity), min(2, len(self.keys(entity))))
                return [written(key) if as_json and isinstance(key, UUID) else key for key in keys]
            case ListType(element=element, min=least, max=most):
                count = self.random.randint(least or 0, min(most, (least or 0) + 3))
                found = [self.value(element, as_json=as_json) for _ in range(count)]
                return [each for each in found if each is not None]
            case RecordType(members=members):
                return self.members(members)

    def _scalar(self, kind: ScalarType) -> Any:
        random = self.random
        match kind.scalar:
            case "string" | "text" | "slug" | "token" | "password":
                text = random.choice(WORDS)
                return text.ljust(kind.min or 0, "x")[: kind.max]
            case "email":
                return f"p{random.randrange(50)}@example.org"
            case "integer":
                low = kind.min if kind.min is not None else random.choice((-3, 0, 1))
                return random.randint(low, min(low + 5, kind.max if kind.max is not None else low + 5))
            case "decimal":
                found = Decimal(random.randrange(0, 100000)).scaleb(-(kind.scale or 0))
                least = Decimal(-1000 if kind.min is None else kind.min)
                return max(least, min(found, Decimal(100000 if kind.max is None else kind.max)))
            case "double":
                return min(random.choice((0.5, 1.0, 2.25)), 2.25 if kind.max is None else float(kind.max))
            case "boolean":
                return random.random() < 0.5
            case "date":
                return date(2029, 12, random.randint(20, 31))
            case "timestamp":
                return START + timedelta(hours=random.randint(-72, 72))
            case "uuid":
                return UUID(int=random.getrandbits(128) & ~(0xF << 76) | (7 << 76))
            case "enum":
                return random.choice(kind.values)
            case "json":
                return {"a": [1, {"b": None}]}
            case "bytes":
                return b"\x89PNG"[: kind.max]

    def members(self, fields: tuple[InputField, ...]) -> dict[str, Any]:
        """The members of an object: a few are left out, null, or wrong."""
        found: dict[str, Any] = {}
        for field in fields:
            chance = self.random.random()
            if chance < 0.07 or (not field.required and chance < 0.4):
                continue
            if chance > 0.95:
                found[field.wire] = self.random.choice(WRONG)
            elif chance > 0.9 and field.nullable:
                found[field.wire] = None
            else:
                found[field.wire] = self.value(field.type)
        if self.random.random() < 0.03:
            found["unheard"] = 1
        return found

    # Requests -----------------------------------------------------------------------------------------

    def request(self, operation: Operation) -> Wire:
        """A request of an operation."""
        self.sent += 1
        self.sign_in()
        headers, content = self._headers(operation), None
        if operation.body is not None:
            body = self.members(operation.body.fields)
            if operation.body.media == "json":
                content = json.dumps(operation.body.whole(body)).encode()
            else:
                content = self._form(operation, body)
            headers["content-type"] = TYPES[operation.body.media]
            content = self.random.choice([b"\x00{", b" " * 2**21, *[content] * 60])
            headers["content-type"] = self.random.choice(["text/plain", *[headers["content-type"]] * 60])
        path, parameters = self._path(operation), self._query(operation)
        in_header = {field.wire for field in operation.query if field.header}
        told = {name.lower(): text for name, text in parameters if name in in_header and is_line(text)}
        return Wire(
            number=self.sent,
            method=operation.method,
            path=path,
            query=tuple(each for each in parameters if each[0] not in in_header),
            headers={**told, **headers},
            content=content,
        )

    def _form(self, operation: Operation, body: dict[str, Any]) -> bytes:
        assert operation.body is not None
        given = {name: value for name, value in body.items() if not isinstance(value, dict | type(None))}
        if operation.body.media == "form":
            return form(given)
        media = self.random.choice(("image/png", "image/jpeg", "text/html"))
        files = {field.wire for field in operation.body.fields if is_file(field)}
        file = {"file": "abc", "type": media, "name": "a.png"}
        return multipart({name: file if name in files else value for name, value in given.items()})

    def _headers(self, operation: Operation) -> dict[str, str]:
        random, auth = self.random, self.model.auth
        found: dict[str, str] = {}
        if auth is not None and self.tokens and random.random() < 0.9:
            token = random.choice(self.tokens)
            if auth.cookie is None:
                found["authorization"] = f"{auth.scheme} {token}" if random.random() < 0.98 else "Nonsense"
            else:
                found["cookie"] = f"{auth.cookie}={token}"
                found |= {"x-csrf-token": "proof"} if random.random() < 0.95 else {}
        if random.random() < 0.8:
            found["idempotency-key"] = random.choice(("k1", "k2", f"k{self.sent}", "no key"))
        if random.random() < 0.8:
            found["if-match"] = random.choice(('"1"', '"2", "3"', "*"))
        if random.random() < 0.2:
            found["if-none-match"] = random.choice(('"1"', '"2"'))
        return found

    def _path(self, operation: Operation) -> str:
        path = operation.path
        for parameter in operation.path_parameters:
            wire = parameter.wire or parameter.name
            there = [
                written(row[field.name])
                for entity in self.model.entities
                for row in self.reference.rows[entity.name]
                for field in entity.fields
                if wire in (field.name, entity.name.lower())
                and isinstance(row[field.name], str | int | UUID | date)
            ]
            keys = [
                written(key)
                for entity in self.model.entities
                if not entity.composite
                for key in self.keys(entity.name)
            ]
            choices = there if there and self.random.random() < 0.8 else keys or ["none"]
            text = self.random.choice(choices)
            if parameter.type.scalar not in ("string", "text", "slug", "token", "uuid", "integer"):
                text = written(self.value(parameter.type, as_json=False))
            path = path.replace(f"{{{wire}}}", text.replace("/", "-") or "none")
        return path

    def _query(self, operation: Operation) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for field in query_fields(operation):
            chance = self.random.random()
            if not field.required and chance < 0.6:
                continue
            if chance > 0.95:
                found.append((field.wire, self.random.choice(("", "wrong", "-1", "99999", "true"))))
                continue
            value = self.value(field.type)
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    found.append((field.wire, each if isinstance(each, str) else json.dumps(each)))
        return found
