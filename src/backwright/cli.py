"""The command line: arguments and printing, nothing else. `pipeline.py` does the work.

Exit codes are the same for all commands: 0 done, 1 the specification has errors or a gate failed, 2 the
command line is wrong, 3 somebody has to answer or approve, 4 generated files were edited by hand, 70 a defect
of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from rich.markup import escape

from backwright import __version__, mock, pipeline, starter
from backwright.console import Exit, Terminal
from backwright.emit.project import EditedByHand, OutsideProject
from backwright.model import show as model_show
from backwright.plan import show as plan_show
from backwright.project import Project
from backwright.spec import manual as manual_of
from backwright.spec import schema as schema_of
from backwright.spec.diagnostics import SpecificationError
from backwright.task import acknowledge
from backwright.task import status as task_status
from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.migrations import MigrationError

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


def main() -> None:
    """The entry point of the `backwright` command."""
    app()


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
def _command(name: str, json: bool) -> Iterator[Terminal]:
    """Runs a command's body: what it raises becomes text or JSON, and an exit code that means something."""
    terminal = Terminal(json=json)
    try:
        yield terminal
    except SpecificationError as error:
        terminal.diagnostics(error.diagnostics)
        _leave(terminal, name, Exit.FOUND, diagnostics=error.diagnostics)
    except pipeline.Blocked as blocked:
        _say_blocked(terminal, blocked)
        _leave(terminal, name, Exit.BLOCKED, questions=blocked.questions, diagnostics=blocked.diagnostics)
    except EditedByHand as edited:
        terminal.styled("[bold red]Generated files were edited by hand:[/]")
        for path in edited.paths:
            terminal.print(f"  {path}")
        terminal.print("Change the specification instead, or give the edits up with `--discard-edits`.")
        _leave(terminal, name, Exit.EDITED, edited=edited.paths)
    except DatabaseUnavailable as error:
        message = f"the database cannot be reached ({error}); look at --database-url or DATABASE_URL"
        terminal.styled(f"[bold red]{escape(message)}[/]")
        _leave(terminal, name, Exit.FOUND, error=message)
    except (MigrationError, OutsideProject) as error:
        terminal.styled(f"[bold red]{escape(name)}:[/] {escape(str(error))}")
        _leave(terminal, name, Exit.FOUND, error=str(error))
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        terminal.styled(f"[bold red]This is a defect of Backwright:[/] {escape(repr(error))}")
        terminal.print("Please report it with what follows. Your files are as they were.")
        terminal.trace(error)
        _leave(terminal, name, Exit.INTERNAL, error=repr(error))


def _leave(terminal: Terminal, command: str, code: Exit, **values: Any) -> NoReturn:
    terminal.answer(command, code, **values)
    raise typer.Exit(int(code))


def _say_blocked(terminal: Terminal, blocked: pipeline.Blocked) -> None:
    if blocked.questions:
        terminal.styled("[bold yellow]Blocked: these questions are open.[/]")
        for question in blocked.questions:
            terminal.styled(f"  [bold]{question.id}[/] → {question.role}")
            terminal.print(f"    {question.text}")
            terminal.print(f'    backwright answer {question.id} "…" --by NAME --role {question.role}')
    elif blocked.diagnostics:
        terminal.styled("[bold yellow]Blocked: this plan needs an approval.[/]")
        terminal.diagnostics(blocked.diagnostics)


def _project(folder: Path | None) -> Project:
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


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the service: lower-case letters, digits, hyphens.")],
    into: Annotated[Path, typer.Option("--in", help="Where to make the folder.")] = Path(),
    json: JsonOption = False,
) -> None:
    """Start a project: a small specification that serves at once.

    Afterwards: `cd NAME`, `backwright run`, `backwright serve`, and open http://127.0.0.1:8000/docs.
    """
    with _command("new", json) as terminal:
        root = starter.lay_down(name, into)
        terminal.print(f"{root}/backwright.yaml is your specification. Next:")
        terminal.print(f"  cd {root} && backwright run && backwright serve")
        terminal.answer("new", Exit.OK, project=str(root))


