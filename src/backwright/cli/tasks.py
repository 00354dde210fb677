"""Commands of the working protocol: a task comes in, questions are answered, status is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backwright import pipeline
from backwright.cli.application import JsonOption, ProjectOption, app, command, leave, project_of
from backwright.console import Exit


@app.command()
def task(
    task: Annotated[
        Path,
        typer.Argument(
            exists=True, help="A task card (tasks/BE-001.md) or a feature folder (specs/001-name)."
        ),
    ],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Read a task card or a feature folder and answer it: understanding, scope, deliverables, questions, plan.

    Questions go to the role that decides. While a blocking one is open, `build` stops with exit code 3, and
    so does this command. Answer with `backwright answer`.
    """
    with command("task", json) as terminal:
        answered = pipeline.receive(project_of(project), task)
        from backwright.task import acknowledge

        terminal.print(acknowledge.markdown(answered.acknowledgement))
        code = Exit.BLOCKED if answered.blocking else Exit.OK
        leave(terminal, "task", code, acknowledgement=answered.acknowledgement, blocking=answered.blocking)


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
    with command("answer", json) as terminal:
        pipeline.answer(project_of(project), question, text, by=by, role=role)
        terminal.print(f"Recorded: {question} answered by {by} ({role}).")
        terminal.answer("answer", Exit.OK, question=question, by=by, role=role)


@app.command()
def status(
    write: Annotated[
        bool,
        typer.Option("--write", help="Tick the boxes of `tasks.md` that results prove, and open the others."),
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Where the work stands: phases, blockers, and each requirement and task of every feature folder.

    Computed from the event log and the files as they are. A box is ticked when everything that its task names is built
    and the runs that judge it have passed on this build; `--write` changes the boxes and nothing else in the files.
    """
    with command("status", json) as terminal:
        here = project_of(project)
        boxes = pipeline.set_boxes(here) if write else ()
        current = pipeline.standing(here)
        from backwright.report.progress import text as progress_text
        from backwright.task.status import text as text_of

        terminal.print(text_of(current.status) + progress_text(current.features))
        for changed in boxes:
            opened = f"; opened {', '.join(changed.opened)}" if changed.opened else ""
            terminal.print(f"{changed.feature}: ticked {', '.join(changed.ticked) or 'none'}{opened}")
        terminal.answer("status", Exit.OK, status=current.status, features=current.features, boxes=boxes)
