"""The stages as consecutive calls. `run` is the whole; each function before it is one stage of it.

Every stage reads the project as it is on disk, so that each can also be run alone, and records what it did in
the event log. Nothing here prints: progress goes to the `Progress` that the caller hands in.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Literal as OneOf
from typing import Protocol

import msgspec

from backwright import report as reporting
from backwright.emit import project as emitted
from backwright.emit.refusals import not_emitted
from backwright.migrate import naming
from backwright.migrate import write as write_migration
from backwright.migrate.delivered import SNAPSHOT, delivered
from backwright.migrate.obstacles import obstacles
from backwright.migrate.write import changes_data
from backwright.model import show_operations, snapshot
from backwright.model.build import examine
from backwright.model.types import Model
from backwright.plan import Plan, approval
from backwright.plan import plan as compute_plan
from backwright.project import Project
from backwright.spec import read as read_specification
from backwright.spec.diagnostics import NOWHERE, Diagnostic, Place, SpecificationError, diagnose, register
from backwright.task import acknowledge, answers, cards, events, features, questions, status
from backwright.task.evidence import Expected
from backwright.task.questions import ACCESS_CODE, Question
from backwright.verify import acceptance, runner
from backwright.verify.gates import GATES
from backwright.verify.results import GateResult, ScenarioResult
from backwright_runtime import migrations

UNKNOWN_DATABASE = register(
    "BW705",
    "A database of a kind that is not built",
    "Backends run on SQLite and PostgreSQL; anything else would be a guess.",
    "backwright migrate up --database-url mysql://host/name",
)
UNREADABLE = register(
    "BW704",
    "The model of the last build cannot be read",
    "Without it nobody can say what a change would do to the data that is stored.",
    "migrations/model.json, after a merge that left conflict markers in it",
)
Way = OneOf["up", "down"]
NOT_BUILT = register(
    "BW703",
    "Nothing is built yet",
    "Serving, verifying and reporting judge a build, and there is none.",
    "backwright serve, before the first backwright build",
)
STAGES = ("check", "plan", "build", "migrate", "verify", "report")


EXPECTED = tuple(
    Expected(gate.NAME, gate.TITLE, database)
    for gate in GATES
    for database in (runner.DATABASES.values() if gate.DATABASE else (None,))
)
"""Every run that a delivery needs: each gate, on each database that it is for."""


class Progress(Protocol):
    """Where a run says what it is doing."""

    def stage(self, name: str, number: int, of: int) -> AbstractContextManager[list[str]]: ...

    def gate(self, status: str, title: str, seconds: float, summary: str) -> None: ...


class Blocked(Exception):
    """Somebody has to decide before this can go on: the open questions, and what is not approved."""

    def __init__(self, questions: Sequence[Question] = (), diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.questions = tuple(questions)
        self.diagnostics = tuple(diagnostics)
        super().__init__(", ".join([*(q.id for q in self.questions), *(d.code for d in self.diagnostics)]))


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A specification without errors: its model, what is doubtful, and every question that is still open."""

    model: Model
    warnings: tuple[Diagnostic, ...]
    questions: tuple[Question, ...]


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, the models it leads from and to, and what stands in its way (nothing when it may go on)."""

    before: Model | None
    model: Model
    plan: Plan
    blocked: tuple[Diagnostic, ...]


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did. `build` is the digest that results are bound to; `migration` is the new folder, if any."""

    build: str
    model: Model
    migration: str | None
    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    files: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole run came to."""

    build: str
    passed: bool
    verdict: str
    report: str
    gates: dict[str, str]


# check ------------------------------------------------------------------------------------------------


def check(project: Project) -> Checked:
    """Read and understand the specification. Raises SpecificationError with everything that is wrong.

    An entity without a rule is a question and not an error here: `Blocked` carries it.
    """
    started = perf_counter()
    model, diagnostics = examine(read_specification(project))
    errors = [d for d in diagnostics if d.severity == "error"]
    asked = questions.compute(diagnostics, features.every(project), events.read(project))
    events.append(project, events.CheckFinished(errors=len(errors), seconds=perf_counter() - started))
    if any(d.code != ACCESS_CODE for d in errors):
        raise SpecificationError(diagnostics)
    if errors or model is None:
        raise Blocked([q for q in asked if q.open and q.form == "expression"], errors)
    return Checked(
        model=model,
        warnings=(*(d for d in diagnostics if d.severity == "warning"), *_scenario_mistakes(project, model)),
        questions=tuple(q for q in asked if q.open),
    )


def _scenario_mistakes(project: Project, model: Model) -> list[Diagnostic]:
    """What is wrong with the acceptance scenarios. The gate fails on it; for the specification it is a warning."""
    found: list[Diagnostic] = []
    for path in acceptance.scenario_files(project):
        try:
            found += acceptance.check(acceptance.read_scenarios(path, project), model)
        except SpecificationError as error:
            found += error.diagnostics
    return [msgspec.structs.replace(each, severity="warning") for each in found]


def rehearse(project: Project) -> list[ScenarioResult]:
    """Execute the acceptance scenarios against the reference, before anything is built.

    Raises SpecificationError with what is wrong in the specification or in the scenarios.
    """
    model = check(project).model
    scenarios = [
        each
        for path in acceptance.scenario_files(project)
        for each in acceptance.read_scenarios(path, project)
    ]
    mistakes = acceptance.check(scenarios, model)
    if mistakes:
        raise SpecificationError(mistakes)
    return acceptance.rehearse(scenarios, model)


def explain(model: Model, operation: str) -> str:
    """What an operation means, with all sugar expanded."""
    return show_operations.operation_text(model, operation)


# task -------------------------------------------------------------------------------------------------


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A task card's answer, and the questions that stop its build."""

    acknowledgement: acknowledge.Acknowledgement
    blocking: tuple[Question, ...]


