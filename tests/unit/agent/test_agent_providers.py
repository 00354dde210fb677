"""Command lines and recorded conversations as providers, and the command of agent mode."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
import tolls_project as tolls
from tolls_project import FUNCTION, RIGHT, right, wrong
from typer.testing import CliRunner

from backwright.agent import memory
from backwright.agent.loop import Limits, Spent
from backwright.agent.providers import scripted
from backwright.agent.providers.command import Command
from backwright.agent.providers.provider import Busy, Cut, Denied, Edited, Request, Unusable
from backwright.agent.providers.script import Script
from backwright.cli import app
from backwright.project import Project


def line(program: str) -> str:
    """A command line that runs a Python program."""
    return f"{sys.executable} -I -c {json.dumps(program)}"


def request(tree: Path) -> Request:
    tree.mkdir(exist_ok=True)
    return Request(attempt=1, system="You write.", prompt="Write it.", tree=tree)


def quiet(_: str) -> None:
    pass


# Commands ---------------------------------------------------------------------------------------------


def test_a_command_edits_the_tree_and_is_judged_like_everybody(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    script = tmp_path / "agent.py"
    script.write_text(f"import pathlib\npathlib.Path({FUNCTION!r}).write_text({RIGHT!r})\n")
    ended = tolls.run(here, model, Command(f"{sys.executable} -I {script}"))
    assert (ended.done, ended.provider, ended.synthetic) == (True, "command", False)
    assert (here.root / FUNCTION).read_text() == RIGHT


def test_a_command_that_edits_more_is_given_up(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    script = tmp_path / "agent.py"
    script.write_text("import pathlib\npathlib.Path('conftest.py').write_text('x = 1')\n")
    before = tolls.contents(here)
    ended = tolls.run(here, model, Command(f"{sys.executable} -I {script}"))
    assert (ended.reason, ended.attempts) == ("out_of_bounds", 2)
    assert tolls.contents(here) == before


def test_a_command_is_told_on_stdin_and_in_a_file(tmp_path: Path) -> None:
    program = "import sys; a = sys.stdin.read(); b = open(sys.argv[1]).read(); assert a == b; print(len(a))"
    shown: list[str] = []
    command = Command(f"{line(program)} {{task}}")
    assert isinstance(command.ask(request(tmp_path / "tree"), shown.append), Edited)
    assert shown == [f"{len('You write.') + len('Write it.') + 3}\n"]
    assert list((tmp_path / "tree").iterdir()) == [], "the task is no change of its own"


def test_a_command_finds_nothing_in_its_environment_that_it_was_not_given(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin", "ANTHROPIC_API_KEY": "a", "DATABASE_URL": "b", "MINE": "c"}
    program = "import os; print(*sorted(set(os.environ) - {'LC_CTYPE'}))"
    shown: list[str] = []
    command = Command(line(program), passed_on=["MINE"], environment=environment)
    command.ask(request(tmp_path / "tree"), shown.append)
    assert shown == ["MINE PATH\n"]
    with pytest.raises(Unusable, match="not set: OTHER"):
        Command("true", passed_on=["OTHER"], environment=environment)


def test_commands_that_fail_hang_or_are_not_there(tmp_path: Path) -> None:
    failed = Command(line("raise SystemExit(3)")).ask(request(tmp_path / "1"), quiet)
    assert failed == Busy(why=f"{Path(sys.executable).name} ended with 3")
    late = Command(line("import time; time.sleep(60)"), seconds=0.3).ask(request(tmp_path / "2"), quiet)
    assert isinstance(late, Cut)
    assert isinstance(Command("no-such-agent-there-is").ask(request(tmp_path / "3"), quiet), Denied)
    for text in ("", "'"):
        with pytest.raises(Unusable):
            Command(text)


def test_what_a_provider_writes_is_shown_while_it_does_and_so_is_what_it_used(tmp_path: Path) -> None:
    here, _ = tolls.project(tmp_path)
    asked = ["implement", "toll_of", "-p", str(here.root), "--provider", "command", "--attempts", "1"]
    result = CliRunner().invoke(app, [*asked, "--command", line("print('thinking')")])
    assert result.exit_code == 1
    assert "\nthinking\n" in result.stderr
    assert "usage not told" in result.stdout
    assert (
        "thinking"
        not in CliRunner().invoke(app, [*asked, "--command", line("print('thinking')"), "--json"]).output
    )


# Recordings -------------------------------------------------------------------------------------------


def recorded(tmp_path: Path) -> scripted.Recording:
    here, model = tolls.project(tmp_path / "recorded")
    recorder = scripted.Recorder(scripted.wrong_then_right(wrong(1), right))
    assert tolls.run(here, model, recorder).done
    return recorder.recording()


def test_a_conversation_is_replayed_word_for_word(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    assert (recording.synthetic, len(recording.turns)) == (True, 2)
    here, model = tolls.project(tmp_path)
    ended = tolls.run(here, model, scripted.Replay(recording))
    assert (ended.done, ended.attempts, ended.synthetic) == (True, 2, True)


def test_a_conversation_that_differs_fails(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    here, model = tolls.project(tmp_path)
    (here.root / FUNCTION).write_text((here.root / FUNCTION).read_text() + "\n# otherwise\n")
    with pytest.raises(scripted.Differs):
        tolls.run(here, model, scripted.Replay(recording))
    other, model = tolls.project(tmp_path / "other")
    changed = msgspec.structs.replace(recording, turns=(recording.turns[0],))
    with pytest.raises(scripted.Differs, match="not in the recording"):
        tolls.run(other, model, scripted.Replay(changed), Limits())


# The command --------------------------------------------------------------------------------------------


def test_the_command_says_how_it_ended(tmp_path: Path) -> None:
    """From the command line, with a recording, on a project as it lies there: all gates."""
    here, file = built_here(tmp_path)
    said = CliRunner().invoke(app, [*command(here, file), "--json"])
    assert said.exit_code == 0, said.output
    answer = json.loads(said.stdout)
    assert (answer["done"], answer["result"]["synthetic"], answer["result"]["attempts"]) == (True, True, 1)
    assert (here.root / FUNCTION).read_text() == RIGHT
    again = CliRunner().invoke(app, command(here, file))
    assert again.exit_code == 1
    assert "BW931" in again.output


def test_the_command_gives_up_with_exit_code_1(tmp_path: Path) -> None:
    here, file = built_here(tmp_path, denied=True)
    said = CliRunner().invoke(app, command(here, file))
    assert said.exit_code == 1
    assert "Given up (provider refused)" in said.output
    assert "synthetic" in said.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--provider", "nobody"], "there is no provider"),
        (["--provider", "anthropic"], "--model"),
        (["--provider", "anthropic", "--model", "m"], "is not set"),
        (["--provider", "replay"], "--recording"),
        (["--provider", "scripted"], "--script"),
        (["--provider", "command", "--command", "true", "--budget", "5"], "does not say"),
    ],
)
def test_a_command_line_that_cannot_be(
    tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    here, _ = tolls.project(tmp_path)
    result = CliRunner().invoke(app, ["implement", "toll_of", "-p", str(here.root), *arguments])
    assert result.exit_code == 2
    assert said in result.output


# Scripts ----------------------------------------------------------------------------------------------


def script(folder: Path, *answers: dict[str, str]) -> Path:
    """A folder with these answers."""
    for number, files in enumerate(answers, 1):
        for name, text in files.items():
            file = folder / str(number) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return folder


def test_a_script_answers_attempt_by_attempt_and_says_that_nobody_thought(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    ended = tolls.run(here, model, Script(script(tmp_path / "second thoughts", wrong(9), right)))
    assert (ended.done, ended.attempts, ended.provider, ended.model) == (
        True,
        2,
        "scripted",
        "second thoughts",
    )
    assert (ended.synthetic, ended.spent) == (True, Spent())


def test_a_script_that_ends_declines(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    ended = tolls.run(here, model, Script(script(tmp_path / "script", wrong(9))))
    assert (ended.reason, ended.attempts) == ("provider_refused", 2)


def test_scripts_that_cannot_be(tmp_path: Path) -> None:
    def refused(folder: Path, why: str) -> None:
        with pytest.raises(Unusable, match=why):
            Script(folder)

    refused(tmp_path / "missing", "no folder `1`")
    refused(script(tmp_path / "late", {}, right), "no folder `1`")
    (tmp_path / "empty" / "1").mkdir(parents=True)
    refused(tmp_path / "empty", "no file")
    refused(script(tmp_path / "many", {f"{n}.py": "" for n in range(21)}), "more than 20")
    refused(script(tmp_path / "long", {"a.py": "x" * 200_001}), "longer")
    (script(tmp_path / "binary", right) / "1" / "b.py").write_bytes(b"\xff")
    refused(tmp_path / "binary", "no text")
    (script(tmp_path / "link", right) / "1" / "b.py").symlink_to("/etc/hostname")
    refused(tmp_path / "link", "no file of its own")


def test_two_runs_of_one_function_do_not_meet(tmp_path: Path) -> None:
    here, file = built_here(tmp_path)
    with memory.at_work(here, "toll_of"):
        said = CliRunner().invoke(app, command(here, file))
    assert said.exit_code == 1
    assert "BW934" in said.output


def test_functions_that_nothing_is_known_of(tmp_path: Path) -> None:
    here, file = built_here(tmp_path)
    result = CliRunner().invoke(app, command(here, file, stub="other"))
    assert result.exit_code == 1
    assert "BW930" in result.output
    (here.root / FUNCTION).unlink()
    result = CliRunner().invoke(app, command(here, file))
    assert "BW933" in result.output


def test_without_a_criterion_nothing_counts_as_done(tmp_path: Path) -> None:
    here, file = built_here(tmp_path)
    (here.root / "specs" / "001-tolls" / "acceptance.yaml").unlink()
    text = (here.root / "backwright.yaml").read_text()
    head, _, rest = text.partition("    examples:\n")
    (here.root / "backwright.yaml").write_text(head + "entities:" + rest.partition("entities:")[2])
    result = CliRunner().invoke(app, command(here, file))
    assert result.exit_code == 1
    assert "BW932" in result.output


def built_here(tmp_path: Path, *, denied: bool = False) -> tuple[Project, Path]:
    """A project, and a recording of what is asked about it."""
    here, model = tolls.project(tmp_path)
    copy, _ = tolls.project(tmp_path / "asked")
    turn: scripted.Turn = Denied(why="no") if denied else scripted.call(right)
    recorder = scripted.Recorder(scripted.Scripted("synthetic", [turn]))
    tolls.run(copy, model, recorder)
    file = tmp_path / "recording.json"
    file.write_bytes(msgspec.json.encode(recorder.recording()))
    return here, file


def command(here: Project, recording: Path, stub: str = "toll_of") -> list[str]:
    return ["implement", stub, "-p", str(here.root), "--provider", "replay", "--recording", str(recording)]
