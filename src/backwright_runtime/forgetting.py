"""What the runtime remembers for a while is removed when its time is over."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from backwright_runtime.database.interface import DatabaseUnavailable, Queries
from backwright_runtime.database.statement import Statement, sql
from backwright_runtime.logs import LOG

HOUR = 3600
REVOKED_TOKENS = sql("DELETE FROM backwright_revoked_token WHERE expires_at <= :now")
IDEMPOTENT_ANSWERS = sql("DELETE FROM backwright_idempotent_answer WHERE expires_at <= :now")


async def forget(db: Queries, statements: Sequence[Statement], now: datetime) -> None:
    """Remove what is over."""
    for statement in statements:
        await db.execute(statement, now=now)


async def forget_hourly(db: Queries, statements: Sequence[Statement]) -> None:
    """Remove what is over, again and again; a database that is away is tried an hour later."""
    while statements:
        try:
            await forget(db, statements, datetime.now(UTC))
        except DatabaseUnavailable:
            LOG.warning("what is over could not be removed; trying again in an hour")
        except Exception as error:  # before its tables are there; nothing depends on it
            LOG.warning("what is over could not be removed", exc_info=error)
        await asyncio.sleep(HOUR)