def receive(project: Project, path: Path) -> Received:
    """Read a task card, put its questions to those who decide, and answer it. Raises SpecificationError."""
    card = cards.read(path, project)
    folders = features.every(project)
    model, diagnostics = examine(read_specification(project))
    events.append(
        project, events.TaskReceived(task=card.id, name=card.name, file=card.file, sha256=card.sha256)
    )
    asked = questions.compute(diagnostics, folders, events.read(project), card)
    questions.ask(project, asked, events.read(project))
    answered = acknowledge.acknowledge(card, model, folders, asked, events.read(project))
    events.append(project, events.TaskAcknowledged(task=card.id))
    return Received(acknowledgement=answered, blocking=tuple(q for q in asked if q.open and q.blocking))


def current_questions(project: Project) -> tuple[Question, ...]:
    """Every question that the files raise as they are now; the card is the one that was received last."""
    log = events.read(project)
    _, diagnostics = examine(read_specification(project))
    return questions.compute(diagnostics, features.every(project), log, _card(project, log))


def answer(project: Project, question: str, text: str, *, by: str, role: str) -> None:
    """Record an answer. Raises SpecificationError when the question is not open or another role decides it."""

    def examined(project: Project) -> Sequence[Diagnostic]:
        return examine(read_specification(project))[1]

    answers.answer(project, current_questions(project), question, text, by=by, role=role, examine=examined)


def task_status(project: Project) -> status.TaskStatus:
    """Where the work stands, from the event log and the files."""
    return status.compute(
        project, events.read(project), current_questions(project), build_digest(project), EXPECTED
    )


def _card(project: Project, log: events.Log) -> cards.Card | None:
    received = [e for e in log.events if isinstance(e, events.TaskReceived)]
    path = project.root / received[-1].file if received else None
    return cards.read(path, project) if path and path.is_file() else None


# plan -------------------------------------------------------------------------------------------------


def plan(project: Project) -> Planned:
    """What would change since the last build. Raises SpecificationError; being blocked is an answer here."""
    return _plan(project, check(project).model)


