"""The walkthrough of the documentation, followed word for word."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import page
import pytest
from advisories import none_known, source

PAGE = Path(__file__).parents[2] / "docs" / "walkthrough.md"


def test_the_walkthrough_is_as_it_says(tmp_path: Path, postgres_server: str) -> None:
    with source(none_known) as advisories:
        terminal = page.environment(
            Path(sys.executable).parent,
            BACKWRIGHT_TEST_POSTGRES=postgres_server,
            BACKWRIGHT_ADVISORIES=advisories,
        )
        followed = list(page.follow(PAGE.read_text("utf-8"), tmp_path, terminal))
    wrong = [f"$ {c.line}\n{printed}" for c, printed in followed if not page.fits(c.printed, printed)]
    assert not wrong, "printed otherwise than the page shows:\n" + "\n".join(wrong)
    _noted(tmp_path / "bikes")


def _noted(project: Path) -> None:
    """What the page says of the cheat and of the report, by what was recorded instead of by what was printed."""
    lines = (project / ".backwright" / "events.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    ends = [each["reason"] for each in events if each["kind"] == "implementation_ended"]
    starts = [each["synthetic"] for each in events if each["kind"] == "implementation_started"]
    assert (ends, starts) == (["out_of_bounds", ""], [True, True])
    assert (project / "specs/001-rides/acceptance.yaml").read_text("utf-8") != "[]\n"
    assert not (project / "tests/conftest.py").read_text("utf-8").startswith("collect_ignore")
    [audited] = project.glob(".backwright/runs/*/vulnerabilities.json")
    assert json.loads(audited.read_bytes())["figures"]["source"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n…\nc\n", "a\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nc\n", True),
        ("in …  s: b\n", "in 1.25 s: b\n", True),
        ("a\n…\n", "b\na\n", False),
        ("a\n", "a\nb\n", False),
        ("", "a\n", False),
        ("done\n", "not done\n", False),
    ],
)
def test_what_a_page_shows_is_compared(shown: str, printed: str, same: bool) -> None:
    assert page.fits(shown, printed) is same


def test_a_command_that_fails_and_a_block_of_nothing_are_noticed(tmp_path: Path) -> None:
    terminal = page.environment(tmp_path)
    with pytest.raises(AssertionError, match="ended with 3"):
        list(page.follow("```console\n$ (exit 3)\n```\n", tmp_path, terminal))
    with pytest.raises(ValueError, match="where to save"):
        list(page.read("Look:\n\n```yaml\na: 1\n```\n"))
    said = list(page.follow("`a`:\n\n```text\nx\n```\n```console\n$ cat a\nx\n```\n", tmp_path, terminal))
    assert said == [(page.Command("cat a", "x\n"), "x\n")]
