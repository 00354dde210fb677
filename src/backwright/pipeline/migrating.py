"""Running the migrations of a build on a database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Literal as OneOf

from backwright.migrate import naming
from backwright.migrate.expansion import made_by, outstanding
from backwright.migrate.inspect import dialect_of, differences, inspect
from backwright.migrate.obstacles import obstacles
from backwright.model import snapshot
from backwright.pipeline.planning import built, refuse
from backwright.plan import plan as compute_plan
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register
from backwright.task import events
from backwright_runtime import migrations

UNKNOWN_DATABASE = register(
    "BW705",
    "A database of a kind that is not built",
    "Backends run on SQLite and PostgreSQL; anything else would be a guess.",
    "backwright migrate up --database-url mysql://host/name",
)
Way = OneOf["up", "down"]


def database_url(project: Project, given: str | None) -> str:
    """The database to work on: the one that was named, else an SQLite file among the project's state.

    Raises SpecificationError when it is of a kind that is not built.
    """
    if given and not given.startswith(("sqlite:///", "postgresql://", "postgres://")):
        message = f"a database address begins with sqlite:/// or postgresql://, not with {given.partition('://')[0]!r}"
        mend = "other databases are not built; the architect decides which is used"
        raise SpecificationError([diagnose(UNKNOWN_DATABASE, NOWHERE, message, mend)])
    if given:
        return given
    project.state.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(project.state / 'development.db').as_posix()}"


def migrate(
    project: Project, way: Way, given: str | None = None, *, steps: int = 1, reason: str = ""
) -> list[str]:
    """Run migrations up or down; returns their names in the order in which they ran. A reason is for the record of a
    way down.

    Raises SpecificationError when nothing that can be run was built, MigrationError when a step fails (what
    ran before it stays and is in the ledger), and DatabaseUnavailable.
    """
    refuse(built(project))
    migrations.narrate()
    url = database_url(project, given)
    dialect: events.DatabaseName = "sqlite" if url.startswith("sqlite:") else "postgresql"
    started = perf_counter()
    if way == "up":
        names = asyncio.run(_up(project.migrations, url))
    else:
        names = asyncio.run(migrations.down(url, project.migrations, steps))
    seconds = perf_counter() - started
    for name in names:
        each = seconds / len(names)
        events.append(
            project,
            events.MigrationApplied(migration=name, database=dialect, seconds=each)
            if way == "up"
            else events.MigrationRolledBack(migration=name, database=dialect, seconds=each, reason=reason),
        )
    return names


async def _up(folder: Path, url: str) -> list[str]:
    """Apply what is pending. Rows that stand in the way of a migration are named before it begins."""
    applied: list[str] = []
    for state in await migrations.status(url, folder):
        earlier = [name for name in naming.migration_folders(folder) if name < state.name]
        if state.state == "pending":
            if earlier:
                await _unobstructed(folder, url, earlier[-1], state.name)
            applied += await migrations.up(url, folder, state.name.partition("_")[0])
    return [*applied, *await migrations.up(url, folder)]


async def _unobstructed(folder: Path, url: str, former: str, later: str) -> None:
    """Raises SpecificationError with the rows that stand in the way of the later migration."""
    before, after = (snapshot.decode((folder / name / "model.json").read_bytes()) for name in (former, later))
    if found := await obstacles(url, compute_plan(before, after), before, after):
        raise SpecificationError(found)


def migration_status(project: Project, given: str | None = None) -> list[migrations.Status]:
    """Where each migration stands in the database."""
    return asyncio.run(migrations.status(database_url(project, given), project.migrations))


def uncontracted(project: Project) -> str | None:
    """The expansion whose contraction nobody has built yet, if there is one."""
    found = outstanding(project.migrations)
    return found.migration if found else None


def schema_drift(project: Project, given: str | None = None) -> list[str]:
    """Where the database's schema is not what its migrations made, in words; none where one is half way.

    What somebody added, dropped or changed by hand; the runtime's own tables and what migrations keep are left out.
    """
    return asyncio.run(_drift(project.migrations, database_url(project, given)))


async def _drift(folder: Path, url: str) -> list[str]:
    states = await migrations.status(url, folder)
    applied = [state.name for state in states if state.state == "applied"]
    if not applied or any(state.state not in ("applied", "pending") for state in states):
        return []
    return differences(await inspect(url), made_by(folder / applied[-1], dialect_of(url)))