def _plan(project: Project, model: Model) -> Planned:
    _refuse(model)
    started = perf_counter()
    before = _previous(project)
    computed = compute_plan(before, model)
    blocked = approval.blocked(computed, approval.read(project.approvals, project.root))
    events.append(
        project,
        events.PlanMade(
            plan=computed.hash,
            changes=len(computed.changes),
            needs_approval=bool(blocked),
            seconds=perf_counter() - started,
        ),
    )
    return Planned(before=before, model=model, plan=computed, blocked=tuple(blocked))


def _refuse(model: Model) -> None:
    """Raises SpecificationError with every part of the model that the emitters do not know yet."""
    found = not_emitted(model)
    if found:
        raise SpecificationError(found)


def approve(
    project: Project, plan_hash: str, changes: Sequence[str], *, by: str, reason: str, rollback: str
) -> Path:
    """Approve named changes of exactly the plan at hand; returns the file. Raises SpecificationError."""
    computed = plan(project).plan
    approved = approval.approve(
        computed, plan_hash, changes, by=by, reason=reason, rollback=rollback, at=datetime.now(UTC)
    )
    path = approval.write(approved, project.approvals)
    events.append(project, events.ApprovalRecorded(plan=computed.hash, by=by))
    return path


def _previous(project: Project) -> Model | None:
    """The model of the last build."""
    path = project.root / SNAPSHOT
    if not path.is_file():
        return None
    try:
        return snapshot.decode(path.read_bytes())
    except msgspec.MsgspecError as error:
        mend = "restore it from version control, or build with the version of Backwright that wrote it"
        message = f"the model of the last build cannot be read: {error}"
        raise SpecificationError([diagnose(UNREADABLE, Place(SNAPSHOT, 1, 1), message, mend)]) from error


# build ------------------------------------------------------------------------------------------------


def build(project: Project, *, discard_edits: bool = False) -> Built:
    """Write the backend. Raises SpecificationError, Blocked, or EditedByHand; all leave the output as it was."""
    checked = check(project)
    _stop_at_questions(project, checked)
    return _carry_out(project, _plan(project, checked.model), discard_edits=discard_edits)


def _stop_at_questions(project: Project, checked: Checked) -> None:
    """Raises Blocked while a blocking question is open, and records that it was asked."""
    blocking = [q for q in checked.questions if q.blocking]
    if blocking:
        questions.ask(project, blocking, events.read(project))
        raise Blocked(blocking)


def _carry_out(project: Project, planned: Planned, *, discard_edits: bool) -> Built:
    """Write what the plan says, unless it refuses something or waits for an approval."""
    if planned.plan.refused:
        raise SpecificationError(planned.plan.refused)
    if planned.blocked:
        raise Blocked(diagnostics=planned.blocked)
    return _write(project, planned, discard_edits=discard_edits)


def _write(project: Project, planned: Planned, *, discard_edits: bool) -> Built:
    started = perf_counter()
    folder, files = _migration(project, planned)
    tree = delivered(project, planned.model) | files
    written = emitted.write(project, tree, discard_edits=discard_edits)
    digest = build_digest(project)
    assert digest is not None
    seconds = perf_counter() - started
    events.append(project, events.BuildFinished(build=digest, files=len(tree), seconds=seconds))
    return Built(
        build=digest,
        model=planned.model,
        migration=folder,
        written=written.changed,
        removed=written.removed,
        kept=written.kept,
        files=len(tree),
    )


def _migration(project: Project, planned: Planned) -> tuple[str | None, dict[str, str]]:
    """The next migration's folder and files; none when no stored data changes."""
    if not changes_data(planned.before, planned.model):
        return None, {}
    stamp = naming.next_stamp(project.migrations)
    folder = naming.folder_name(planned.plan, stamp)
    files = write_migration(planned.plan, planned.before, planned.model, stamp)
    return folder, {f"migrations/{folder}/{name}": text for name, text in files.items()}


