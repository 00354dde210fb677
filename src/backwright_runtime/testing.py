"""For tests: a seam that can be predicted, cheap passwords, and a service on a database of its own."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx
import msgspec
from msgspec import UNSET, Struct

from backwright_runtime import migrations as migrating
from backwright_runtime.application import Application
from backwright_runtime.database.interface import Data, Database, Pool, Queries, Value
from backwright_runtime.database.statement import Statement
from backwright_runtime.logic import Logic
from backwright_runtime.partners import Client, Partner
from backwright_runtime.passwords import Passwords
from backwright_runtime.safe.http import Answer
from backwright_runtime.seam import Moment, uuid7
from backwright_runtime.settings import RuntimeSettings, TokenKey

__all__ = [
    "CHEAP_PASSWORDS",
    "Answering",
    "Rows",
    "ScriptedLogic",
    "ScriptedSeam",
    "Watched",
    "client",
    "settings_for",
]

START = datetime(2030, 1, 1, tzinfo=UTC)
NUMBERED = re.compile(r"v-([0-9]{1,12})")
CHEAP_PASSWORDS = Passwords.cheap()
S = TypeVar("S", bound=RuntimeSettings)
T = TypeVar("T")
R = TypeVar("R", bound=Struct)
I = TypeVar("I", bound=Struct)  # noqa: E741
O = TypeVar("O", bound=Struct)  # noqa: E741


class ScriptedMoment:
    """An instant, and things made up, that follow from the request id and the order of making."""

    def __init__(self, request_id: str) -> None:
        numbered = NUMBERED.fullmatch(request_id)
        self._request_id = request_id
        self._made = 0
        self.now = START + timedelta(milliseconds=int(numbered[1]) if numbered else 0)

    def again(self) -> Moment:
        """The same instant, in which the same things are made."""
        return ScriptedMoment(self._request_id)

    def new_id(self) -> UUID:
        """The next id."""
        return uuid7(self.now, self._digest())

    def new_token(self) -> str:
        """The next token."""
        return urlsafe_b64encode(self._digest()[:24]).decode()

    def new_suffix(self) -> str:
        """The next suffix."""
        return self._digest().hex()[:8]

    def _digest(self) -> bytes:
        digest = sha256(f"{self._request_id}/{self._made}".encode()).digest()
        self._made += 1
        return digest


class ScriptedSeam:
    """A request `v-<n>` happens n milliseconds after the start of 2030; all others happen at the start."""

    def begin(self, request_id: str) -> Moment:
        """The moment of this request."""
        return ScriptedMoment(request_id)


def settings_for(settings: type[S], database_url: str) -> S:
    """Settings for a test; what the service demands besides has a value that says nothing."""
    keys = (TokenKey("test", "not a secret, and long enough to sign with"),)
    return settings(database_url=database_url, token_keys=keys, pool_size=4, **stand_ins(settings))


def stand_ins(settings: type[RuntimeSettings]) -> dict[str, Any]:
    """A value for each variable that a service demands for its custom logic."""
    known = {field.name for field in msgspec.structs.fields(RuntimeSettings)}
    usual = {str: "https://stand-in.invalid", int: 0, Decimal: Decimal(), bool: False}
    return {
        field.name: usual[field.type]
        for field in msgspec.structs.fields(settings)
        if field.name not in known and field.required
    }


@asynccontextmanager
async def client(
    create_app: Callable[[str], Application],
    *,
    migrations: Path | None = None,
    database_url: str | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a service that runs in this process, on a migrated database.

    `create_app` gets the address of the database: the given one, or a SQLite file for this use.
    """
    with TemporaryDirectory() as folder:
        url = database_url or f"sqlite:///{folder}/service.db"
        if migrations is not None:
            await migrating.up(url, migrations)
        app = create_app(url)
        await app.startup()
        try:
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as opened:
                yield opened
        finally:
            await app.shutdown()


class Watched:
    """A database that notes the writes that are beside every transaction, and so stay whatever comes after them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.has_versions = database.has_versions
        self.beside: list[str] = []

    async def fetch_one(self, row: type[R], statement: Statement, /, **params: Value) -> R | None:
        """The first row."""
        self._note(statement)
        return await self._database.fetch_one(row, statement, **params)

    async def fetch_all(self, row: type[R], statement: Statement, /, **params: Value) -> list[R]:
        """All rows."""
        self._note(statement)
        return await self._database.fetch_all(row, statement, **params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        self._note(statement)
        return await self._database.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        self._note(statement)
        return await self._database.execute(statement, **params)

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing."""
        return self._database.transaction(serializable=serializable)

    def snapshot(self) -> AbstractAsyncContextManager[Queries]:
        """Several reads of one state."""
        return self._database.snapshot()

    async def connect(self) -> None:
        """Reach the database."""
        await self._database.connect()

    def for_caller(self, role: str, subject: str | None, now: datetime) -> Data:
        """The database as a caller's role sees it; what is beside a transaction is noted here as well."""
        seen = self._database.for_caller(role, subject, now)
        return self if seen is self._database else seen

    def pool(self) -> Pool | None:
        """How busy its connections are."""
        return self._database.pool()

    async def check(self) -> None:
        """Raises DatabaseUnavailable when it does not answer."""
        await self._database.check()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._database.close()

    def _note(self, statement: Statement) -> None:
        text = statement.text.strip()
        if not statement.is_read and not text.startswith("SELECT"):  # which locks, and leaves nothing behind
            self.beside.append(text)


