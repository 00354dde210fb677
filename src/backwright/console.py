"""How results look in a terminal and as JSON. Text goes to stdout, progress to stderr, JSON is one object."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from time import perf_counter
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from backwright.spec.diagnostics import Diagnostic


class Exit(IntEnum):
    """What a command's exit code means; the same for all commands."""

    OK = 0
    FOUND = 1  # the specification has errors, or a gate failed
    USAGE = 2  # the command line is wrong (also what Typer answers)
    BLOCKED = 3  # somebody has to answer a question or approve a plan
    EDITED = 4  # generated files were edited by hand
    NOT_RUN = 5  # nothing failed, but a gate that was named could not run: it has shown nothing
    INTERNAL = 70  # a defect of Backwright (EX_SOFTWARE of sysexits.h)


PLAN_BITS = {"destructive": 8, "breaking": 16, "widens_access": 32, "needs_index": 64}
"""What `plan` adds to BLOCKED for each class of changes that waits for an approval."""


def blocked_by(hazards: Iterable[str]) -> int:
    """How `plan` ends while changes of these classes wait: a code for each set of them, all BLOCKED modulo 8."""
    return Exit.BLOCKED | sum({PLAN_BITS[each] for each in hazards})


def hazards_of(code: int) -> tuple[str, ...]:
    """The classes that such a code tells of."""
    known = code % 8 == Exit.BLOCKED and 0 < code < 2 * max(PLAN_BITS.values())
    return tuple(name for name, bit in PLAN_BITS.items() if known and code & bit)


MARKS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "not_run": "[yellow]–[/]"}


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal:
    """Where a command speaks. With `json` set, stdout carries one JSON object and nothing else."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._progress = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._within_line = False

    def print(self, text: str = "") -> None:
        """Plain text: nothing in it is markup, and nothing steers the terminal."""
        if not self.json:
            self._out.print(_harmless(text))

    def styled(self, text: str) -> None:
        """Text with Rich markup; escape what comes from files."""
        if not self.json:
            self._out.print(text)

    def answer(self, command: str, code: int, **values: Any) -> None:
        """The JSON object of a command; does nothing without `--json`."""
        if self.json:
            data = {"command": command, "ok": code == Exit.OK, "exit_code": int(code), **values}
            encoded = msgspec.json.format(msgspec.json.encode(data), indent=2)
            sys.stdout.write(encoded.decode() + "\n")

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            colour = "red" if diagnostic.severity == "error" else "yellow"
            where = f"{_harmless(str(diagnostic.place))}: " if diagnostic.place.file else ""
            mild = "" if diagnostic.severity == "error" else f"{diagnostic.severity}: "
            self.styled(f"{where}[bold {colour}]{diagnostic.code}[/] {mild}{_harmless(diagnostic.message)}")
            self.styled(f"    [dim]why[/]  {_harmless(diagnostic.why)}")
            self.styled(f"    [dim]mend[/] {_harmless(diagnostic.mend)}")

    @contextmanager
    def stage(self, name: str, number: int, of: int) -> Iterator[list[str]]:
        """Shows a stage while it works and how long it took; what is appended to the list is shown behind it."""
        notes: list[str] = []
        started = perf_counter()
        filled = "█" * number + "░" * (of - number)
        with self._progress.status(f"{filled} {escape(name)}"):
            try:
                yield notes
            except BaseException:
                self._progress.print(f"[red]✗[/] {filled} {escape(name)}")
                raise
        seconds = perf_counter() - started
        detail = escape("; ".join(notes))
        self._progress.print(f"[green]✓[/] {filled} {escape(name):<9} [dim]{seconds:6.2f} s[/]  {detail}")

    def trace(self, error: BaseException) -> None:
        """Where an unexpected error came from, on stderr."""
        self._progress.print(escape("".join(traceback.format_exception(error))), style="dim")

    def note(self, text: str) -> None:
        """A line of progress on stderr."""
        if self._within_line:
            self.stream("\n")
        self._progress.print(f"  [dim]{_harmless(text)}[/]")

    def stream(self, text: str) -> None:
        """What somebody else writes, as it comes, on stderr; with `json` nobody is there to read along."""
        if text and not self.json:
            self._progress.print(f"[dim]{_harmless(text)}[/]", end="")
            self._within_line = not text.endswith("\n")

    def gate(self, status: str, title: str, seconds: float, summary: str) -> None:
        """One gate's outcome, as progress."""
        self._progress.print(
            f"  {MARKS[status]} {_harmless(title):<34} [dim]{seconds:6.1f} s[/]  {_harmless(summary)}"
        )


def _harmless(text: str) -> str:
    """Text of others: no markup, and nothing that steers the terminal."""
    return escape(_STEERING.sub("\ufffd", text))
