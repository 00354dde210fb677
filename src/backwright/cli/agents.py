"""Commands for coding agents: the MCP server, and the files by which an agent learns how to work here."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from backwright.cli.application import JsonOption, ProjectOption, app, command, project_of
from backwright.console import Exit

SDK = ("mcp", "mcp_types", "pydantic")
"""What the extra brings. Another module that is missing is a defect, and no installation of the extra mends it."""


@app.command()
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP at /mcp, instead of over stdin and stdout.")
    ] = False,
    host: Annotated[str, typer.Option(help="With --http: the address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http: the port.")] = 8765,
    project: ProjectOption = None,
) -> None:
    """Serve this project to coding agents by the Model Context Protocol.

    Agents can read the specification, check, plan, build, verify, report and explain, and write custom logic.
    They cannot approve, answer questions, or write anything else. With BACKWRIGHT_MCP_TOKEN set, HTTP asks for it as a
    bearer token; on another address than this machine's own it has to be set.
    """
    with command("mcp", False) as terminal:
        try:
            from backwright.agent.mcp import serving
            from backwright.agent.mcp.server import server
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in SDK:
                raise
            raise typer.BadParameter(
                f"the package {error.name!r} is missing: pip install 'backwright[mcp]'"
            ) from None
        made = server(project_of(project))
        if not http:
            made.run("stdio")
            return
        try:
            served = serving.application(made, host, port, os.environ.get(serving.TOKEN, ""))
        except serving.NotLoopback as error:
            raise typer.BadParameter(str(error), param_hint="--host") from None
        terminal.note(f"http://{serving.authority(host, port)}/mcp; stop it with Ctrl-C")
        serving.serve(served, host, port)


@app.command()
def init(
    agent: Annotated[
        str, typer.Option("--agent", help="`claude`, `codex`, `cursor`, `copilot`, `gemini` or `generic`.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Write the files from which a coding agent learns how to work on this project, and how to reach its server.

    A file that is there already stays as it is, and is named; `--force` replaces it.
    """
    with command("init", json) as terminal:
        from backwright.agent import definitions

        if agent not in definitions.AGENTS:
            raise typer.BadParameter(
                f"{agent!r} is not known; there are {', '.join(definitions.AGENTS)}", param_hint="--agent"
            )
        done = definitions.write(project_of(project), agent, force=force)
        for path in done.written:
            terminal.print(f"  {path}")
        for path in done.kept:
            terminal.print(f"  {path} is there already and stays; `--force` replaces it")
        terminal.answer("init", Exit.OK, written=done.written, kept=done.kept)
