"""Repeating a request does no harm: its first answer is kept for a day, in the transaction of what it did.

Whoever repeats it while the first is still running waits for it, because the two rows have one key.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.types import Scope

from backwright_runtime.database.interface import (
    Contention,
    DatabaseUnavailable,
    Queries,
    UniqueViolation,
    Value,
)
from backwright_runtime.database.statement import Statement, sql
from backwright_runtime.errors import Invalid, Malformed
from backwright_runtime.responses import Answer

Demand = Literal["no", "optional", "required"]
Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")

KEPT = timedelta(hours=24)
KEY = re.compile(r"[!-~]{1,255}")

FIND = sql("""
    SELECT fingerprint, body, expires_at FROM backwright_idempotent_answer
    WHERE operation = :operation AND caller = :caller AND key = :key
""")
FORGET = sql("""
    DELETE FROM backwright_idempotent_answer
    WHERE operation = :operation AND caller = :caller AND key = :key
""")
CLAIM = sql("""
    INSERT INTO backwright_idempotent_answer (operation, caller, key, fingerprint, expires_at)
    VALUES (:operation, :caller, :key, :fingerprint, :expires_at)
""")
KEEP = sql("""
    UPDATE backwright_idempotent_answer SET status = :status, body = :body
    WHERE operation = :operation AND caller = :caller AND key = :key
""")
BEGIN = sql("SAVEPOINT operation")
END = sql("RELEASE SAVEPOINT operation")
UNDO = sql("ROLLBACK TO SAVEPOINT operation")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class Key(Struct, frozen=True):
    """Under what an answer is kept, and what makes two requests the same."""

    operation: str
    caller: str
    key: str
    fingerprint: bytes


class _Kept(Struct, frozen=True):
    fingerprint: bytes
    body: bytes | None
    expires_at: datetime


def key_of(
    operation: str,
    demand: Demand,
    caller: str,
    headers: Mapping[str, str],
    scope: Scope,
    body: bytes,
    told: Sequence[tuple[str, str]] = (),
) -> Key | None:
    """The key that a request comes with; `told` are its parameters that come in headers.

    Raises Malformed where it must have one, or what it has is none.
    """
    if demand == "no":
        return None
    given = headers.get("idempotency-key")
    if given is None:
        if demand == "required":
            raise Malformed(code="idempotency_key_required")
        return None
    if not KEY.fullmatch(given):
        raise Malformed(code="idempotency_key_malformed")
    return Key(operation, caller, given, _fingerprint(scope, body, told))


def _fingerprint(scope: Scope, body: bytes, told: Sequence[tuple[str, str]]) -> bytes:
    """What makes two requests the same."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = "&".join(f"{name}={value}" for name, value in asked)
    lines = "".join(f"{name}: {text}\n" for name, text in told)
    head = f"{scope['method']} {scope['path']}?{query}\n{lines}".encode("utf-8", "surrogatepass")
    return sha256(head + body).digest()


async def claimed(tx: Queries, key: Key, now: datetime) -> Answer | None:
    """The answer that was given before, with the word that it is again; None when this request is the first.

    Raises Invalid where it was given to another request, and Contention where another transaction claims the
    key at the same time.
    """
    names: dict[str, Value] = {"operation": key.operation, "caller": key.caller, "key": key.key}
    kept = await tx.fetch_one(_Kept, FIND, **names)
    if kept is not None and now < kept.expires_at and kept.body is not None:
        if bytes(kept.fingerprint) != key.fingerprint:
            raise Invalid(code="idempotency_key_reused")
        answer = _decode(kept.body)
        return msgspec.structs.replace(answer, headers={**answer.headers, "idempotency-replayed": "true"})
    if kept is not None:
        await tx.execute(FORGET, **names)
    try:
        await tx.execute(CLAIM, **names, fingerprint=key.fingerprint, expires_at=now + KEPT)
    except UniqueViolation as violation:
        raise Contention("the key was claimed at the same time") from violation
    return None


async def keep(tx: Queries, key: Key, answer: Answer) -> None:
    """Remember the answer of the request that claimed the key."""
    await tx.execute(
        KEEP,
        operation=key.operation,
        caller=key.caller,
        key=key.key,
        status=answer.status,
        body=_encode(answer),
    )


@asynccontextmanager
async def undoable(tx: Queries) -> AsyncIterator[None]:
    """A part of a transaction that is undone alone when it raises."""
    await tx.execute(BEGIN)
    try:
        yield
    except DatabaseUnavailable:
        raise  # the whole transaction is lost
    except Exception:
        await tx.execute(UNDO)
        raise
    await tx.execute(END)


class Joined:
    """The database as an idempotent operation sees it: everything belongs to one transaction."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        async with undoable(self._tx):
            return await self._tx.fetch_one(row, statement, **params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        async with undoable(self._tx):
            return await self._tx.fetch_all(row, statement, **params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        async with undoable(self._tx):
            return await self._tx.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        async with undoable(self._tx):
            return await self._tx.execute(statement, **params)

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing, within the one transaction, which is serializable already."""
        del serializable
        return self._part()

    def snapshot(self) -> AbstractAsyncContextManager[Queries]:
        """Several reads of one state: that of the one transaction."""
        return self._part()

    @asynccontextmanager
    async def _part(self) -> AsyncIterator[Queries]:
        async with undoable(self._tx):
            yield self._tx