# Custom logic -----------------------------------------------------------------------------------------


class Rows(Generic[R]):
    """Stands in for the rows that custom logic may read: those that a test gives it, their keys first."""

    def __init__(self, *rows: R) -> None:
        self._rows = rows

    async def find(self, *key: Any) -> R | None:
        """The row with this key, or None."""
        return next((row for row in self._rows if msgspec.structs.astuple(row)[: len(key)] == key), None)

    async def where(self, **wanted: Any) -> list[R]:
        """The rows with these values."""
        return [
            row
            for row in self._rows
            if all(value is UNSET or getattr(row, name) == value for name, value in wanted.items())
        ]


class Answering(Client):
    """Stands in for a partner: what it answers, by method and path with its query (`GET /rates/EUR`).

    An answer is the JSON of a success as Python has it, or a status. What is not there is 404. `asked` has what was
    asked so far, in order: method, path and body.
    """

    def __init__(self, answers: Mapping[str, object], *, name: str = "partner") -> None:
        super().__init__(Partner(name, attempts=1), "https://stand-in.invalid", {})
        self._answers = answers
        self.asked: list[tuple[str, str, object]] = []

    async def send(self, method: str, target: str, body: bytes | None) -> Answer:
        """The answer that the test has for this."""
        self.asked.append((method, target, None if body is None else msgspec.json.decode(body)))
        found = self._answers.get(f"{method} {target}", 404)
        if isinstance(found, int) and not isinstance(found, bool):
            return Answer(found, {}, b"")
        return Answer(200, {"content-type": "application/json"}, msgspec.json.encode(found))


class ScriptedLogic:
    """Stands in for custom logic: what it says follows from the input alone.

    `scripts` has, for each function, its `outcomes` (an `output` or an `error`, for one `input` or for any), and the
    inputs that decide (`deciding`) which of those for any input it is.
    """

    def __init__(self, scripts: dict[str, Any]) -> None:
        self._scripts = dict(scripts)
        self._looking: set[str] = set()

    def looks(self, name: str) -> None:
        """From now on, a function is called as well, before it is answered for: a test has put one in its place that
        looks at what it is handed.
        """
        self._looking.add(name)

    def says(self, name: str, *, output: dict[str, Any] | None = None, error: str | None = None) -> None:
        """From now on, a function returns this output or raises this error, whatever it is given."""
        outcome = {"output": output} if error is None else {"error": error}
        self._scripts[name] = {"outcomes": [outcome], "deciding": []}

    async def run(self, logic: Logic[I, O], given: I, function: Callable[[], Awaitable[O]]) -> O:
        """The output that the script has, or its error. The function itself is not called, unless it is looked at."""
        logic.takes(given)
        if logic.name in self._looking:
            await function()
        outcome = self._chosen(logic.name, canonical(given))
        if "error" in outcome:
            raise next(error for each in logic.raises if (error := each()).code == outcome["error"])
        return logic.returns(msgspec.convert(outcome["output"], logic.output))

    def _chosen(self, name: str, given: Any) -> Any:
        script = self._scripts[name]
        for each in script["outcomes"]:
            if "input" in each and canonical(each["input"]) == {
                key: value for key, value in given.items() if value is not None or key in each["input"]
            }:
                return each
        anything = [each for each in script["outcomes"] if "input" not in each]
        deciding = {key: value for key, value in given.items() if key in script["deciding"]}
        text = f"{name}\0{json.dumps(deciding, sort_keys=True, separators=(',', ':'))}"
        return anything[int.from_bytes(sha256(text.encode()).digest()[:6]) % len(anything)]


def canonical(value: object) -> Any:
    """A value as text, lists and objects, so that equal values are written alike."""
    match value:
        case None | bool():
            return value
        case Struct():
            return canonical(msgspec.structs.asdict(value))
        case dict():
            return {str(key): canonical(each) for key, each in value.items()}
        case list() | tuple():
            return [canonical(each) for each in value]
        case Decimal():
            return format(value.normalize(), "f")
        case int() | float():
            return format(Decimal(str(value)).normalize() + 0, "f")
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case _:
            return str(value)
