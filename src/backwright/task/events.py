"""The append-only log of what happened: `.backwright/events.jsonl`, one JSON object per line.

Every status is computed from it and nothing in it is ever rewritten. Each line carries the SHA-256 of the
line before it, so that an edited or removed line is noticed (detected, not prevented). That the log was cut
short at the end of a line is not noticed here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal as OneOf

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register, relative_to_project
from backwright.verify.results import Status

Role = OneOf["architect", "product-manager", "team-lead", "security"]
DatabaseName = OneOf["sqlite", "postgresql"]

BEGINNING = "0" * 64

UNREADABLE = register(
    "BW910",
    "A line of the event log cannot be read",
    "Every claim is computed from the log: what a lost line recorded counts as not having happened.",
)
BROKEN_CHAIN = register(
    "BW911",
    "The event log was changed after it was written",
    "The log is evidence: where a line does not continue the one before, something was edited or removed.",
)


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Common settings of every event."""


class TaskReceived(Recorded, frozen=True, kw_only=True, tag="task_received"):
    """A task card came in; `sha256` is the card's text at that time."""

    task: str
    name: str
    file: str
    sha256: str


class TaskAcknowledged(Recorded, frozen=True, kw_only=True, tag="task_acknowledged"):
    """The task was answered with what was understood and what will be delivered."""

    task: str


class QuestionAsked(Recorded, frozen=True, kw_only=True, tag="question_asked"):
    """A question was put to the role that decides it."""

    question: str
    subject: str
    role: Role
    text: str
    blocking: bool


class AnswerRecorded(Recorded, frozen=True, kw_only=True, tag="answer_recorded"):
    """Somebody in the deciding role answered."""

    question: str
    subject: str
    text: str
    by: str
    role: Role


class DecisionRecorded(Recorded, frozen=True, kw_only=True, tag="decision_recorded"):
    """A choice that no question asked for, with what else was possible."""

    subject: str
    text: str
    by: str
    role: Role
    alternatives: tuple[str, ...] = ()


class CheckFinished(Recorded, frozen=True, kw_only=True, tag="check_finished"):
    """The specification was checked."""

    errors: int
    seconds: float = 0.0


class PlanMade(Recorded, frozen=True, kw_only=True, tag="plan_made"):
    """A plan of changes was computed; `plan` is its hash."""

    plan: str
    changes: int
    needs_approval: bool
    seconds: float = 0.0


class ApprovalRecorded(Recorded, frozen=True, kw_only=True, tag="approval_recorded"):
    """Somebody approved exactly this plan."""

    plan: str
    by: str


class BuildFinished(Recorded, frozen=True, kw_only=True, tag="build_finished"):
    """The backend was emitted; `build` is the digest of specification and generated files."""

    build: str
    files: int
    seconds: float = 0.0


class MigrationApplied(Recorded, frozen=True, kw_only=True, tag="migration_applied"):
    """A migration ran to its end on a database."""

    migration: str
    database: DatabaseName
    seconds: float = 0.0


class MigrationRolledBack(Recorded, frozen=True, kw_only=True, tag="migration_rolled_back"):
    """A migration was taken back on a database."""

    migration: str
    database: DatabaseName
    seconds: float = 0.0
    reason: str = ""


class GateFinished(Recorded, frozen=True, kw_only=True, tag="gate_finished"):
    """A gate ran. `artifact` is relative to the project; `sha256` is that of the artifact's bytes."""

    gate: str
    database: DatabaseName | None = None
    status: Status
    artifact: str
    sha256: str
    build: str
    seconds: float = 0.0


class ReportWritten(Recorded, frozen=True, kw_only=True, tag="report_written"):
    """The completion report was written; `files` maps each path to its SHA-256."""

    build: str
    files: dict[str, str]


class ImplementationStarted(Recorded, frozen=True, kw_only=True, tag="implementation_started"):
    """A provider was set on one function of custom logic. `item` is the digest of the work item; `files` has the
    SHA-256 of each file that may be written as it was then, empty where there was none."""

    run: str
    stub: str
    item: str
    provider: str
    model: str
    synthetic: bool
    files: dict[str, str]


