"""What a command says when it cannot go on, and with which exit code it ends."""

from __future__ import annotations

import errno
from typing import Any

from rich.markup import escape

from backwright.console import Exit, Terminal
from backwright.emit.project import Changed, EditedByHand, OutsideProject
from backwright.pipeline.checking import Blocked
from backwright.spec.diagnostics import SpecificationError
from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.migrations import MigrationError

OF_THE_MACHINE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
    }
)
"""What a machine does not allow, or has no room for: its owner can mend it, and nobody has to look for a defect."""


def said(terminal: Terminal, command: str, error: Exception) -> tuple[Exit, dict[str, Any]]:
    """Says in text what is wrong; the exit code and the values of the JSON answer."""
    match error:
        case SpecificationError():
            terminal.diagnostics(error.diagnostics)
            return Exit.FOUND, {"diagnostics": error.diagnostics}
        case Blocked():
            _say_blocked(terminal, error)
            return Exit.BLOCKED, {"questions": error.questions, "diagnostics": error.diagnostics}
        case EditedByHand():
            terminal.styled("[bold red]Generated files were edited by hand:[/]")
            for path in error.paths:
                terminal.print(f"  {path}")
            terminal.print("Change the specification instead, or give the edits up with `--discard-edits`.")
            return Exit.EDITED, {"edited": error.paths}
        case DatabaseUnavailable():
            message = f"the database cannot be reached ({error}); look at --database-url or DATABASE_URL"
            terminal.styled(f"[bold red]{escape(message)}[/]")
            return Exit.FOUND, {"error": message}
        case MigrationError() | OutsideProject() | Changed():
            terminal.styled(f"[bold red]{escape(command)}:[/] {escape(str(error))}")
            return Exit.FOUND, {"error": str(error)}
        case OSError() if error.errno in OF_THE_MACHINE:
            message = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
            terminal.styled(f"[bold red]{escape(command)}:[/] {escape(message)}")
            return Exit.FOUND, {"error": message}
        case _:
            terminal.styled(f"[bold red]This is a defect of Backwright:[/] {escape(repr(error))}")
            terminal.print("Please report it with what follows. Your files are as they were.")
            terminal.trace(error)
            return Exit.INTERNAL, {"error": repr(error)}


def _say_blocked(terminal: Terminal, blocked: Blocked) -> None:
    if blocked.questions:
        terminal.styled("[bold yellow]Blocked: these questions are open.[/]")
        for question in blocked.questions:
            terminal.styled(f"  [bold]{question.id}[/] → {question.role}")
            terminal.print(f"    {question.text}")
            terminal.print(f'    backwright answer {question.id} "…" --by NAME --role {question.role}')
    elif blocked.diagnostics:
        terminal.styled("[bold yellow]Blocked: this plan needs an approval.[/]")
        terminal.diagnostics(blocked.diagnostics)
