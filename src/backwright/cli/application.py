"""The application that commands belong to, their common options, and how each of them ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from backwright import __version__
from backwright.console import Terminal
from backwright.project import Project

app = typer.Typer(
    name="backwright",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A specification goes in; a production backend comes out, with the evidence that it is right.",
)
migrate_app = typer.Typer(no_args_is_help=True, help="Run the migrations of a built backend on a database.")
app.add_typer(migrate_app, name="migrate")

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", "-p", help="The folder with backwright.yaml. Default: the nearest upwards."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, for agents and scripts.")
]
DatabasesOption = Annotated[
    list[str] | None,
    typer.Option("--database", "-d", help="`sqlite`, `postgresql`; may be repeated. Default: both."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="DATABASE_URL",
        help="sqlite:///file.db or postgresql://… Default: an SQLite file in .backwright/.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backwright {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    pass


@contextmanager
def command(name: str, json: bool) -> Iterator[Terminal]:
    """Runs a command's body: what it raises becomes text or JSON, and an exit code that means something."""
    terminal = Terminal(json=json)
    try:
        yield terminal
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        from backwright.cli.failures import said

        code, values = said(terminal, name, error)
        leave(terminal, name, code, **values)


def leave(terminal: Terminal, command: str, code: int, **values: Any) -> NoReturn:
    """Answer as JSON where that was asked for, and exit with the code."""
    terminal.answer(command, code, **values)
    raise typer.Exit(int(code))


def project_of(folder: Path | None) -> Project:
    """The project of a command. Exits with 2 when there is none."""
    start = (folder or Path.cwd()).resolve()
    for candidate in [start] if folder else [start, *start.parents]:
        if (candidate / "backwright.yaml").is_file():
            return Project(candidate)
    raise typer.BadParameter(
        f"no backwright.yaml in {start}"
        + ("" if folder else " or above")
        + "; start with `backwright new NAME`",
        param_hint="--project",
    )
