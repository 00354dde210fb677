"""The name of a migration's folder: when it was written, and what it does."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backwright.plan.changes import Change, identity
from backwright.plan.plan import Plan

_STAMP = "%Y%m%d%H%M%S"
_FOLDER = re.compile(r"\d{14}_[a-z0-9_]+\Z")
_LONGEST = 50


def clock() -> datetime:
    """Now, or the moment that SOURCE_DATE_EPOCH names, so that a build can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)


def next_stamp(migrations: Path, now: Callable[[], datetime] = clock) -> str:
    """The stamp of the next migration: now, and always later than the last one's."""
    stamp = now().strftime(_STAMP)
    last = max(stamps(migrations), default="")
    if stamp > last:
        return stamp
    after = datetime.strptime(last, _STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)
    return after.strftime(_STAMP)


def stamps(migrations: Path) -> list[str]:
    """The stamps of the migrations that are there, oldest first."""
    return [name.partition("_")[0] for name in migration_folders(migrations)]


def migration_folders(migrations: Path) -> list[str]:
    """The names of the migrations that are there, oldest first."""
    names = (path.name for path in migrations.iterdir()) if migrations.is_dir() else ()
    return sorted(name for name in names if _FOLDER.match(name))


def folder_name(plan: Plan, stamp: str) -> str:
    """`20300101000000_add_order_priority`."""
    return f"{stamp}_{slug(plan)}"


def slug(plan: Plan) -> str:
    """What the plan does to the data, in at most 50 characters."""
    kinds = ("-entity", "-field", "-index")
    names = [identity(change) for change in plan.changes if _is_data(change, kinds)]
    if names and all(name.startswith("add-entity ") for name in names):
        names = ["create " + " ".join(name.removeprefix("add-entity ") for name in names)]
    words = re.sub(r"[^a-z0-9]+", "_", " ".join(names).lower()).strip("_") or "no_change_of_data"
    if len(words) <= _LONGEST:
        return words
    return words[: _LONGEST + 1].rpartition("_")[0] or words[:_LONGEST]


def _is_data(change: Change, kinds: tuple[str, ...]) -> bool:
    return identity(change).partition(" ")[0].endswith(kinds)
