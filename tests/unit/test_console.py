"""What is printed comes from files that nobody has checked."""

from __future__ import annotations

import pytest

from backwright.console import Terminal


def test_text_is_no_markup_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(json=False).print("[bold]a[/] \x1b[2Jb\u202ec\x9bd\ne f é 予 🎉")
    assert capsys.readouterr().out == "[bold]a[/] �[2Jb�c�d\ne f é 予 🎉\n"
