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
    with command("task", json) as terminal:
        answered = pipeline.receive(project_of(project), card)
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
def status(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Where the work stands, computed from the event log and the files as they are."""
    with command("status", json) as terminal:
        current = pipeline.task_status(project_of(project))
        from backwright.task.status import text as text_of

        terminal.print(text_of(current))
        terminal.answer("status", Exit.OK, status=current)
