"""What is printed comes from files that nobody has checked."""

from __future__ import annotations

import pytest

from backwright.console import Terminal


def test_text_is_no_markup_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(json=False).print("[bold]a[/] \x1b[2Jb\u202ec\x9bd\ne f é 予 🎉")
    assert capsys.readouterr().out == "[bold]a[/] �[2Jb�c�d\ne f é 予 🎉\n"


def test_progress_and_streamed_text_are_none_either(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(json=False)
    terminal.note("asking \x1b[2J[red]")
    for part in ("de", "f [bold]", "\x1b]0;title\x07"):
        terminal.stream(part)
    terminal.note("judging")
    terminal.gate("passed", "a\x9b", 1.0, "[b]\x1b")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[:3] == ["  asking �[2J[red]", "def [bold]�]0;title�", "  judging"]
    assert said.err.splitlines()[3].split() == ["✓", "a�", "1.0", "s", "[b]�"]


def test_with_json_nothing_is_streamed(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(json=True).stream("a")
    assert capsys.readouterr() == ("", "")