@app.command()
def task(
    card: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The task card, such as tasks/BE-001.md.")
    ],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Read a task card and answer it: understanding, scope, deliverables, questions, plan.

    Questions go to the role that decides. While a blocking one is open, `build` stops with exit code 3, and
    so does this command. Answer with `backwright answer`.
    """
    with _command("task", json) as terminal:
        answered = pipeline.receive(_project(project), card)
        terminal.print(acknowledge.markdown(answered.acknowledgement))
        code = Exit.BLOCKED if answered.blocking else Exit.OK
        _leave(terminal, "task", code, acknowledgement=answered.acknowledgement, blocking=answered.blocking)


@app.command()
def answer(
    question: Annotated[str, typer.Argument(help="The question's id, such as Q-3f2a91.")],
    text: Annotated[str, typer.Argument(help="The answer: an access rule, or the decision in words.")],
    by: Annotated[str, typer.Option("--by", help="Who answers.")],
    role: Annotated[str, typer.Option("--role", help="architect, product-manager, team-lead or security.")],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Record an answer to a question.

    An access rule becomes part of the specification (`spec/answers.yaml`); a decision goes to the event log.
    """
    with _command("answer", json) as terminal:
        pipeline.answer(_project(project), question, text, by=by, role=role)
        terminal.print(f"Recorded: {question} answered by {by} ({role}).")
        terminal.answer("answer", Exit.OK, question=question, by=by, role=role)


