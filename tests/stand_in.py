"""The reference in the place of an emitted service: emitted tests run against it before, or without, emitted code.

`create_app` has the signature of an emitted one. The application answers with the reference; its database takes
the statements of the emitted `tests/rows.py` and keeps their rows in the reference.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote
from uuid import UUID

import msgspec

from backwright.emit.entities import columns
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, Field, ManyType, Model, ScalarType
from backwright.reference import Opaque, Password, Reference, Request, Response
from backwright.reference.calling import Scripts
from backwright.reference.seam import START
from backwright.reference.seam import now as instant
from backwright.reference.sessions import Session
from backwright_runtime import Cipher, migrations, testing
from backwright_runtime.settings import RuntimeSettings
from backwright_runtime.tokens import Tokens

HASHED = "$argon2id$stand-in$"
INSERT = re.compile(r'INSERT INTO ("?)(\w+)\1 \((.*?)\)\s*VALUES \((.*?)\)(\s*RETURNING .*)?', re.DOTALL)
SELECT = re.compile(r'SELECT .*?\sFROM ("?)(\w+)\1', re.DOTALL)
R = TypeVar("R", bound=msgspec.Struct)


class Passwords:
    """Hashes that can be read again."""

    async def hash(self, password: str) -> str:
        return f"{HASHED}{password}"


class StandIn:
    """An ASGI application and its database in one."""

    def __init__(
        self, model: Model, settings: RuntimeSettings, logic: testing.ScriptedLogic | None = None
    ) -> None:
        self.logic = logic
        self.model = model
        self.settings = settings
        self.reference = Reference(model)
        self.database = Database(self)
        self.cipher = Cipher(settings.encryption_keys)
        seconds = model.auth.token_seconds if model.auth is not None else 0
        self.tokens = Tokens(model.service.name, settings.token_keys, seconds)
        self.issued: dict[str, str] = {}

    async def startup(self) -> None:
        """Nothing to reach."""

    async def shutdown(self) -> None:
        """Nothing to let go of."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        request_id = headers.get("x-request-id", "none")
        self._sign_in(headers)
        if self.logic is not None:  # what a test says of a function holds from now on
            self.reference.scripts = msgspec.convert(self.logic._scripts, Scripts)
        answer = self.reference.answer(
            Request(
                method=scope["method"],
                path=unquote(scope["raw_path"].decode().partition("?")[0]),
                now=instant(request_id),
                request_id=request_id,
                query=tuple(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
                authorization=headers.get("authorization"),
                content_type=headers.get("content-type"),
                headers=headers,
                body=body or None,
            )
        )
        content, sent = self._written(answer)
        await send({"type": "http.response.start", "status": answer.status, "headers": sent})
        await send({"type": "http.response.body", "body": content})

    def _sign_in(self, headers: dict[str, str]) -> None:
        """A session of the reference for a token that the test issued, once."""
        auth = self.model.auth
        if auth is None:
            return
        found = re.search(rf"{auth.cookie}=([^;]+)", headers.get("cookie", "")) if auth.cookie else None
        token = found[1] if found else headers.get("authorization", "").partition(" ")[2]
        session = self.tokens.session(token, START) if token.count(".") == 2 else None
        if session is None or token in self.issued.values() or token in self.issued:
            return
        self.issued[token] = token
        entity = self.model.entity(auth.identity)
        key = entity.field(entity.key).type
        subject: Any = msgspec.convert(session.subject, _type_of(key), strict=False)
        expires = START + timedelta(seconds=auth.token_seconds)
        known = Session(token=token, subject=subject, expires=expires, csrf=session.csrf)
        self.reference.sessions[token] = known

    def _written(self, answer: Response) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        content = answer.content or b""
        if answer.body is not None:
            content = json.dumps(self._opened(answer.body)).encode()
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        for cookie in answer.cookies:
            opened = re.sub(r"(?<==)token-\d+", lambda found: self._token(found[0]), cookie)
            headers.append((b"set-cookie", opened.encode()))
        return content, headers

    def _opened(self, value: Any) -> Any:
        """The answer with real tokens in the place of the reference's."""
        if isinstance(value, Opaque) and value.startswith("token-"):
            return self._token(str(value))
        if isinstance(value, dict):
            return {name: self._opened(inner) for name, inner in value.items()}
        return [self._opened(inner) for inner in value] if isinstance(value, list) else value

    def _token(self, opaque: str) -> str:
        if opaque not in self.issued:
            subject = self.reference.sessions[opaque].subject
            self.issued[opaque] = self.tokens.begin(subject, START).token
        return self.issued[opaque]


class Database:
    """Takes what `tests/rows.py` says: one row in, or all rows out."""

    has_versions = False

    def __init__(self, app: StandIn) -> None:
        self.app = app

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Database]:
        """Rows are stored together; none of the tests that run on the stand-in fails in between."""
        yield self

    async def execute(self, statement: Any, /, **params: Any) -> int:
        text = statement_text(statement)
        if text.lstrip().startswith("TRUNCATE"):
            return 0
        await self._insert(text, params)
        return 1

    async def fetch_one(self, row: type[R], statement: Any, /, **params: Any) -> R | None:
        return await self._insert(statement_text(statement), params, row)

    async def fetch_all(self, row: type[R], statement: Any, /, **params: Any) -> list[R]:
        found = SELECT.search(statement_text(statement))
        assert found is not None
        entity = self._entity(found[2])
        if entity is None:
            return self._links(found[2], row)
        rows = self.app.reference.rows[entity.name]
        ordered = sorted(rows, key=lambda each: [_sortable(each[name]) for name in entity.keys])
        return [self._struct(row, entity, each) for each in ordered]

    async def _insert(self, text: str, params: dict[str, Any], row_class: type[R] | None = None) -> R | None:
        found = INSERT.search(text)
        assert found is not None, text
        entity = self._entity(found[2])
        if entity is None:
            self._link(found[2], params)
            return None
        row: dict[str, Any] = {}
        for field in entity.fields:
            if isinstance(field.type, ManyType):
                row[field.name] = []
            elif field.generated == "sequence":
                row[field.name] = self._next(entity, field)
            else:
                row[field.name] = self._read(entity, field, params[field.column])
        gone = entity.soft_delete is not None and row[entity.soft_delete] is not None
        where = self.app.reference.gone if gone else self.app.reference.rows
        where[entity.name].append(row)
        return None if row_class is None else self._struct(row_class, entity, row)

    def _next(self, entity: Entity, field: Field) -> int:
        sequences = self.app.reference.sequences
        sequences[entity.name, field.name] = sequences.get((entity.name, field.name), 0) + 1
        return sequences[entity.name, field.name]

    def _read(self, entity: Entity, field: Field, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(field.type, ScalarType) and field.type.scalar == "password":
            return Password(value.removeprefix(HASHED))
        if field.encrypted:
            return self.app.cipher.decrypt(value, f"{entity.table}.{field.column}")
        return value

    def _struct(self, row_class: type[R], entity: Entity, row: dict[str, Any]) -> R:
        values = {}
        for field in columns(entity, self.app.model):
            value = row[field.name]
            if isinstance(value, Password):
                value = f"{HASHED}{value}"
            elif field.encrypted and value is not None:
                value = self.app.cipher.encrypt_same(value, f"{entity.table}.{field.column}")
            values[field.column] = value
        return row_class(**values)

    def _entity(self, table: str) -> Entity | None:
        return next((each for each in self.app.model.entities if each.table == table), None)

    def _linked(self, table: str) -> tuple[Entity, Field, tuple[str, str]]:
        for entity in self.app.model.entities:
            for field in entity.fields:
                if isinstance(field.type, ManyType) and link_table(entity, field.name) == table:
                    target = self.app.model.entity(field.type.entity)
                    return entity, field, link_columns(entity, field.name, target)
        raise KeyError(table)

    def _link(self, table: str, params: dict[str, Any]) -> None:
        entity, field, (first, second) = self._linked(table)
        for row in self.app.reference.rows[entity.name]:
            if row[entity.key] == params[first]:
                row[field.name].append(params[second])

    def _links(self, table: str, row_class: type[R]) -> list[R]:
        entity, field, _ = self._linked(table)
        pairs = [
            (row[entity.key], key) for row in self.app.reference.rows[entity.name] for key in row[field.name]
        ]
        return [row_class(*pair) for pair in sorted(pairs)]


def statement_text(statement: Any) -> str:
    """The text of a statement, as SQLite reads it."""
    return str(statement.render("sqlite", {}).text)


def _sortable(value: Any) -> Any:
    return str(value) if not isinstance(value, int | str | datetime) else value


def _type_of(kind: Any) -> type:
    return {"uuid": UUID, "integer": int}.get(getattr(kind, "scalar", ""), str)


def write_package(model: Model, folder: Path) -> None:
    """A package whose `app` is the stand-in of a model, beside emitted tests."""
    package = folder / model.service.package
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "settings.py").write_text(
        "from backwright_runtime import RuntimeSettings\n\n\n"
        "class Settings(RuntimeSettings, frozen=True):\n    pass\n"
    )
    (package / "model.pickle").write_bytes(pickle.dumps(model))
    (package / "app.py").write_text(
        "import pickle\nfrom pathlib import Path\n\nimport stand_in\n\n"
        'MODEL = pickle.loads((Path(__file__).parent / "model.pickle").read_bytes())\n\n\n'
        "def create_app(settings, *, seam=None, passwords=None, logic=None):\n"
        "    return stand_in.StandIn(MODEL, settings, logic)\n\n\n"
        "stand_in.replace_runtime()\n"
    )


def replace_runtime() -> None:
    """No database to migrate, and passwords that can be read again."""

    async def no_migrations(url: str, folder: Path) -> list[str]:
        make_empty(url)
        return []

    migrations.up = no_migrations  # type: ignore[assignment]
    testing.CHEAP_PASSWORDS = Passwords()  # type: ignore[assignment]


def make_empty(url: str) -> None:
    """A file in the place of a migrated database, since tests copy it."""
    Path(url.removeprefix("sqlite:///")).touch()