def build_digest(project: Project) -> str | None:
    """The digest that results are bound to: specification and generated files as they are on disk."""
    return emitted.digest(project)


# migrate ----------------------------------------------------------------------------------------------


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


def migrate(project: Project, way: Way, given: str | None = None, *, steps: int = 1) -> list[str]:
    """Run migrations up or down; returns their names in the order in which they ran.

    Raises SpecificationError when nothing that can be run was built, MigrationError when a step fails (what
    ran before it stays and is in the ledger), and DatabaseUnavailable.
    """
    _refuse(_built(project))
    url = database_url(project, given)
    dialect: events.DatabaseName = "sqlite" if url.startswith("sqlite:") else "postgresql"
    started = perf_counter()
    if way == "up":
        names = asyncio.run(_up(project.migrations, url))
    else:
        names = asyncio.run(migrations.down(url, project.migrations, steps))
    seconds = perf_counter() - started
    for name in names:
        events.append(project, _MIGRATED[way](migration=name, database=dialect, seconds=seconds / len(names)))
    return names


async def _up(folder: Path, url: str) -> list[str]:
    """Apply what is pending. Rows that stand in the way of a migration are named before it begins."""
    applied: list[str] = []
    for state in await migrations.status(url, folder):
        earlier = [name for name in naming.migration_folders(folder) if name < state.name]
        if state.state == "pending" and earlier:
            before, after = (
                snapshot.decode((folder / name / "model.json").read_bytes())
                for name in (earlier[-1], state.name)
            )
            found = await obstacles(url, compute_plan(before, after), before, after)
            if found:
                raise SpecificationError(found)
            applied += await migrations.up(url, folder, state.name.partition("_")[0])
    return [*applied, *await migrations.up(url, folder)]


_MIGRATED = {"up": events.MigrationApplied, "down": events.MigrationRolledBack}


def migration_status(project: Project, given: str | None = None) -> list[migrations.Status]:
    """Where each migration stands in the database."""
    return asyncio.run(migrations.status(database_url(project, given), project.migrations))


# serve ------------------------------------------------------------------------------------------------


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """How to start the built backend for development."""

    command: tuple[str, ...]
    environment: dict[str, str]
    notes: tuple[str, ...]


def serving(project: Project, given: str | None, host: str, port: int) -> Serving:
    """The command that serves the build, after its database was migrated. Raises Blocked when nothing is built."""
    package = _package(project)
    url = database_url(project, given)
    applied = migrate(project, "up", given)
    notes = [f"database {url.partition('@')[2] or url}", *(f"applied {name}" for name in applied)]
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(project.root)}
    if "TOKEN_KEYS" not in environment:
        environment["TOKEN_KEYS"] = f"development:{secrets.token_urlsafe(32)}"
        notes.append("TOKEN_KEYS is not set: signing with a key of this run; tokens end with it")
    notes.append(f"http://{host}:{port}/docs")
    command = (sys.executable, "-m", package, "serve", "--host", host, "--port", str(port))
    return Serving(command=command, environment=environment, notes=tuple(notes))


def _package(project: Project) -> str:
    return _built(project).service.package


def _built(project: Project) -> Model:
    """The model of the last build. Raises SpecificationError when there is none."""
    built = _previous(project)
    if built is None:
        mend = "run `backwright build` first"
        raise SpecificationError([diagnose(NOT_BUILT, NOWHERE, "there is no backend to work with", mend)])
    return built


# verify -----------------------------------------------------------------------------------------------


def verify(
    project: Project,
    gates: Sequence[str],
    databases: Sequence[str],
    progress: Progress,
    *,
    seed: int = 1,
    requests: int = 2000,
) -> list[GateResult]:
    """Judge the build by its gates; each result becomes an artifact and an event. Raises SpecificationError."""
    _package(project)
    model = check(project).model
    _refuse(model)
    digest = build_digest(project)
    assert digest is not None
    run = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    results = []
    for result in runner.run(project, model, digest, gates, databases, seed=seed, requests=requests):
        _keep(project, run, result)
        progress.gate(result.status, _title(result), result.seconds, result.summary)
        results.append(result)
    return results