@app.command()
def status(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Where the work stands, computed from the event log and the files as they are."""
    with _command("status", json) as terminal:
        current = pipeline.task_status(_project(project))
        terminal.print(task_status.text(current))
        terminal.answer("status", Exit.OK, status=current)


@app.command()
def check(
    project: ProjectOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print the model: everything expanded.")] = False,
    json: JsonOption = False,
) -> None:
    """Read the specification and say everything that is wrong with it, with place, reason and mend."""
    with _command("check", json) as terminal:
        checked = pipeline.check(_project(project))
        terminal.diagnostics(checked.warnings)
        if show:
            terminal.print(model_show.show(checked.model))
        counts = f"{len(checked.model.entities)} entities, {len(checked.model.operations)} operations"
        terminal.print(f"{checked.model.service.name} {checked.model.service.version}: {counts}, no errors.")
        for question in checked.questions:
            terminal.styled(f"[yellow]open question[/] {question.id} → {question.role}")
            terminal.print(f"    {question.text}")
        terminal.answer(
            "check",
            Exit.OK,
            counts=counts,
            warnings=checked.warnings,
            questions=checked.questions,
            **({"model": checked.model} if show else {}),
        )


@app.command()
def explain(
    operation: Annotated[str, typer.Argument(help="An operation's name, such as `register`.")],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Print what an operation means: route, input, rules and steps, with all sugar expanded."""
    with _command("explain", json) as terminal:
        checked = pipeline.check(_project(project))
        names = [o.name for o in checked.model.operations]
        if operation not in names:
            raise typer.BadParameter(f"no operation {operation!r}; there are {', '.join(names)}")
        terminal.print(pipeline.explain(checked.model, operation))
        terminal.answer("explain", Exit.OK, operation=checked.model.operation(operation))


@app.command()
def plan(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Say what would change since the last build: data, contract and access, each with hazard and reverse.

    Exits with 3 when a change needs an approval of exactly this plan (see `backwright approve`), and with 1
    when a change cannot be carried out with the data that is stored.
    """
    with _command("plan", json) as terminal:
        planned = pipeline.plan(_project(project))
        terminal.print(plan_show.text(planned.plan))
        terminal.diagnostics(planned.plan.warnings)
        terminal.diagnostics(planned.plan.refused)
        if planned.blocked:
            terminal.styled("[bold yellow]These changes are not approved for this plan:[/]")
            terminal.diagnostics(planned.blocked)
        code = Exit.FOUND if planned.plan.refused else Exit.BLOCKED if planned.blocked else Exit.OK
        _leave(
            terminal, "plan", code, plan=planned.plan, diagnostics=[*planned.plan.refused, *planned.blocked]
        )


@app.command()
def approve(
    plan_hash: Annotated[str, typer.Argument(help="The hash that `backwright plan` printed.")],
    change: Annotated[list[str], typer.Option("--change", help="A change by name; may be repeated.")],
    by: Annotated[str, typer.Option("--by", help="Who approves.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is right.")],
    rollback: Annotated[str, typer.Option("--rollback", help="What is done if it was not.")],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Approve named changes of exactly one plan. Any edit of the specification voids it.

    The approval is a file in `approvals/`, to be reviewed and committed like code.
    """
    with _command("approve", json) as terminal:
        path = pipeline.approve(_project(project), plan_hash, change, by=by, reason=reason, rollback=rollback)
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
    with _command("build", json) as terminal:
        built = pipeline.build(_project(project), discard_edits=discard_edits)
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
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Take back the last migration, or the last few."""
    _migrate("down", project, database_url, steps, json)


@migrate_app.command("status")
def migrate_status(
    database_url: DatabaseUrl = None, project: ProjectOption = None, json: JsonOption = False
) -> None:
    """Say which migrations the database has had."""
    with _command("migrate status", json) as terminal:
        lines = pipeline.migration_status(_project(project), database_url)
        for line in lines:
            terminal.print(f"  {line.state:<9} {line.name}")
        if not lines:
            terminal.print("There are no migrations: run `backwright build` first.")
        terminal.answer("migrate status", Exit.OK, migrations=lines)


def _migrate(
    direction: pipeline.Way, folder: Path | None, database_url: str | None, steps: int, json: bool
) -> None:
    with _command(f"migrate {direction}", json) as terminal:
        names = pipeline.migrate(_project(folder), direction, database_url, steps=steps)
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
    with _command("serve", False) as terminal:
        serving = pipeline.serving(_project(project), database_url, host, port)
        for note in serving.notes:
            terminal.note(note)
        # The server takes this process's place: signals reach it, and there is nothing left to wait for it.
        os.execvpe(serving.command[0], serving.command, serving.environment)  # noqa: S606


@app.command("mock")
def mock_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    project: ProjectOption = None,
) -> None:
    """Serve the specification itself from memory, for front-end teams; nothing has to be built.

    Answers as the model means, from the reference interpreter. Rows are gone when it stops.
    """
    with _command("mock", False) as terminal:
        model = pipeline.check(_project(project)).model
        terminal.note(f"http://{host}:{port} answers from memory; stop it with Ctrl-C")
        mock.serve(model, host, port)


@app.command()
def rehearse(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Execute the acceptance scenarios against the meaning of the specification, before anything is built."""
    with _command("rehearse", json) as terminal:
        results = pipeline.rehearse(_project(project))
        failed = [result for result in results if result.status != "passed"]
        for result in results:
            terminal.print(f"  {result.status}  {result.id}  {escape(result.title)}")
            if result.detail:
                terminal.print(f"          {escape(result.detail)}")
        terminal.print(f"{len(results) - len(failed)} of {len(results)} scenarios hold")
        _leave(terminal, "rehearse", Exit.FOUND if failed else Exit.OK, scenarios=results)


@app.command()
def verify(
    gates: Annotated[list[str] | None, typer.Argument(help="Gates by name; default: all.")] = None,
    database: DatabasesOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the random requests; the same one replays.")] = 1,
    requests: Annotated[int, typer.Option(min=50, help="Requests that the behaviour gate compares.")] = 2000,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Judge the built backend by its gates, such as migrations, acceptance and behaviour.

    Every result is an artifact in `.backwright/runs/`. A gate that could not run says so: it never counts as
    passed.
    """
    with _command("verify", json) as terminal:
        results = pipeline.verify(
            _project(project), gates or (), database or (), terminal, seed=seed, requests=requests
        )
        for result in results:
            for finding in result.findings:
                terminal.styled(f"[red]{result.gate}[/] {finding.where}")
                terminal.print(f"    {finding.what}")
                if finding.replay:
                    terminal.print("    " + finding.replay.replace("\n", "\n    "))
        failed = [r.gate for r in results if r.status == "failed"]
        _leave(terminal, "verify", Exit.FOUND if failed else Exit.OK, results=results)


@app.command()
def report(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Write the completion report (Markdown, JSON, web page), computed from artifacts only.

    A claim whose artifact is missing, altered or about another build is reported as not run.
    """
    with _command("report", json) as terminal:
        computed, paths = pipeline.report(_project(project))
        terminal.print(f"Build {computed.build[:12]}: {computed.outcome}")
        for path in paths:
            terminal.print(f"  {path}")
        terminal.answer("report", Exit.OK, outcome=computed.outcome, files=[str(path) for path in paths])


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
    with _command("run", json) as terminal:
        outcome = pipeline.run(
            _project(project),
            terminal,
            databases=database or (),
            seed=seed,
            requests=requests,
            discard_edits=discard_edits,
        )
        terminal.print(f"Build {outcome.build[:12]}: {outcome.verdict}")
        terminal.print(f"Report: {outcome.report}")
        _leave(terminal, "run", Exit.OK if outcome.passed else Exit.FOUND, outcome=outcome)


@app.command()
def schema() -> None:
    """Print the JSON Schema of backwright.yaml, for editors (`# yaml-language-server: $schema=…`)."""
    typer.echo(msgspec.json.format(msgspec.json.encode(schema_of.json_schema()), indent=2).decode())


@app.command()
def manual() -> None:
    """Print the reference manual of the specification language, as Markdown."""
    typer.echo(manual_of.manual())
