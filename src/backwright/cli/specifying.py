"""Commands about the specification itself: start one, check it, explain it, try it out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from backwright import pipeline
from backwright.cli.application import JsonOption, ProjectOption, app, command, leave, project_of
from backwright.console import Exit


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the service: lower-case letters, digits, hyphens.")],
    into: Annotated[Path, typer.Option("--in", help="Where to make the folder.")] = Path(),
    json: JsonOption = False,
) -> None:
    """Start a project: a small specification that serves at once.

    Afterwards: `cd NAME`, `backwright run`, `backwright serve`, and open http://127.0.0.1:8000/docs.
    """
    with command("new", json) as terminal:
        from backwright import starter

        root = starter.lay_down(name, into)
        terminal.print(f"{root}/backwright.yaml is your specification. Next:")
        terminal.print(f"  cd {root} && backwright run && backwright serve")
        terminal.answer("new", Exit.OK, project=str(root))


@app.command()
def check(
    project: ProjectOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print the model: everything expanded.")] = False,
    json: JsonOption = False,
) -> None:
    """Read the specification and say everything that is wrong with it, with place, reason and mend."""
    with command("check", json) as terminal:
        checked = pipeline.check(project_of(project))
        terminal.diagnostics(checked.warnings)
        if show:
            from backwright.model.show import show as text_of

            terminal.print(text_of(checked.model))
        counts = checked.summary()
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
def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, help="Files; default: all of the specification."),
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 where something would change.")
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Quote what YAML would read otherwise than it is meant, and remove stray white space.

    Comments, order and style stay. A file that cannot be understood is left as it is, with what is wrong.
    """
    with command("fmt", json) as terminal:
        done = pipeline.rewrite(project_of(project), paths or (), write=not check_only)
        for name in done.changed:
            terminal.print(f"  {name}")
        terminal.diagnostics(done.diagnostics)
        verb = "would change" if check_only else "changed"
        terminal.print(f"{done.files} files, {len(done.changed)} {verb}.")
        wrong = done.diagnostics or (check_only and done.changed)
        leave(terminal, "fmt", Exit.FOUND if wrong else Exit.OK, **msgspec.structs.asdict(done))


@app.command()
def explain(
    subject: Annotated[
        str, typer.Argument(help="An operation's name, such as `register`, or the id of a request.")
    ],
    log: Annotated[
        list[Path] | None,
        typer.Option(
            "--log",
            exists=True,
            dir_okay=False,
            help="A log of the service, `/dev/stdin` for a pipe; may be repeated.",
        ),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Print what an operation means, with all sugar expanded; or what a request of the log ran into.

    The id of a request stands in its answer (`x-request-id`), in the log, and in the replay of a failing case. It
    leads to the operation, the rules that can have answered so, the statements, and their places.
    """
    with command("explain", json) as terminal:
        where = project_of(project)
        model = pipeline.check(where).model
        if subject in {each.name for each in model.operations}:
            terminal.print(pipeline.explain(model, subject))
            terminal.answer("explain", Exit.OK, operation=model.operation(subject))
            return
        if log is None and not any(where.runs.glob("*/*.json")):
            names = ", ".join(each.name for each in model.operations)
            raise typer.BadParameter(
                f"no operation {subject!r}; there are {names}. For the id of a request, name a log with --log."
            )
        traced = pipeline.trace(where, model, subject, log or [])
        terminal.print(traced.text())
        terminal.answer("explain", Exit.OK, trace=traced)


@app.command("mock")
def mockcommand(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    project: ProjectOption = None,
) -> None:
    """Serve the specification itself from memory, for front-end teams; nothing has to be built.

    Answers as the model means, from the reference interpreter. Rows are gone when it stops.
    """
    with command("mock", False) as terminal:
        model = pipeline.check(project_of(project)).model
        terminal.note(f"http://{host}:{port} answers from memory; stop it with Ctrl-C")
        from backwright import mock

        mock.serve(model, host, port)


@app.command()
def rehearse(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Execute the acceptance scenarios against the meaning of the specification, before anything is built."""
    with command("rehearse", json) as terminal:
        results = pipeline.rehearse(project_of(project))
        failed, unknown = (sum(each.status == status for each in results) for status in ("failed", "not_run"))
        for result in results:
            terminal.print(f"  {result.status.replace('_', ' ')}  {result.id}  {escape(result.title)}")
            if result.detail:
                terminal.print(f"          {escape(result.detail)}")
        held = f"{len(results) - failed - unknown} of {len(results)} scenarios hold"
        terminal.print(f"{held}, {unknown} not run" if unknown else held)
        leave(terminal, "rehearse", Exit.FOUND if failed else Exit.OK, scenarios=results)


@app.command()
def schema() -> None:
    """Print the JSON Schema of backwright.yaml, for editors (`# yaml-language-server: $schema=…`)."""
    from backwright.spec.schema import json_schema

    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


@app.command()
def manual() -> None:
    """Print the reference manual of the specification language, as Markdown."""
    from backwright.spec.manual import manual as text_of

    typer.echo(text_of())
