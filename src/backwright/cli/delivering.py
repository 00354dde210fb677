"""Commands that plan, write, run and judge the backend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from backwright import pipeline
from backwright.cli.application import (
    DatabasesOption,
    DatabaseUrl,
    JsonOption,
    ProjectOption,
    app,
    command,
    leave,
    migrate_app,
    project_of,
)
from backwright.console import Exit, Terminal, blocked_by

if TYPE_CHECKING:
    from backwright.verify.access_examples import AccessExample
    from backwright.verify.changed_tests import TestsChange
    from backwright.verify.results import GateResult


@app.command()
def plan(
    notes: Annotated[
        bool, typer.Option("--notes", help="As notes: changelog, for clients, for operators, the way back.")
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Say what would change since the last build: data, contract, access and tests, each with hazards and reverse.

    While changes wait for an approval of exactly this plan (see `backwright approve`), it exits with 3 and, added
    to it, 8 for what is destructive, 16 for what breaks clients, 32 for what widens access, 64 for what is slow with
    as many rows as are declared: 19 is breaking, 27 is breaking and destructive. It exits with 1 when a change cannot
    be carried out with the data that is stored.
    """
    from backwright.plan import show

    with command("plan", json) as terminal:
        planned = pipeline.plan(project_of(project))
        examples, tests = pipeline.examples(planned), pipeline.changed_tests(planned)
        if notes:
            terminal.print(planned.notes())
        else:
            _show(terminal, planned, examples, tests)
        leave(
            terminal,
            "plan",
            _ending(planned),
            plan=show.as_data(planned.plan),
            verdict=planned.plan.verdict,
            blocked_by=planned.waiting,
            contraction=planned.contraction and planned.contraction.as_data(),
            expands=planned.expands,
            notes=planned.notes(),
            examples=examples,
            tests=[each.as_data() for each in tests],
            diagnostics=[*planned.plan.refused, *planned.blocked],
        )


def _ending(planned: pipeline.Planned) -> int:
    if planned.plan.refused:
        return Exit.FOUND
    return blocked_by(planned.waiting) if planned.blocked else Exit.OK


def _show(
    terminal: Terminal,
    planned: pipeline.Planned,
    examples: Sequence[AccessExample],
    tests: Sequence[TestsChange],
) -> None:
    from backwright.plan import show

    terminal.print(show.text(planned.plan))
    if tests:
        terminal.print("Delivered tests (they follow the changes; none needs an approval of its own):\n")
    for change in tests:
        terminal.print(f"{change.text()}\n")
    for example in examples:
        terminal.print(example.text())
        terminal.print("")
    if planned.expands:
        terminal.print(
            "Made in two migrations: the earlier version can serve until the contraction has an approval of its own."
        )
    if planned.contraction is not None:
        terminal.print(planned.contraction.text())
        terminal.diagnostics(planned.contraction.missing)
    terminal.diagnostics(planned.plan.warnings)
    terminal.diagnostics(planned.plan.refused)
    if planned.blocked:
        terminal.styled("[bold yellow]These changes are not approved for this plan:[/]")
        terminal.diagnostics(planned.blocked)


