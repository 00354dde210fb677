"""What the recorded runs still prove: each gate's last result, believed only while its artifact is unchanged.

A result counts when the event log names it, the artifact lies on disk with the hash that was recorded, and it
was about the build at hand. Everything else is `not_run`, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from backwright.project import Project
from backwright.task.events import DatabaseName, GateFinished, Log
from backwright.verify.results import GateResult, Status

_decoder = msgspec.json.Decoder(GateResult)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of a gate on a database, and what it is worth now. `result` is None unless it counts."""

    gate: str
    title: str
    database: DatabaseName | None
    status: Status
    reason: str
    artifact: str
    sha256: str
    build: str
    seconds: float
    result: GateResult | None = None

    @property
    def stale(self) -> bool:
        return self.result is None


class Expected(msgspec.Struct, frozen=True):
    """A gate run that a delivery needs. `named` says that it runs only where somebody names it."""

    gate: str
    title: str
    database: DatabaseName | None
    named: bool = False


def gather(
    project: Project, log: Log, build: str | None, expected: Iterable[Expected] = ()
) -> tuple[Evidence, ...]:
    """The last run of every gate and database, weighed against the files and the build at hand.

    What is expected and never ran is there as well, as not run.
    """
    last: dict[tuple[str, str | None], GateFinished] = {}
    for event in log.events:
        if isinstance(event, GateFinished):
            last[event.gate, event.database] = event
    wanted = {(run.gate, run.database): run for run in expected}
    titles = {run.gate: run.title for run in wanted.values()}
    found = {key: _weighed(project, event, build, titles) for key, event in last.items()}
    missing = {key: _never(run) for key, run in wanted.items() if key not in found}
    order = [*(key for key in wanted), *(key for key in found if key not in wanted)]
    return tuple((found | missing)[key] for key in order)


def _never(run: Expected) -> Evidence:
    how = f": it asks a service on the network, run `backwright verify {run.gate}`" if run.named else ""
    return Evidence(
        gate=run.gate,
        title=run.title,
        database=run.database,
        status="not_run",
        reason=f"it never ran{how}",
        artifact="",
        sha256="",
        build="",
        seconds=0.0,
    )


def _weighed(project: Project, event: GateFinished, build: str | None, titles: Mapping[str, str]) -> Evidence:
    result, reason = _believed(project, event, build)
    return Evidence(
        gate=event.gate,
        title=result.title if result else titles.get(event.gate, event.gate),
        database=event.database,
        status=result.status if result else "not_run",
        reason=reason,
        artifact=event.artifact,
        sha256=event.sha256,
        build=event.build,
        seconds=event.seconds,
        result=result,
    )


def _believed(project: Project, event: GateFinished, build: str | None) -> tuple[GateResult | None, str]:
    """The result, or None and why it does not count."""
    if build is None:
        return None, "there is no build"
    if event.build != build:
        return None, f"the run was about another build ({event.build[:12]})"
    file = project.root / event.artifact
    if not file.resolve().is_relative_to(project.root.resolve()):
        return None, f"the artifact {event.artifact} lies outside the project"
    try:
        data = file.read_bytes()
    except OSError:
        return None, f"the artifact {event.artifact} is missing"
    if hashlib.sha256(data).hexdigest() != event.sha256:
        return None, f"the artifact {event.artifact} was altered after the run"
    try:
        result = _decoder.decode(data)
    except msgspec.DecodeError:
        return None, f"the artifact {event.artifact} is not a gate result"
    if (result.gate, result.database, result.build, result.status) != (
        event.gate,
        event.database,
        event.build,
        event.status,
    ):
        return None, f"the artifact {event.artifact} is not the run that was recorded"
    return result, result.summary
