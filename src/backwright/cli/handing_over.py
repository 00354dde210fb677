"""The command that hands a built service over to those who go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backwright import pipeline
from backwright.cli.application import JsonOption, ProjectOption, app, command, project_of
from backwright.console import Exit


@app.command()
def handover(
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", help="A task such as FE-002, QA-001 or DO-003; may be repeated. Default: all packs."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where the packs go. Default: `handover/` beside the build."),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Write hand-over packs of the last build: for front ends (FE), operations (DO) and quality assurance (QA).

    Without `--to` they are addressed to the tasks that the received card hands over to, and to those whose cards
    depend on it. The folder is replaced as a whole; one with files of somebody else's is left as it is.
    """
    with command("handover", json) as terminal:
        done = pipeline.hand_over(project_of(project), to=tuple(to or ()), out=out)
        for pack in done.packs:
            terminal.print(f"  {pack.kind.lower()}/  for {', '.join(pack.tasks) or 'whoever needs it'}")
        state = "" if done.changed else ", as they were"
        terminal.print(f"{len(done.files)} files in {done.folder}{state}; build {done.build[:12]}.")
        terminal.answer(
            "handover",
            Exit.OK,
            folder=done.folder,
            build=done.build,
            packs=done.packs,
            files=done.files,
            changed=done.changed,
        )
