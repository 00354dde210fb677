"""The files by which coding agents learn how to work on a project."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backwright.agent import definitions
from backwright.agent.mcp.server import server
from backwright.cli import app
from backwright.project import Project


def project_in(folder: Path) -> Project:
    (folder / "backwright.yaml").write_text("service: {name: tolls, version: 1.0.0}\n", "utf-8")
    return Project(folder)


@pytest.mark.parametrize("agent", definitions.AGENTS)
def test_each_agent_is_told_the_same_and_finds_the_server(agent: str, tmp_path: Path) -> None:
    ran = CliRunner().invoke(
        app, ["init", "--agent", agent, "--project", str(project_in(tmp_path).root), "--json"]
    )
    assert ran.exit_code == 0
    answer = json.loads(ran.stdout)
    assert (sorted(answer["written"]), answer["kept"]) == (sorted(definitions.files(agent)), [])
    told = (tmp_path / definitions.AGENTS[agent].told).read_text("utf-8")
    assert "What you do not do" in told
    servers = definitions.AGENTS[agent].servers
    if servers.endswith(".toml"):
        found = tomllib.loads((tmp_path / servers).read_text("utf-8"))["mcp_servers"]
    elif servers:
        found = json.loads((tmp_path / servers).read_text("utf-8"))[definitions.AGENTS[agent].key]
    else:
        return
    assert (found["backwright"]["command"], found["backwright"]["args"]) == ("backwright", ["mcp"])


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    (tmp_path / "CLAUDE.md").write_text("mine", "utf-8")
    done = definitions.write(project, "claude")
    assert (done.written, done.kept) == ([".mcp.json"], ["CLAUDE.md"])
    assert (tmp_path / "CLAUDE.md").read_text("utf-8") == "mine"
    assert definitions.write(project, "claude", force=True).kept == []
    assert (tmp_path / "CLAUDE.md").read_text("utf-8") == definitions.RULES


OTHERS = {"mcpServers": {"other": {"command": "theirs"}, "backwright": {"command": "old"}}, "theme": "dark"}


def test_servers_of_others_stay_even_then(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    path = tmp_path / ".mcp.json"
    path.write_text(json.dumps(OTHERS), "utf-8")
    assert definitions.write(project, "claude").kept == [".mcp.json"]
    assert json.loads(path.read_text("utf-8")) == OTHERS
    assert definitions.write(project, "claude", force=True).kept == []
    wanted = {"other": {"command": "theirs"}, "backwright": definitions.SERVER}
    assert json.loads(path.read_text("utf-8")) == {"mcpServers": wanted, "theme": "dark"}


@pytest.mark.parametrize("text", ["// comments\n{}", "[]", '{"mcpServers": []}', "\udcff", "[" * 100_000])
def test_servers_that_cannot_be_read_stay_as_they_are(tmp_path: Path, text: str) -> None:
    project = project_in(tmp_path)
    data = text.encode("utf-8", "surrogateescape")
    (tmp_path / ".mcp.json").write_bytes(data)
    assert ".mcp.json" in definitions.write(project, "claude", force=True).kept
    assert (tmp_path / ".mcp.json").read_bytes() == data


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ('model = "m"\n\n[mcp_servers.other]\ncommand = "theirs"\n', True),
        ("", True),
        ('[mcp_servers.backwright]\ncommand = "old"\n', False),
        ('mcp_servers = {other = {command = "theirs"}}\n', False),
        ("= no toml", False),
    ],
)
def test_servers_in_toml_are_added_to(tmp_path: Path, text: str, merged: bool) -> None:
    project = project_in(tmp_path)
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    assert (definitions.write(project, "codex", force=True).kept == []) is merged
    found = path.read_text("utf-8")
    if not merged:
        assert found == text
        return
    before, after = tomllib.loads(text), tomllib.loads(found)
    assert after["mcp_servers"].pop("backwright") == definitions.SERVER
    assert {**after, "mcp_servers": after["mcp_servers"]} == {"mcp_servers": {}, **before}
    definitions.write(project, "codex", force=True)
    assert path.read_text("utf-8") == found


def test_a_link_is_not_followed_even_then(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    project = project_in(root)
    (root / ".cursor").symlink_to(elsewhere)
    done = definitions.write(project, "cursor", force=True)
    assert done.written == []
    assert list(elsewhere.iterdir()) == []


def test_an_agent_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["init", "--agent", "hal", "--project", str(project_in(tmp_path).root)])
    assert ran.exit_code == 2


def test_the_tools_that_are_named_are_there(tmp_path: Path) -> None:
    listed = {tool.name for tool in server(project_in(tmp_path))._tool_manager.list_tools()}
    for name in ("check", "plan", "build", "verify", "report", "work_items", "work_item", "write_stub"):
        assert f"`{name}" in definitions.RULES
        assert name in listed
