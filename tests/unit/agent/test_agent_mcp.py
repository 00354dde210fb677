"""What coding agents reach over MCP, asked by the SDK's own client; and what they do not reach."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters
from tolls_project import FUNCTION, PLANTED, RIGHT
from tolls_project import project as fresh
from typer.testing import CliRunner

from backwright import verify
from backwright.agent.mcp import commands, serving
from backwright.agent.mcp.server import server
from backwright.cli import app
from backwright.emit.source import MARKER
from backwright.pipeline import planning, signing
from backwright.project import Project
from backwright_runtime.safe.programs import Finished

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


def test_the_commands_are_those_and_none_approves() -> None:
    assert {"approve", "answer", "migrate", "serve", "implement", "eject", "init", "mcp"}.isdisjoint(
        commands.COMMANDS
    )


CALLS: dict[str, dict[str, Any]] = {
    "specification": {}, "schema": {}, "manual": {}, "check": {}, "plan": {}, "rehearse": {}, "status": {},
    "explain": {"subject": "cross"}, "work_items": {}, "work_item": {"name": "toll_of"}, "build": {},
    "verify": {"gates": ["contract"]}, "report": {},
    "write_stub": {"name": "toll_of", "content": RIGHT, "replaces": "NOW"},
}  # fmt: skip
"""A call of every tool that there is, with arguments that it accepts."""
JUDGES = Path(verify.__file__).parent


def test_each_tool_succeeds_and_none_reaches_approvals_or_the_gates_files(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is called twice: as things are, and where a change waits for an approval that nobody gives.

    Commands run in this process, so that it is seen what they reach.
    """
    reached: list[str] = []
    monkeypatch.setattr("backwright.pipeline.approve", lambda *_, **__: reached.append("pipeline.approve"))
    monkeypatch.setattr(planning, "approve", lambda *_, **__: reached.append("planning.approve"))
    monkeypatch.setattr(signing, "signed", lambda *_, **__: reached.append("signing.signed"))
    monkeypatch.setattr(commands.programs, "run", in_this_process)
    (project.root / "approvals").mkdir()
    (project.root / "specs/001-tolls/acceptance.yaml").write_text(PASSES, "utf-8")
    before = contents(JUDGES)

    async def everything(client: Client) -> dict[str, Any]:
        names = {each.name for each in (await client.list_tools()).tools}
        assert names == set(CALLS), "a new tool: give it a call here"
        said = {}
        for name, given in CALLS.items():
            stands = hashlib.sha256((project.root / FUNCTION).read_bytes()).hexdigest()
            known = {**given, "replaces": stands} if "replaces" in given else given
            result = await client.call_tool(name, known)
            assert not result.is_error, (name, result.content)
            said[name] = result.structured_content
        return said

    said = told(project, everything)
    ran = {name: value for name, value in said.items() if "exit_code" in value}
    assert {name: value["exit_code"] for name, value in ran.items()} == dict.fromkeys(ran, 0)
    assert said["schema"]["result"].startswith("{")
    assert said["manual"]["result"].startswith("#")
    assert said["plan"]["answer"]["plan"]["changes"] == []
    assert said["build"]["answer"]["files"] > 10
    assert [each["status"] for each in said["verify"]["answer"]["results"]] == ["passed"]
    assert (project.state / "report" / "report.md").is_file()
    assert said["status"]["answer"]["ok"]
    assert (project.root / FUNCTION).read_text("utf-8") == RIGHT

    text = project.specification.read_text("utf-8")
    project.specification.write_text(text.replace(", at: {type: timestamp, set: now}", ""), "utf-8")
    said = told(project, everything)
    assert (said["plan"]["exit_code"], said["build"]["exit_code"]) == (27, 3)
    assert reached == []
    assert list((project.root / "approvals").iterdir()) == []
    assert contents(JUDGES) == before


PASSES = """- id: AC-1
  title: a car pays
  when: [{do: cross, with: {axles: 2, weight: '1.00'}}]
  then: [{status: 201}]
"""


