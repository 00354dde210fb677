"""The command that breaks the backend on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from backwright import pipeline
from backwright.cli.application import JsonOption, ProjectOption, app, command, leave, project_of
from backwright.console import Exit, Terminal

if TYPE_CHECKING:
    from backwright.pipeline.mutating import Judged, Ready


@app.command()
def mutate(
    operators: Annotated[
        list[str] | None,
        typer.Option("--operator", help="An operator by name; may be repeated. Default: all."),
    ] = None,
    gates: Annotated[
        list[str] | None,
        typer.Option("--gate", help="A gate by name, in the order in which they are asked; may be repeated."),
    ] = None,
    database: Annotated[Literal["sqlite", "postgresql"], typer.Option("--database", "-d")] = "sqlite",
    per_operator: Annotated[
        int, typer.Option(min=0, help="Mutants of each operator, drawn by the seed; 0 is all of them.")
    ] = 1,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Judge only so many of them, drawn by the seed.")
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(min=1, help="Begin no other mutant after so many seconds: a random sample is judged."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn and of the random requests.")] = 1,
    requests: Annotated[int, typer.Option(min=50, help="Requests that the behaviour gate compares.")] = 600,
    again: Annotated[
        int,
        typer.Option(min=0, help="So many about what nothing noticed; fewer than `--requests`: not again."),
    ] = 2000,
    least: Annotated[
        float, typer.Option(min=0, max=100, help="Exit with 1 when fewer percent are caught.")
    ] = 0.0,
    result_file: Annotated[
        Path | None, typer.Option("--result", help="Write the artifact (JSON) to this file, too.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the result as Markdown, too.")] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Break a copy of the built backend, one mistake at a time, and say which gate notices.

    A good way to judge your own acceptance scenarios: `--gate acceptance`. The project is not touched. The gates
    `integrity` and `lint` do not judge unless they are named: they notice any edit, whatever it means. Neither do
    `load`, `memory` and `sbom`, which measure.
    """
    with command("mutate", json) as terminal:
        from backwright.pipeline.mutating import Choice
        from backwright.verify.mutation import show

        choice = Choice(
            operators=tuple(operators or ()),
            gates=tuple(gates or ()),
            database=database,
            per_operator=per_operator,
            sample=sample,
            within=within,
            seed=seed,
            requests=requests,
            again=again,
        )
        result, path = pipeline.mutate(project_of(project), choice, lambda each: terminal.print(_line(each)))
        for survivor in (each for each in result.mutants if each.outcome == "survived"):
            terminal.print(f"\nsurvived: {survivor.operator}: {survivor.what}\n{survivor.diff}")
        terminal.print(f"\n{show.headline(result)}\n  {path}")
        if result_file is not None:
            result_file.write_bytes(path.read_bytes())
        if markdown is not None:
            markdown.write_text(show.markdown([result]), encoding="utf-8")
        leave(terminal, "mutate", _code(terminal, result.caught, least), result=result, artifact=str(path))


def _code(terminal: Terminal, caught: float, least: float) -> Exit:
    if caught >= least:
        return Exit.OK
    terminal.print(f"{caught} % caught, at least {least} % were asked for")
    return Exit.FOUND


def _line(each: Ready | Judged) -> str:
    from backwright.verify.mutation.results import Judged

    if not isinstance(each, Judged):
        unused = "".join(f"\n  {gate.gate} does not judge: {gate.reason}" for gate in each.unused)
        return f"{each.mutants} mutants, judged by {', '.join(each.gates)}{unused}"
    return f"  {each.outcome:<10} {each.gate or '':<11} {each.seconds:5.1f} s  {each.operator}: {each.what[:120]}"