class ImplementationAnswered(Recorded, frozen=True, kw_only=True, tag="implementation_answered"):
    """The provider answered. `patch` is the digest of what it wants to write, empty where that cannot be used."""

    run: str
    attempt: int
    patch: str
    input_tokens: int
    output_tokens: int
    dollars: float | None = None


class ImplementationJudged(Recorded, frozen=True, kw_only=True, tag="implementation_judged"):
    """An attempt was decided on: `failures` are what does not hold, by kind; none: it holds."""

    run: str
    attempt: int
    patch: str
    failures: tuple[str, ...] = ()


class ImplementationEnded(Recorded, frozen=True, kw_only=True, tag="implementation_ended"):
    """A run is over: done where there is no `reason`, and given up otherwise."""

    run: str
    stub: str
    attempts: int
    input_tokens: int
    output_tokens: int
    dollars: float | None = None
    reason: str = ""
    why: str = ""


Event = (
    TaskReceived
    | TaskAcknowledged
    | QuestionAsked
    | AnswerRecorded
    | DecisionRecorded
    | CheckFinished
    | PlanMade
    | ApprovalRecorded
    | BuildFinished
    | MigrationApplied
    | MigrationRolledBack
    | GateFinished
    | ReportWritten
    | ImplementationStarted
    | ImplementationAnswered
    | ImplementationJudged
    | ImplementationEnded
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. `previous` is the SHA-256 of the line before, without its line feed."""

    sequence: int
    at: datetime
    previous: str
    event: Event


class Log(msgspec.Struct, frozen=True):
    """Everything readable in the log, oldest first, and what could not be read or believed."""

    entries: tuple[Entry, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(entry.event for entry in self.entries)


_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder()


def read(project: Project) -> Log:
    """The log on disk. A torn last line (a kill during a write) is left out; it was never acknowledged."""
    try:
        data = project.events.read_bytes()
    except FileNotFoundError:
        return Log()
    file = relative_to_project(project.events, project.root)
    entries: list[Entry] = []
    diagnostics: list[Diagnostic] = []
    previous = BEGINNING
    for number, line in enumerate(_whole_lines(data), start=1):
        place = Place(file, number, 1)
        try:
            entry = _decoder.decode(line)
        except msgspec.DecodeError as error:
            diagnostics.append(
                diagnose(
                    UNREADABLE,
                    place,
                    f"line {number} is not an event: {error}",
                    "Restore the line from a backup.",
                )
            )
        else:
            if entry.previous != previous:
                diagnostics.append(
                    diagnose(
                        BROKEN_CHAIN,
                        place,
                        f"line {number} does not continue line {number - 1}",
                        "Restore the log from a backup, or start a new one and run the gates again.",
                    )
                )
            entries.append(entry)
        previous = _digest(line)
    return Log(tuple(entries), tuple(diagnostics))


def append(project: Project, event: Event, *, at: datetime | None = None) -> Entry:
    """Adds one event: locked against other processes, one write, on disk before this returns."""
    project.state.mkdir(parents=True, exist_ok=True)
    with _locked(project.state / "events.lock"):
        lines = _repair(project.events)
        entry = Entry(
            sequence=len(lines) + 1,
            at=(at or datetime.now(UTC)).astimezone(UTC),
            previous=_digest(lines[-1]) if lines else BEGINNING,
            event=event,
        )
        _write(project.events, _encoder.encode(entry) + b"\n")
    return entry


def _whole_lines(data: bytes) -> list[bytes]:
    """The lines of the file. A last line without its line feed counts when it is a whole event."""
    *lines, rest = data.split(b"\n")
    if rest and _is_entry(rest):
        lines.append(rest)
    return lines


def _is_entry(line: bytes) -> bool:
    try:
        _decoder.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def _repair(file: Path) -> list[bytes]:
    """The whole lines of the file, after ending it on a line: a torn last line is cut off."""
    data = file.read_bytes() if file.exists() else b""
    lines = _whole_lines(data)
    whole = b"".join(line + b"\n" for line in lines)
    if data != whole:
        with file.open("r+b") as stream:
            stream.truncate(min(len(data), len(whole)))
            if len(whole) > len(data):  # only the line feed was missing
                stream.seek(0, os.SEEK_END)
                stream.write(b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    return lines


def _write(file: Path, line: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