def _title(result: GateResult) -> str:
    return f"{result.title} ({result.database})" if result.database else result.title


def _keep(project: Project, run: str, result: GateResult) -> None:
    """Store a result as an artifact, and its hash in the event log."""
    name = f"{result.gate}-{result.database}.json" if result.database else f"{result.gate}.json"
    path = project.runs / run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
    path.write_bytes(data)
    events.append(
        project,
        events.GateFinished(
            gate=result.gate,
            database=result.database,
            status=result.status,
            artifact=path.relative_to(project.root).as_posix(),
            sha256=hashlib.sha256(data).hexdigest(),
            build=result.build,
            seconds=result.seconds,
        ),
    )


# report -----------------------------------------------------------------------------------------------


def report(project: Project) -> tuple[reporting.Report, tuple[Path, ...]]:
    """Compute the completion report from artifacts, write it, and tick the stories that are done in tasks.md."""
    _package(project)
    model = check(project).model
    digest = build_digest(project)
    assert digest is not None
    log = events.read(project)
    folders = features.every(project)
    computed = reporting.collect(
        project,
        model,
        digest,
        log=log,
        features=folders,
        questions=current_questions(project),
        card=_card(project, log),
        expected=EXPECTED,
    )
    for folder in folders:
        features.tick(project, folder, computed.finished_stories(folder.name))
    return computed, reporting.write(project, computed)


def _verdict(computed: reporting.Report) -> str:
    """The outcome in words: what is not run is never silent."""
    if computed.outcome == "done":
        return "done"
    idle = [
        f"{gate.gate} on {gate.database}" if gate.database else gate.gate
        for gate in computed.gates
        if gate.status == "not_run"
    ]
    open_lines = [check.text.lower() for check in computed.checklist if check.state == "not done"]
    parts = [f"not run: {', '.join(idle)}"] if idle else []
    parts += [f"not so: {', '.join(open_lines)}"] if open_lines else []
    return f"not done yet ({'; '.join(parts)})"


# the whole --------------------------------------------------------------------------------------------


def run(
    project: Project,
    progress: Progress,
    *,
    databases: Sequence[str] = (),
    seed: int = 1,
    requests: int = 2000,
    discard_edits: bool = False,
) -> Outcome:
    """Check, plan, build, migrate, verify, report. Raises what its stages raise."""
    of = len(STAGES)
    with progress.stage("check", 1, of) as notes:
        checked = check(project)
        notes.append(f"{len(checked.model.entities)} entities, {len(checked.model.operations)} operations")
    with progress.stage("plan", 2, of) as notes:
        planned = _plan(project, checked.model)
        notes.append(f"{len(planned.plan.changes)} changes, plan {planned.plan.short}")
    with progress.stage("build", 3, of) as notes:
        _stop_at_questions(project, checked)
        built = _carry_out(project, planned, discard_edits=discard_edits)
        notes.append(f"{built.files} files, {len(built.written)} written, build {built.build[:12]}")
    with progress.stage("migrate", 4, of) as notes:
        applied = migrate(project, "up")
        notes.append(", ".join(applied) or "up to date")
    with progress.stage("verify", 5, of) as notes:
        results = verify(project, (), databases, progress, seed=seed, requests=requests)
        counts = Counter(result.status for result in results)
        notes.append(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()))
    with progress.stage("report", 6, of) as notes:
        computed, paths = report(project)
        verdict = _verdict(computed)
        notes.append(computed.outcome)
    return Outcome(
        build=built.build,
        passed=counts["failed"] == 0,
        verdict=verdict,
        report=str(next(path for path in paths if path.suffix == ".html")),
        gates={_title(result): result.status for result in results},
    )
