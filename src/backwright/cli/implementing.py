"""The command of agent mode: have one function of custom logic written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backwright import pipeline
from backwright.cli.application import JsonOption, ProjectOption, app, command, leave, project_of
from backwright.console import Exit, Terminal

if TYPE_CHECKING:
    from backwright.agent.run import Ended


@app.command()
def implement(
    stub: Annotated[str, typer.Argument(help="The function, as `logic:` of the specification names it.")],
    provider: Annotated[
        str, typer.Option("--provider", help="`anthropic`, `openai`, `command`, `replay` or `scripted`.")
    ] = "anthropic",
    model: Annotated[str, typer.Option("--model", help="The model, by the provider's own name.")] = "",
    budget: Annotated[
        str,
        typer.Option("--budget", help="Tokens in all (`200000`) or money (`2.50USD`). Default: no limit."),
    ] = "",
    attempts: Annotated[int, typer.Option("--attempts", min=1, max=50, help="How often it may try.")] = 5,
    price: Annotated[
        str, typer.Option("--price", help="US dollars for a million tokens, INPUT/OUTPUT: `3/15`.")
    ] = "",
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url", help="Another address that speaks the same format; https or this machine."
        ),
    ] = "",
    command_line: Annotated[
        str, typer.Option("--command", help="The command line of a coding agent, for `--provider command`.")
    ] = "",
    pass_env: Annotated[
        list[str] | None,
        typer.Option("--pass-env", help="A variable that the command needs; may be repeated."),
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", help="A recorded conversation, for `--provider replay`.")
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            help="A folder of answers, for `--provider scripted`: `1/`, `2/`, … with the files of each.",
        ),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Have a function of custom logic written by a model or a coding agent, judged by gates outside of it.

    The provider sees the declaration, part of the examples and nothing else of yours. Its files reach the project only
    when everything holds, also what was held back from it. Keys come from ANTHROPIC_API_KEY and OPENAI_API_KEY.
    """
    with command("implement", json) as terminal:
        import os

        from backwright.agent.providers.choosing import limits_of, price_of
        from backwright.agent.providers.choosing import provider as chosen
        from backwright.agent.providers.provider import Unusable
        from backwright.agent.providers.scripted import Differs
        from backwright.agent.run import implement as run

        try:
            asked = chosen(
                provider,
                os.environ,
                model=model,
                base=base_url,
                command=command_line,
                passed_on=pass_env or (),
                recording=recording,
                script=script,
                price=price_of(price) if price else None,
            )
            limits = limits_of(attempts, budget, asked)
        except Unusable as error:
            raise typer.BadParameter(str(error)) from None
        here = project_of(project)
        checked = pipeline.check(here)
        try:
            ended = run(here, checked.model, stub, asked, limits, say=terminal.note, show=terminal.stream)
        except Differs as error:
            terminal.print(f"The recording does not fit: {error}")
            leave(terminal, "implement", Exit.FOUND, error=str(error))
        _say(terminal, ended)
        leave(terminal, "implement", Exit.OK if ended.done else Exit.FOUND, **_values(ended))


def _say(terminal: Terminal, ended: Ended) -> None:
    spent = ended.spent
    cost = "cost not known" if spent.dollars is None else f"{spent.dollars:.4f} USD"
    used = (
        f"{spent.input_tokens} + {spent.output_tokens} tokens, {cost}" if spent.tokens else "usage not told"
    )
    label = ", synthetic" if ended.synthetic else ""
    by = f"{ended.provider} ({ended.model}{label})"
    if ended.done:
        terminal.print(f"Done: `{ended.stub}` holds, written by {by} in {ended.attempts} attempts; {used}.")
        terminal.print(f"  Judged by {ended.shown} shown and {ended.held_back} held-back criteria.")
        for path in ended.written:
            terminal.print(f"  {path}")
        terminal.print("Next: `backwright verify logic unit`.")
    else:
        reason = (ended.reason or "").replace("_", " ")
        terminal.print(f"Given up ({reason}) after {ended.attempts} attempts by {by}; {used}.")
        if ended.why:
            terminal.print(f"  {ended.why}")
        terminal.print("Your files are as they were.")


def _values(ended: Ended) -> dict[str, object]:
    return {"done": ended.done, "result": ended}
