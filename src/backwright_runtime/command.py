"""The command line of a service: `serve`, `migrate up|down|status|purge`.

Exit codes: 0 done; 1 it failed, and the message says why; 2 wrong usage or environment.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import uvicorn

from backwright_runtime import logs, migrations
from backwright_runtime.application import Application
from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.protocol import PatientProtocol
from backwright_runtime.retained import KEPT_DAYS, Kept
from backwright_runtime.settings import RuntimeSettings, SettingsError

S = TypeVar("S", bound=RuntimeSettings)
GRACE = 10
"""Seconds that running requests get when the service is told to stop."""
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than load balancers keep theirs (60 as they come), so that it is not
the service who closes one on which a request is already under way."""


def main(
    create_app: Callable[[S], Application],
    settings: type[S],
    *,
    migrations: Path,
    kept_days: int = KEPT_DAYS,
    arguments: Sequence[str] | None = None,
) -> NoReturn:
    """Do what the command line says, and exit. `kept_days`: so long what migrations drop can be restored."""
    given = _parser(kept_days).parse_args(arguments)
    try:
        sys.exit(_run(create_app, settings.from_environment(), migrations, given))
    except SettingsError as error:
        _say(str(error))
        sys.exit(2)


def _parser(kept_days: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Configuration comes from the environment; see .env.example."
    )
    parser.set_defaults(kept_days=kept_days)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer requests until told to stop")
    serve.add_argument("--host", help="instead of HOST")
    serve.add_argument("--port", type=int, help="instead of PORT")
    migrate = commands.add_parser("migrate", help="change the database").add_subparsers(
        dest="way", required=True
    )
    up = migrate.add_parser("up", help="apply what is pending")
    up.add_argument("--to", metavar="TIME", help="stop after the migration whose name begins with this")
    down = migrate.add_parser("down", help="roll back the last migration")
    down.add_argument("--steps", type=int, default=1, metavar="N", help="how many migrations (default 1)")
    purge = migrate.add_parser("purge", help="remove for good what migrations took away and kept long enough")
    purge.add_argument(
        "--days",
        type=_at_least(kept_days),
        default=kept_days,
        metavar="N",
        help=f"kept for so many days or longer (default and least {kept_days})",
    )
    migrate.add_parser("status", help="show where each migration stands; exit 1 when any is pending")
    return parser


def _run(create_app: Callable[[S], Application], settings: S, folder: Path, given: argparse.Namespace) -> int:
    if given.command == "serve":
        return _serve(create_app(settings), folder, given.host, given.port)
    try:
        return asyncio.run(_migrate(settings.database_url, folder, given))
    except migrations.MigrationError as error:
        _say(str(error))
    except DatabaseUnavailable as error:
        _say(f"the database cannot be reached ({error}); see DATABASE_URL")
    return 1


async def _migrate(url: str, folder: Path, given: argparse.Namespace) -> int:
    migrations.narrate()
    match given.way:
        case "up":
            for name in await migrations.up(url, folder, given.to):
                print(f"applied {name}")
        case "down":
            for name in await migrations.down(url, folder, given.steps):
                print(f"rolled back {name}")
        case "purge":
            for each in await migrations.purge(url, given.days):
                print(f"removed {each.found.name}, which {each.migration} kept")
        case _:
            states = await migrations.status(url, folder)
            for state in states:
                print(f"{state.state:16} {state.done}/{state.steps}  {state.name}")
            for kept in await migrations.retained(url, given.kept_days):
                print(f"{'kept':16} {_said(kept)}")
            if expansion := migrations.uncontracted(folder):
                words = "approve it and build when the earlier version is gone"
                print(f"{'outstanding':16} the contraction of {expansion}: {words}")
            return 0 if all(each.state == "applied" for each in states) else 1
    return 0


def _said(kept: Kept) -> str:
    where = kept.found.name if kept.found.kind == "table" else f"{kept.found.table}.{kept.found.name}"
    return (
        f"{where}: `migrate down` as far as {kept.migration} restores it; "
        f"from {kept.until:%Y-%m-%d} on `migrate purge` removes it"
    )


def _at_least(kept_days: int) -> Callable[[str], int]:
    def days(given: str) -> int:
        if (found := int(given)) < kept_days:
            raise argparse.ArgumentTypeError(f"what is dropped is kept for at least {kept_days} days")
        return found

    return days


def _serve(app: Application, folder: Path, host: str | None, port: int | None) -> int:
    app.migrations = folder
    app.access_log = logs.configure(app.settings.log_level)
    config = uvicorn.Config(
        app,
        host=host or app.settings.host,
        port=app.settings.port if port is None else port,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit:  # what is wrong (no database, a port that is taken) is in the log
        return 1
    return 0 if server.started else 1


def _say(message: str) -> None:
    print(message, file=sys.stderr)