async def in_this_process(_: str, arguments: Sequence[str], **__: Any) -> Finished:
    assert list(arguments[:3]) == ["-P", "-m", "backwright"]
    ran = await asyncio.to_thread(CliRunner().invoke, app, list(arguments[3:]))
    return Finished(ran.exit_code, ran.stdout_bytes, ran.stderr_bytes)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.py")}


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
        assert checked["answer"]["counts"] == "1 entity, 3 operations"
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


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [("check", ""), ("build", ""), ("verify", "; 1 gates, the last: contract passed")],
)
def test_a_long_command_tells_its_progress_to_a_client_that_asks(
    project: Project, monkeypatch: pytest.MonkeyPatch, tool: str, wanted: str
) -> None:
    monkeypatch.setattr("backwright.agent.mcp.progress.EVERY", 0.01)
    heard: list[tuple[float, str]] = []
    enough = asyncio.Event()

    async def hear(progress: float, _: float | None, message: str | None) -> None:
        assert message is not None
        heard.append((progress, message))
        if len(heard) > 2 and message.endswith(f" s{wanted}"):
            enough.set()

    async def slowly(*given: Any, **named: Any) -> Finished:
        done = await in_this_process(*given, **named)
        async with asyncio.timeout(60):
            await enough.wait()
        return done

    monkeypatch.setattr(commands.programs, "run", slowly)
    told(project, lambda client: client.call_tool(tool, CALLS[tool], progress_callback=hear))
    assert all(message.startswith(f"{tool} since ") for _, message in heard)
    times = [progress for progress, _ in heard]
    assert times == sorted(set(times))


def test_a_command_gets_nothing_of_the_environment_that_it_does_not_need(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shows = tmp_path / "shows-its-environment"
    shows.write_text("#!/bin/sh\nenv\n", "utf-8")
    shows.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shows))
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:else@there/production")
    _, answer = called(project, "check")
    names = {line.partition("=")[0] for line in answer["answer"]["output"].splitlines()}
    assert "PATH" in names
    assert names <= {"PATH", "LANG", "TZ", "PWD", "SHLVL", "_", "OLDPWD", *commands.KEPT}


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
    ("verify", {"gate": ["lint"]}),
    ("check", {"project": "/somewhere/else"}),
    ("build", {"discard_edits": True}),
    ("write_stub", {**STUB, "content": "\n# Generated by Backwright from x\n", "replaces": "NOW"}),
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


def test_an_argument_that_nobody_knows_is_named(project: Project) -> None:
    failed, answer = called(project, "verify", databses=["sqlite"])
    assert failed
    assert "databses" in answer
    assert "not permitted" in answer
    listed = told(project, lambda client: client.list_tools()).tools
    assert all(each.input_schema["additionalProperties"] is False for each in listed)


def test_a_generated_file_in_the_place_of_a_function_stays(project: Project) -> None:
    path = project.root / FUNCTION
    path.write_text(f"# {MARKER}\n{path.read_text('utf-8')}", "utf-8")
    before = path.read_bytes()
    failed, answer = called(project, "write_stub", **STUB, replaces=hashlib.sha256(before).hexdigest())
    assert failed
    assert "generated" in answer
    assert path.read_bytes() == before


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


def asked(
    project: Project,
    token: str = "",
    *,
    on: str = "127.0.0.1",
    port: int = 8765,
    greeting: dict[str, Any] = HELLO,
    **headers: str,
) -> int:
    """The status of a first request over HTTP."""
    app = serving.application(server(project), on, port, token)

    async def ask() -> int:
        inner: Any = app
        while not hasattr(inner, "router"):
            inner = inner._app
        async with inner.router.lifespan_context(inner):
            transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
                accept = {"accept": "application/json, text/event-stream", **headers}
                return (await client.post("/mcp", json=greeting, headers=accept)).status_code

    return asyncio.run(ask())


def test_over_http_pages_of_browsers_are_refused_and_a_token_is_asked_for(project: Project) -> None:
    assert asked(project) == 200
    assert asked(project, origin="http://127.0.0.1:8765") == 200
    assert asked(project, origin="http://evil.example") == 403
    assert asked(project, host="evil.example") == 421
    assert asked(project, "a token") == 401
    assert asked(project, "a token", authorization="Bearer another") == 401
    assert asked(project, "a token", authorization="Basic a token") == 401
    assert asked(project, "a token", authorization="Bearer a token") == 200
    assert asked(project, "a token", authorization="bearer a token") == 200


