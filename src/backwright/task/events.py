"""The append-only log of what happened: `.backwright/events.jsonl`, one JSON object per line.

Every status is computed from it and nothing in it is ever rewritten. Each line carries the SHA-256 of the
line before it, so that an edited or removed line is noticed (detected, not prevented). That the log was cut
short at the end of a line is not noticed here.

A process that is killed while it writes leaves the beginning of an event. It was never acknowledged, so it counts as
not having happened, and reading says so. Its bytes stay: the next event ends the line and is preceded by a `TailLost`
that names them by their digest.
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
TORN = register(
    "BW912",
    "The event log ends in the middle of an event",
    "A process was killed while it wrote: what it was about to record counts as not having happened.",
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


class BoxesSet(Recorded, frozen=True, kw_only=True, tag="boxes_set"):
    """Boxes of a feature's `tasks.md` were brought in line with results. Tasks are named by id, or by line."""

    feature: str
    build: str
    ticked: tuple[str, ...]
    opened: tuple[str, ...]


class TailLost(Recorded, frozen=True, kw_only=True, tag="tail_lost"):
    """The lines before this one, as many as `lines`, are what writes that were killed left. `sha256` is that of their
    bytes, with the line feeds between them."""

    lines: int
    bytes: int
    sha256: str


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
    | BoxesSet
    | TailLost
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
    """The log on disk. Lines that a killed write left are told as warnings, every other doubt as an error."""
    try:
        data = project.events.read_bytes()
    except FileNotFoundError:
        return Log()
    lines, tail = _lines(data)
    reading = _Reading(relative_to_project(project.events, project.root))
    for line in lines:
        reading.line(line)
    reading.end(tail)
    return Log(tuple(reading.entries), tuple(reading.diagnostics))


class _Reading:
    """What is known of a log while its lines are read, one after the other."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.entries: list[Entry] = []
        self.diagnostics: list[Diagnostic] = []
        self._previous = BEGINNING
        self._number = 0
        self._unread: list[tuple[bytes, Diagnostic]] = []

    def line(self, line: bytes) -> None:
        """The next whole line."""
        self._number += 1
        try:
            entry = _decoder.decode(line)
        except msgspec.DecodeError as error:
            message = f"line {self._number} is not an event: {error}"
            problem = diagnose(UNREADABLE, self._place, message, "Restore the line from a backup.")
            self._unread.append((line, problem))
        else:
            self._settle(entry.event)
            if entry.previous != self._previous:
                message = f"line {self._number} does not continue line {self._number - 1}"
                mend = "Restore the log from a backup, or start a new one and run the gates again."
                self.diagnostics.append(diagnose(BROKEN_CHAIN, self._place, message, mend))
            self.entries.append(entry)
        self._previous = _digest(line)

    def end(self, tail: bytes) -> None:
        """What follows the last line feed. The lines before it may be of killed writes, too."""
        torn = len(_torn_end([line for line, _ in self._unread], self._number))
        lost = [(line, problem.place) for line, problem in self._unread[len(self._unread) - torn :]]
        del self._unread[len(self._unread) - torn :]
        self._settle(None)
        lost += [(tail, Place(self.file, self._number + 1, 1))] if tail else []
        for line, place in lost:
            message = (
                f"line {place.line} is the beginning of an event, {len(line)} bytes: it is lost, "
                f"and what counts ends with line {lost[0][1].line - 1}"
            )
            mend = "Run again what was interrupted. The next event records the loss; no byte is removed."
            self.diagnostics.append(diagnose(TORN, place, message, mend, "warning"))

    @property
    def _place(self) -> Place:
        return Place(self.file, self._number, 1)

    def _settle(self, event: Event | None) -> None:
        """Say what the unread lines are, now that the next event is known."""
        if isinstance(event, TailLost) and event == _lost([line for line, _ in self._unread]):
            message = f"{event.bytes} bytes of a write that was killed were lost here"
            self.diagnostics += [
                diagnose(
                    TORN, problem.place, message, "Nothing is to be done: the loss is recorded.", "warning"
                )
                for _, problem in self._unread
            ]
        else:
            self.diagnostics += [problem for _, problem in self._unread]
        self._unread.clear()


def append(project: Project, event: Event, *, at: datetime | None = None) -> Entry:
    """Adds one event: locked against other processes, one write, on disk before this returns.

    What a killed write left at the end stays, and is recorded before the event. Raises OSError, and then the event
    counts as not having happened.
    """
    project.state.mkdir(parents=True, exist_ok=True)
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    with _locked(project.state / "events.lock"):
        data = project.events.read_bytes() if project.events.exists() else b""
        lines, tail = _lines(data)
        begins = b"" if not data or data.endswith(b"\n") else b"\n"
        lost = _torn_end(lines, len(lines)) + ([tail] if tail else [])
        lines += [tail] if tail else []
        new = [_lost(lost), event] if lost else [event]
        written = b""
        for each in new:
            entry = Entry(
                sequence=len(lines) + 1,
                at=moment,
                previous=_digest(lines[-1]) if lines else BEGINNING,
                event=each,
            )
            lines.append(_encoder.encode(entry))
            written += lines[-1] + b"\n"
        _write(project.events, begins + written)
    return entry


def _lines(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of the file, and what a killed write left behind them.

    A last line that lacks nothing but its line feed is a whole event.
    """
    *lines, rest = data.split(b"\n")
    if rest and _is_entry(rest):
        return [*lines, rest], b""
    return lines, rest


def _torn_end(lines: list[bytes], number: int) -> list[bytes]:
    """The last of the lines, as many as are beginnings of events: `number` is that of the last.

    There is one where the write that was to record a torn event was killed itself. A line that begins otherwise was
    not written here.
    """
    first = len(lines)
    while first:
        begins = b'{"sequence":%d,' % (number - (len(lines) - first))
        line = lines[first - 1]
        if _is_entry(line) or not (line and (line.startswith(begins) or begins.startswith(line))):
            break
        first -= 1
    return lines[first:]


def _lost(lines: list[bytes]) -> TailLost:
    joined = b"\n".join(lines)
    return TailLost(lines=len(lines), bytes=len(joined), sha256=_digest(joined))


def _is_entry(line: bytes) -> bool:
    try:
        _decoder.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def _write(file: Path, content: bytes) -> None:
    """Appends all of it. Raises OSError where only a part could be written: that part is a torn event."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
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
