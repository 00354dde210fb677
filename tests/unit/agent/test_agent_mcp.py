"""What coding agents reach over MCP, asked by the SDK's own client; and what they do not reach."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters
from tolls_project import FUNCTION, PLANTED
from tolls_project import project as fresh

from backwright.agent.mcp import commands, serving
from backwright.agent.mcp.server import server
from backwright.project import Project

TOOLS = {
    "specification", "schema", "manual", "check", "plan", "rehearse", "status", "explain", "work_items", "work_item",
    "build", "verify", "report", "write_stub",
}  # fmt: skip
SECRET = "sk-nobody-may-read-this"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("TOKEN_KEYS", SECRET)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    here, _ = fresh(tmp_path)
    return here


def told(project: Project, story: Callable[[Client], Awaitable[Any]]) -> Any:
    """A conversation with the server."""

    async def talk() -> Any:
        async with Client(server(project)) as client:
            return await story(client)

    return asyncio.run(talk())


def called(project: Project, tool: str, **given: Any) -> tuple[bool, Any]:
    """What a tool answers: whether it is an error, and the structured value or the text."""
    result = told(project, lambda client: client.call_tool(tool, given))
    text = "\n".join(getattr(each, "text", "") for each in result.content)
    assert SECRET not in text
    if result.is_error or result.structured_content is None:
        return bool(result.is_error), text
    found = result.structured_content
    return False, found["result"] if set(found) == {"result"} else found


def test_the_tools_are_those_and_none_approves() -> None:
    assert {"approve", "answer", "migrate", "serve", "implement", "eject", "init", "mcp"}.isdisjoint(
        commands.COMMANDS
    )


def test_every_tool_is_listed_with_what_it_does(project: Project) -> None:
    listed = told(project, lambda client: client.list_tools()).tools
    assert {each.name for each in listed} == TOOLS
    assert all(each.description and each.annotations is not None for each in listed)
    writing = {each.name for each in listed if not each.annotations.read_only_hint}
    assert writing == {"build", "verify", "report", "write_stub"}


def test_an_agent_finds_its_way_from_the_specification_to_a_written_function(project: Project) -> None:
    async def story(client: Client) -> None:
        async def ask(tool: str, **given: Any) -> Any:
            result = await client.call_tool(tool, given)
            assert not result.is_error, result.content
            found = result.structured_content
            return found["result"] if set(found) == {"result"} else found

        assert PLANTED in (await ask("specification"))["backwright.yaml"]  # as data
        checked = await ask("check")
        assert (checked["exit_code"], checked["means"]) == (0, "done")
        assert checked["answer"]["counts"] == "1 entities, 3 operations"
        [stub] = await ask("work_items")
        assert (stub["written"], stub["function"]) == (False, FUNCTION)
        item = await ask("work_item", name="toll_of")
        assert "toll_of" in item["specification"]
        assert "99.00" in item["criteria"] or "1.00" in item["criteria"]
        content = item["files"][FUNCTION].replace("raise NotWritten", "raise NotWritten  # soon")
        done = await ask("write_stub", name="toll_of", content=content, replaces=stub["sha256"][FUNCTION])
        assert (project.root / FUNCTION).read_text("utf-8") == content
        assert done["sha256"][FUNCTION] != stub["sha256"][FUNCTION]
        assert (await ask("explain", subject="cross"))["exit_code"] == 0

    told(project, story)


def test_a_mistake_in_the_specification_is_told_with_its_place(project: Project) -> None:
    path = project.root / "backwright.yaml"
    path.write_text(path.read_text("utf-8").replace("fee: decimal, at", "fee: dezimal, at"), "utf-8")
    failed, answer = called(project, "check")
    assert not failed
    assert answer["exit_code"] == 1
    [first, *_] = answer["answer"]["diagnostics"]
    assert first["code"].startswith("BW")
    assert called(project, "work_items")[0]


STUB = {"name": "toll_of", "content": "x = 1\n"}
HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("write_stub", {**STUB, "name": "../../outside", "replaces": ""}),
    ("write_stub", {**STUB, "name": "/etc/passwd", "replaces": ""}),
    ("write_stub", {**STUB, "name": "other", "replaces": ""}),
    ("write_stub", {**STUB, "replaces": ""}),  # somebody else's file
    ("write_stub", {**STUB, "replaces": "0" * 64}),
    ("write_stub", {**STUB, "replaces": "x"}),
    ("write_stub", {**STUB, "content": "x = (", "replaces": "NOW"}),
    ("write_stub", {**STUB, "content": "x = '\udcff'", "replaces": "NOW"}),
    ("write_stub", {**STUB, "content": "x = 1\0", "replaces": "NOW"}),
    ("write_stub", {**STUB, "content": "#" * 200_001, "replaces": "NOW"}),
    ("write_stub", {**STUB, "content": "# Generated by Backwright from x\n", "replaces": "NOW"}),
    ("write_stub", {**STUB, "which": "../app.py", "replaces": "NOW"}),
    ("write_stub", {**STUB}),
    ("explain", {"subject": "--log=/etc/passwd"}),
    ("explain", {"subject": "x" * 1000}),
    ("verify", {"gates": ["--target=/tmp/target.yaml"]}),
    ("verify", {"gates": "lint"}),
    ("verify", {"databases": ["mysql"]}),
    ("work_item", {"name": "no_such"}),
    ("approve", {"plan_hash": "x"}),
    ("run_shell", {"command": "id"}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "given"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_calls_change_nothing_and_say_why(project: Project, tool: str, given: dict[str, Any]) -> None:
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    if given.get("replaces") == "NOW":
        _, [stub] = called(project, "work_items")
        given = {**given, "replaces": stub["sha256"][FUNCTION]}
    try:
        failed, answer = called(project, tool, **given)
    except Exception as error:  # the protocol's own answer to what it does not know
        failed, answer = True, str(error)
    assert failed or answer["exit_code"] == 2, answer
    after = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert changed <= {"events.jsonl", "events.lock"}


@pytest.mark.parametrize("linked", [FUNCTION, "tolls/logic"])
def test_links_are_not_followed(project: Project, linked: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    target = project.root / linked
    if target.is_dir():
        target.rename(elsewhere)
    else:
        elsewhere.write_text(target.read_text("utf-8"), "utf-8")
        target.unlink()
    target.symlink_to(elsewhere)
    before = {p: p.read_bytes() for p in [elsewhere, *elsewhere.rglob("*")] if p.is_file()}
    digest = hashlib.sha256((project.root / FUNCTION).read_bytes()).hexdigest()
    failed, answer = called(project, "write_stub", **STUB, replaces=digest)
    assert failed
    assert "link" in answer
    assert before == {p: p.read_bytes() for p in [elsewhere, *elsewhere.rglob("*")] if p.is_file()}


def test_over_stdio_nothing_but_the_protocol_is_said(project: Project) -> None:
    async def talk() -> Any:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "backwright", "mcp", "--project", str(project.root)],
            env={"TOKEN_KEYS": SECRET, "PATH": os.environ["PATH"]},
        )
        async with Client(parameters) as client:
            listed = await client.list_tools()
            answer = await client.call_tool("check", {})
            return {each.name for each in listed.tools}, answer

    names, answer = asyncio.run(talk())
    assert names == TOOLS
    assert answer.structured_content["exit_code"] == 0


# HTTP -------------------------------------------------------------------------------------------------

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip


def asked(project: Project, token: str = "", **headers: str) -> int:
    """The status of a first request over HTTP."""
    app = serving.application(server(project), "127.0.0.1", 8765, token)

    async def ask() -> int:
        inner: Any = app
        while not hasattr(inner, "router"):
            inner = inner._app
        async with inner.router.lifespan_context(inner):
            transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
                accept = {"accept": "application/json, text/event-stream", **headers}
                return (await client.post("/mcp", json=HELLO, headers=accept)).status_code

    return asyncio.run(ask())


def test_over_http_pages_of_browsers_are_refused_and_a_token_is_asked_for(project: Project) -> None:
    assert asked(project) == 200
    assert asked(project, origin="http://127.0.0.1:8765") == 200
    assert asked(project, origin="http://evil.example") == 403
    assert asked(project, host="evil.example") == 421
    assert asked(project, "a token") == 401
    assert asked(project, "a token", authorization="Bearer another") == 401
    assert asked(project, "a token", authorization="Bearer a token") == 200


def test_it_is_not_opened_to_others_without_a_token(project: Project) -> None:
    with pytest.raises(serving.NotLoopback):
        serving.application(server(project), "0.0.0.0", 8765)
    serving.application(server(project), "0.0.0.0", 8765, "a token")


def test_a_module_of_the_project_does_not_stand_in_for_ours(project: Project) -> None:
    (project.root / "typer.py").write_text("raise SystemExit(7)\n", "utf-8")
    assert called(project, "check")[1]["exit_code"] == 0


def test_a_specification_behind_a_link_is_not_shown(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    (project.root / "backwright.yaml").rename(elsewhere)
    (project.root / "backwright.yaml").symlink_to(elsewhere)
    failed, answer = called(project, "specification")
    assert failed
    assert "link" in answer
