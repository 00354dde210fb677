"""What a run leaves behind, so that a kill at any point loses at most the answer that was on its way.

The event log says what happened; beside it lie the patches, by attempt, in `.backwright/agent/<run>/`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from backwright.agent.loop import Resumed, Spent
from backwright.agent.patches import Patch
from backwright.agent.verdicts import Failure, told
from backwright.emit.project import confined
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register
from backwright.task import events

AT_WORK = register(
    "BW934",
    "Another run is at work on this function",
    "Two runs of one function would pay twice, and one of them would be written over.",
)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A run: its name, and the SHA-256 of the allowed files when it began (empty: there was none)."""

    run: str
    files: dict[str, str]
    resumed: Resumed | None = None


@contextmanager
def at_work(project: Project, stub: str) -> Iterator[None]:
    """Keeps other runs of the same function away. Raises SpecificationError where one is at work."""
    confined(project.root, ".backwright/agent")
    folder = project.state / "agent"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{stub}.lock").open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "wait for it, or end it: it goes on when it is started again"
            raise SpecificationError(
                [diagnose(AT_WORK, NOWHERE, f"a run of {stub!r} is at work", mend)]
            ) from None
        yield


def new_run() -> str:
    """A name for a run."""
    return f"run-{secrets.token_hex(6)}"


def unfinished(project: Project, stub: str, item: str) -> Started | None:
    """The last run of this function, where it was of the same work item and did not come to its end."""
    log = events.read(project).events
    started = [each for each in log if isinstance(each, events.ImplementationStarted) and each.stub == stub]
    if not started or started[-1].item != item:
        return None
    run = started[-1].run
    if any(isinstance(each, events.ImplementationEnded) and each.run == run for each in log):
        return None
    answered = [each for each in log if isinstance(each, events.ImplementationAnswered) and each.run == run]
    decided = [each for each in log if isinstance(each, events.ImplementationJudged) and each.run == run]
    return Started(run=run, files=started[-1].files, resumed=_resumed(project, run, answered, decided))


def _resumed(
    project: Project,
    run: str,
    answered: list[events.ImplementationAnswered],
    decided: list[events.ImplementationJudged],
) -> Resumed | None:
    if not answered:
        return None
    spent = Spent()
    for each in answered:
        spent = spent.plus(
            Spent(input_tokens=each.input_tokens, output_tokens=each.output_tokens, dollars=each.dollars)
        )
    failed = [each for each in decided if each.failures]
    verdicts = {each.attempt: _verdict(project, run, each.attempt) for each in failed}
    beyond = sum("out_of_bounds" in each.failures for each in failed)
    seen = tuple(each.patch for each in failed if each.patch and "out_of_bounds" not in each.failures)
    last = failed[-1].attempt if failed else None
    patches = [_patch(project, run, each.attempt, each.patch) for each in failed if each.patch]
    resumed = Resumed(
        attempt=1 if last is None else last + 1,
        spent=spent,
        seen=seen,
        out_of_bounds=beyond,
        feedback="" if last is None else told(verdicts[last]),
        last=patches[-1] if patches else None,
    )
    latest = answered[-1]
    if not latest.patch or (last is not None and latest.attempt <= last):
        return resumed
    # Answered and not decided on, or accepted and not delivered: the answer is there, and is not asked for again.
    patch = _patch(project, run, latest.attempt, latest.patch)
    accepted = any(each.attempt == latest.attempt and not each.failures for each in decided)
    return msgspec.structs.replace(
        resumed, attempt=latest.attempt, patch=patch, accepted=accepted and patch is not None
    )


def keep_patch(project: Project, run: str, attempt: int, patch: Patch) -> None:
    """Put a patch on disk, before the event that names it."""
    _keep(_folder(project, run) / f"{attempt}.patch.json", msgspec.json.encode(patch))


def keep_verdict(project: Project, run: str, attempt: int, failures: tuple[Failure, ...]) -> None:
    """Put what did not hold on disk, in full."""
    _keep(_folder(project, run) / f"{attempt}.verdict.json", msgspec.json.encode(failures))


def _folder(project: Project, run: str) -> Path:
    return project.state / "agent" / run


def _keep(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)


def _patch(project: Project, run: str, attempt: int, digest: str) -> Patch | None:
    """A patch as it was noted; None where it is gone or another one lies there."""
    try:
        data = (_folder(project, run) / f"{attempt}.patch.json").read_bytes()
        patch = msgspec.json.decode(data, type=Patch)
    except (OSError, msgspec.DecodeError):
        return None
    return patch if patch.digest == digest else None


def _verdict(project: Project, run: str, attempt: int) -> tuple[Failure, ...]:
    try:
        data = (_folder(project, run) / f"{attempt}.verdict.json").read_bytes()
        return msgspec.json.decode(data, type=tuple[Failure, ...])
    except (OSError, msgspec.DecodeError):
        return ()