@pytest.mark.parametrize(
    ("on", "port", "host", "status"),
    [
        ("0.0.0.0", 8765, "192.0.2.7:8765", 200),
        ("0.0.0.0", 8765, "localhost:8765", 200),
        ("0.0.0.0", 8765, "evil.example:8765", 421),  # rebound to our address
        ("0.0.0.0", 8765, "192.0.2.7.evil.example:8765", 421),
        ("0.0.0.0", 8765, "", 421),
        ("::", 8765, "[2001:db8::7]:8765", 200),
        ("::", 8765, "[evil]:8765", 421),
        ("2001:db8::0:7", 8765, "[2001:db8::7]:8765", 200),
        ("2001:db8::7", 8765, "[2001:db8::8]:8765", 421),
        ("::1", 8765, "[::1]:8765", 200),
        ("127.0.0.2", 8765, "127.0.0.2:8765", 200),
        ("192.0.2.7", 80, "192.0.2.7", 200),
        ("192.0.2.7", 8765, "192.0.2.7", 421),
        ("box.example", 8765, "box.example:8765", 200),
        ("box.example", 8765, "evil.example:8765", 421),
    ],
)
def test_the_address_that_it_listens_on_answers_and_no_other_name(
    project: Project, on: str, port: int, host: str, status: int
) -> None:
    token = {"authorization": "Bearer a token"}
    assert asked(project, "a token", on=on, port=port, host=host, **token) == status
    if status == 200:
        given = {**token, "host": host}
        assert asked(project, "a token", on=on, port=port, origin=f"http://{host}", **given) == 200
        assert asked(project, "a token", on=on, port=port, origin="http://evil.example", **given) == 403
        assert asked(project, "a token", on=on, port=port, origin="null", **given) == 403


def test_a_request_that_is_too_large_is_refused(project: Project) -> None:
    assert asked(project, greeting={**HELLO, "more": "x" * 1000}) == 200
    assert asked(project, greeting={**HELLO, "more": "x" * serving.LARGEST_REQUEST}) == 413


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


def included(project: Project, name: str, text: str) -> tuple[bool, Any]:
    (project.root / name).write_text(text, "utf-8")
    stands = project.specification.read_text("utf-8")
    project.specification.write_text(f"include: [{name}]\n{stands}", "utf-8")
    return called(project, "specification")


def test_an_included_environment_file_is_not_shown(project: Project) -> None:
    failed, answer = included(project, ".env", f"TOKEN_KEYS: {SECRET}\n")
    assert (failed, set(answer)) == (False, {"backwright.yaml"})
    assert "BW124" in str(called(project, "check"))


def test_nor_behind_a_link_that_has_the_name_of_a_document(project: Project) -> None:
    (project.root / ".env").write_text(f"TOKEN_KEYS: {SECRET}\n", "utf-8")
    (project.root / "piece.yaml").symlink_to(project.root / ".env")
    project.specification.write_text("include: [piece.yaml]\n" + project.specification.read_text("utf-8"))
    failed, answer = called(project, "specification")
    assert (failed, set(answer)) == (False, {"backwright.yaml"})


def test_nor_a_document_that_is_no_specification(project: Project) -> None:
    failed, answer = included(project, "deployment.yaml", f"services: {{web: {{environment: {SECRET}}}}}\n")
    assert failed
    assert "deployment.yaml" in answer


def test_a_module_that_is_missing_is_blamed_on_the_extra_only_where_this_brings_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing, blamed in (("mcp", True), ("ruamel", False)):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "backwright.agent.mcp.server", lacking(missing))
            ran = CliRunner().invoke(app, ["mcp", "--project", str(project.root)])
        assert ("pip install 'backwright[mcp]'" in ran.output) is blamed
        assert ran.exit_code == (2 if blamed else 70)
        assert missing in ran.output


def lacking(name: str) -> ModuleType:
    """A module of which every import says that another is missing."""

    class Lacking(ModuleType):
        def __getattribute__(self, _: str) -> Any:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    return Lacking("server")