@app.command()
def approve(
    plan_hash: Annotated[str, typer.Argument(help="The hash that `backwright plan` printed.")],
    change: Annotated[list[str], typer.Option("--change", help="A change by name; may be repeated.")],
    by: Annotated[str, typer.Option("--by", help="Who approves.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right.")],
    rollback: Annotated[str, typer.Option("--rollback", help="What is done if it was not.")],
    sign: Annotated[
        Path | None,
        typer.Option("--sign", help="Sign with this SSH key; `--by` is then the signer's identity."),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Approve named changes of exactly one plan. Any edit of the specification voids it.

    The approval is a file in `approvals/`, to be reviewed and committed like code. Where the base branch has
    `approvals/allowed_signers`, only approvals that are signed by somebody whom it names count.
    """
    with command("approve", json) as terminal:
        path = pipeline.approve(
            project_of(project), plan_hash, change, by=by, reason=reason, rollback=rollback, key=sign
        )
        terminal.print(f"Approved in {path}.")
        terminal.answer("approve", Exit.OK, approval=str(path))


@app.command()
def build(
    project: ProjectOption = None,
    discard_edits: Annotated[
        bool, typer.Option("--discard-edits", help="Overwrite generated files that were edited by hand.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the backend: package, migration, tests, contract and project files beside the specification.

    A build that fails leaves everything as it was. Files of yours are never touched.
    """
    with command("build", json) as terminal:
        built = pipeline.build(project_of(project), discard_edits=discard_edits)
        for path in built.written:
            terminal.print(f"  {path}")
        terminal.print(
            f"{built.files} generated files, {len(built.written)} written; build {built.build[:12]}."
        )
        if built.migration:
            terminal.print(f"New migration: migrations/{built.migration}")
        terminal.answer(
            "build",
            Exit.OK,
            build=built.build,
            migration=built.migration,
            written=built.written,
            files=built.files,
        )


@app.command()
def eject(
    undo: Annotated[bool, typer.Option("--undo", help="Take the runtime out again.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Build, with the runtime inside of the project: it then needs nothing of Backwright to be installed.

    The runtime's source and licence go to `backwright_runtime/`; `pyproject.toml` lists what it needs. Later
    builds keep both up to date. To part with Backwright, delete `backwright.yaml`, `backwright.lock` and
    `.backwright/`: what is left is an ordinary project.
    """
    with command("eject", json) as terminal:
        built = pipeline.build(project_of(project), ejected=not undo)
        for path in [*built.written, *built.removed]:
            terminal.print(f"  {path}")
        terminal.print(
            f"The runtime is {'a distribution again' if undo else 'in backwright_runtime/'}; "
            f"build {built.build[:12]}."
        )
        terminal.answer("eject", Exit.OK, build=built.build, written=built.written, removed=built.removed)


@migrate_app.command("up")
def migrate_up(
    database_url: DatabaseUrl = None, project: ProjectOption = None, json: JsonOption = False
) -> None:
    """Run every migration that the database has not had."""
    _migrate("up", project, database_url, 0, json)


@migrate_app.command("down")
def migrate_down(
    database_url: DatabaseUrl = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="How many migrations to take back.")] = 1,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the event log and the report.")] = "",
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Take back the last migration, or the last few."""
    _migrate("down", project, database_url, steps, json, reason)


@migrate_app.command("status")
def migrate_status(
    database_url: DatabaseUrl = None, project: ProjectOption = None, json: JsonOption = False
) -> None:
    """Say which migrations the database has had, and where its schema is not what they made.

    Exits with 1 when somebody changed the schema past the migrations.
    """
    with command("migrate status", json) as terminal:
        lines = pipeline.migration_status(project_of(project), database_url)
        drift = pipeline.schema_drift(project_of(project), database_url)
        rest = pipeline.uncontracted(project_of(project))
        for line in lines:
            terminal.print(f"  {line.state:<9} {line.name}")
        if rest:
            terminal.print(
                f"Outstanding: the contraction of {rest}; `backwright plan` says what it takes away."
            )
        if not lines:
            terminal.print("There are no migrations: run `backwright build` first.")
        if drift:
            terminal.print("The schema is not what the migrations made:")
        for difference in drift:
            terminal.print(f"  {difference}")
        code = Exit.FOUND if drift else Exit.OK
        leave(terminal, "migrate status", code, migrations=lines, drift=drift, contraction=rest)


def _migrate(
    direction: pipeline.Way,
    folder: Path | None,
    database_url: str | None,
    steps: int,
    json: bool,
    reason: str = "",
) -> None:
    with command(f"migrate {direction}", json) as terminal:
        names = pipeline.migrate(project_of(folder), direction, database_url, steps=steps, reason=reason)
        for name in names:
            terminal.print(f"  {direction:<4} {name}")
        terminal.print(f"{len(names)} migrations run." if names else "Nothing to do.")
        terminal.answer(f"migrate {direction}", Exit.OK, migrations=names)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    database_url: DatabaseUrl = None,
    project: ProjectOption = None,
) -> None:
    """Serve the built backend for development: migrates first, then answers; documentation at /docs.

    In production run the package itself: `python -m PACKAGE serve`, configured by the environment.
    """
    with command("serve", False) as terminal:
        serving = pipeline.serving(project_of(project), database_url, host, port)
        for note in serving.notes:
            terminal.note(note)
        # The server takes this process's place: signals reach it, and there is nothing left to wait for it.
        os.execvpe(serving.command[0], serving.command, serving.environment)  # noqa: S606


@app.command()
def verify(
    gates: Annotated[list[str] | None, typer.Argument(help="Gates by name; default: all.")] = None,
    database: DatabasesOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the random requests; the same one replays.")] = 1,
    requests: Annotated[int, typer.Option(min=50, help="Requests that the behaviour gate compares.")] = 2000,
    target: Annotated[
        Path | None,
        typer.Option(
            "--target", help="Judge the backend of this target file instead, of any make, from outside."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="With --target: where results go. Default: `.backwright-target/` beside it."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="With --target: how long a gate that tries at random may take.")
    ] = 60.0,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the built backend by its gates, such as migrations, acceptance and behaviour.

    Every result is an artifact in `.backwright/runs/`. A gate that could not run says so: it never counts as
    passed. Where nothing failed, and a gate that was named could not run, the exit code is 5.
    With `--target` no project is needed: `docs/targets.md` says what a target file is.
    """
    if target is not None:
        _verify_target(target, gates or (), out, seed, requests, seconds, json)
    with command("verify", json) as terminal:
        results = pipeline.verify(
            project_of(project), gates or (), database or (), terminal, seed=seed, requests=requests
        )
        _say_findings(terminal, results)
        leave(terminal, "verify", _judged(terminal, results, gates or ()), results=results)


def _verify_target(
    target: Path, gates: Sequence[str], out: Path | None, seed: int, requests: int, seconds: float, json: bool
) -> NoReturn:
    if not target.is_file():
        raise typer.BadParameter(f"there is no file {target}", param_hint="--target")
    with command("verify", json) as terminal:
        from backwright.verify.observed import Bounds

        bounds = Bounds(seed=seed, requests=requests, seconds=seconds)
        results, folder = pipeline.verify_target(target, gates, terminal, out=out, bounds=bounds)
        _say_findings(terminal, results)
        code = _judged(terminal, results, gates)
        terminal.print(f"Results: {folder}")
        leave(terminal, "verify", code, results=results, folder=str(folder))
    raise AssertionError("leave does not return")


def _judged(terminal: Terminal, results: Sequence[GateResult], named: Sequence[str]) -> Exit:
    """What came of it in one code. Who names a gate wants to know what it shows: where it could not run, nothing."""
    missing = [result for result in results if result.status == "not_run"]
    if missing:
        terminal.print(f"Not run: {', '.join(dict.fromkeys(each.title for each in missing))}.")
    if any(result.status == "failed" for result in results):
        return Exit.FOUND
    return Exit.NOT_RUN if any(each.gate in named for each in missing) else Exit.OK


def _say_findings(terminal: Terminal, results: Sequence[GateResult]) -> None:
    for result in results:
        for finding in result.findings:
            terminal.styled(f"[red]{result.gate}[/] {escape(finding.where)}")
            terminal.print(f"    {finding.what}")
            if finding.replay:
                terminal.print("    " + finding.replay.replace("\n", "\n    "))


@app.command()
def report(
    link: Annotated[
        list[Path] | None,
        typer.Option(
            "--link", help="A document to link the evidence into, between its marks; may be repeated."
        ),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Write the completion report (Markdown, JSON, web page), computed from artifacts only.

    A claim whose artifact is missing, altered or about another build is reported as not run. `--link` writes it into
    a Markdown document of the project, too: between `<!-- backwright: FR-001 -->` and `<!-- /backwright -->`.
    """
    with command("report", json) as terminal:
        here = project_of(project)
        computed, paths = pipeline.report(here)
        terminal.print(f"Build {computed.build[:12]}: {computed.outcome}")
        for path in paths:
            terminal.print(f"  {path}")
        linked = pipeline.link(here, computed, link or ())
        for each in linked:
            said = "evidence linked" if each.changed else "as it was"
            terminal.print(f"  {each.file}: {said} ({each.parts} marked)")
        terminal.answer(
            "report",
            Exit.OK,
            outcome=computed.outcome,
            files=[str(path) for path in paths],
            linked=linked,
        )


@app.command()
def run(
    database: DatabasesOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the random requests.")] = 1,
    requests: Annotated[int, typer.Option(min=50, help="Requests that the behaviour gate compares.")] = 2000,
    discard_edits: Annotated[bool, typer.Option("--discard-edits", help="Give up edits by hand.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """The whole loop: check, plan, build, migrate, verify, report, with progress.

    Stops where somebody has to decide (exit code 3) and ends with 1 when a gate failed.
    """
    with command("run", json) as terminal:
        outcome = pipeline.run(
            project_of(project),
            terminal,
            databases=database or (),
            seed=seed,
            requests=requests,
            discard_edits=discard_edits,
        )
        terminal.diagnostics(outcome.warnings)
        terminal.print(f"Build {outcome.build[:12]}: {outcome.verdict}")
        terminal.print(f"Report: {outcome.report}")
        leave(terminal, "run", Exit.OK if outcome.passed else Exit.FOUND, outcome=outcome)
