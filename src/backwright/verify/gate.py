"""What every gate has in common: what it is given, how it answers, and how a backend is started for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Literal as OneOf
from typing import Protocol

import msgspec

from backwright.migrate import disposable
from backwright.model.types import Model
from backwright.project import Project
from backwright.reference.calling import scripts
from backwright.verify.copies import copied
from backwright.verify.observed import Bounds, Observed
from backwright.verify.results import Cell, Finding, GateResult, Measure, ScenarioResult, Status
from backwright.verify.server import Server, running

DatabaseName = OneOf["sqlite", "postgresql"]


class NotRun(Exception):
    """A gate could not run: a tool or a database is missing. The message is the reason."""


class GateInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate judges: the files of `project`, built from `model`; `build` is the digest of both.

    `database` is the kind to run on, None for gates that need none. `seed`, `requests` and `seconds` bound
    random tests. `first` says that one finding is enough: a gate may stop there and leave out what only measures.
    `changed` are paths of files that are known to be other than when the gates last passed, `reached` the operations
    that this can show in: where to look first.
    """

    project: Project
    model: Model
    build: str
    database: DatabaseName | None = None
    seed: int = 1
    requests: int = 2000
    seconds: float = 60.0
    first: bool = False
    changed: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate decided, before it is stamped with time and build."""

    status: Status
    summary: str
    figures: dict[str, int | float | str] = {}
    findings: tuple[Finding, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    matrix: tuple[Cell, ...] = ()
    measures: tuple[Measure, ...] = ()


class Gate(Protocol):
    """A module in `gates/`. `DATABASE` says whether it runs once, or once on each kind of database."""

    NAME: str
    TITLE: str
    WHY: str
    EXAMPLE: str
    DATABASE: bool

    @staticmethod
    def judge(given: GateInput) -> Verdict: ...


class ObservingGate(Protocol):
    """A module in `gates/` that judges a running backend of any make, from outside."""

    NAME: str
    TITLE: str
    WHY: str
    EXAMPLE: str

    @staticmethod
    def observe(seen: Observed, bounds: Bounds) -> Verdict: ...


def stamped(gate: Gate, given: GateInput, verdict: Verdict, started: datetime, seconds: float) -> GateResult:
    """The verdict as a result of this gate on this build."""
    return GateResult(
        gate=gate.NAME,
        title=gate.TITLE,
        status=verdict.status,
        summary=verdict.summary,
        build=given.build,
        started=started,
        seconds=seconds,
        database=given.database,
        figures=verdict.figures,
        findings=verdict.findings,
        scenarios=verdict.scenarios,
        matrix=verdict.matrix,
        measures=verdict.measures,
    )


def found(
    findings: list[Finding], passed: str, figures: dict[str, int | float | str] | None = None
) -> Verdict:
    """Failed with these findings, or passed where there are none."""
    summary = passed
    if findings:
        more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        what = " ".join(findings[0].what.split())  # a summary is a line
        summary = f"{findings[0].where + ': ' if findings[0].where else ''}{what}{more}"
    status: Status = "failed" if findings else "passed"
    return Verdict(status=status, summary=summary, figures=figures or {}, findings=tuple(findings))


@contextmanager
def database(kind: DatabaseName | None) -> Iterator[str]:
    """The address of an empty database that is gone afterwards. Raises NotRun when there is none."""
    if kind is None:
        raise NotRun("this gate needs a database")
    if kind == "sqlite":
        with disposable.sqlite_url() as url:
            yield url
        return
    with disposable.postgres_url() as (address, reason):
        if address is None:
            raise NotRun(reason)
        yield address


@contextmanager
def backend(
    given: GateInput,
    *,
    as_written: bool = False,
    token_keys: str = "",
    extra: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The project's backend, running on a disposable database; `token_keys` where its tokens are signed elsewhere.
    `extra` joins its environment.

    It runs in a copy of the project, so that code that an agent wrote finds no `.env` beside it.
    Something stands in for custom logic, as it does in the reference, unless it is to be run `as_written`.
    """
    stand_ins = None if as_written else scripts(given.model)
    package = given.model.service.package
    with (
        database(given.database) as url,
        copied(given.project.root) as root,
        running(root, package, url, token_keys=token_keys, scripts=stand_ins, extra=extra) as server,
    ):
        yield server
