"""How runs end with each scripted provider: on a built project, with its examples run by the real judge."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import tolls_project as tolls
from tolls_project import CHEAT, FUNCTION, PLANTED, RIGHT, TESTS, cheat, right, wrong

from backwright.agent import examples
from backwright.agent.loop import Limits
from backwright.agent.providers import scripted
from backwright.task import events

TEST_OF_ITS_OWN = '''"""Tests."""

from tolls.logic.toll_of import toll_of


def test_it_is_there() -> None:
    assert toll_of
'''


def untouched(tmp_path: Path, provider: scripted.Scripted, reason: str, limits: Limits | None = None) -> str:
    """The provider is given up for that reason, and the project is as it was. Why."""
    here, model = tolls.project(tmp_path)
    before = tolls.contents(here)
    ended = tolls.run(here, model, provider, limits)
    assert (ended.done, ended.reason) == (False, reason), ended.why
    assert tolls.contents(here) == before
    last = tolls.log(here)[-1]
    assert isinstance(last, events.ImplementationEnded)
    assert last.reason == reason
    return ended.why


def test_right_first_time(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    ended = tolls.run(here, model, scripted.right_first_time(right))
    assert ended.done
    assert (ended.attempts, ended.synthetic, ended.written) == (1, True, (FUNCTION,))
    assert (ended.shown, ended.held_back) == (3, 3)
    assert (here.root / FUNCTION).read_text() == RIGHT
    kinds = [type(each).__name__ for each in tolls.log(here)]
    assert kinds == [
        "ImplementationStarted",
        "ImplementationAnswered",
        "ImplementationJudged",
        "ImplementationEnded",
    ]


def test_wrong_then_right(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    provider = scripted.wrong_then_right(wrong(1), right)
    ended = tolls.run(here, model, provider)
    assert (ended.done, ended.attempts, ended.spent.tokens) == (True, 2, 2400)
    second = provider.asked[1].prompt
    assert 'example 1: it should return {"fee": "4.00"}' in second, "what is shown is told in full"
    assert "13.25" not in second, "what is held back is not"


def test_what_is_written_to_the_shown_examples_fails_the_others(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    provider = scripted.wrong_then_right(cheat, right)
    assert tolls.run(here, model, provider).attempts == 2
    feedback = provider.asked[1].prompt.partition("Your last attempt")[2]
    assert "example: a criterion that you are not shown does not hold" in feedback
    for secret in ("13.25", "example 2", "example 4", "north"):
        assert secret not in feedback


def test_never_right(tmp_path: Path) -> None:
    why = untouched(tmp_path, scripted.never_right(wrong(fee) for fee in range(5, 10)), "attempts")
    assert "example 1" in why


def test_the_same_again_is_no_progress(tmp_path: Path) -> None:
    untouched(tmp_path, scripted.never_right([wrong(5), wrong(5), wrong(6)]), "no_progress")


def test_truncated(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    provider = scripted.truncated(right)
    ended = tolls.run(here, model, provider)
    assert (ended.done, ended.attempts) == (True, 2)
    assert "incomplete: cut off: max_tokens" in provider.asked[1].prompt


def test_rate_limited(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    slept: list[float] = []
    ended = tolls.run(here, model, scripted.rate_limited(right), slept=slept)
    assert (ended.done, ended.attempts, slept) == (True, 1, [7.0, 4.0])


def test_over_budget(tmp_path: Path) -> None:
    provider = scripted.over_budget([wrong(5), wrong(6), wrong(7)], tokens=4000)
    untouched(tmp_path, provider, "budget", Limits(tokens=7000))
    assert len(provider.asked) == 2


def test_a_request_that_alone_is_over_the_budget_is_not_sent(tmp_path: Path) -> None:
    provider = scripted.right_first_time(right)
    untouched(tmp_path, provider, "budget", Limits(tokens=900))
    assert provider.asked == []


def test_malformed_calls(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    provider = scripted.malformed(right)
    ended = tolls.run(here, model, provider)
    assert (ended.done, ended.attempts) == (True, 4)
    assert "unreadable" in provider.asked[1].prompt


@pytest.mark.parametrize(
    "path",
    [
        "tests/conftest.py",
        "tests/test_crossings.py",
        "tests/logic/test_other.py",
        "tolls/calls.py",
        "tolls/boundary.py",
        "backwright.yaml",
        "specs/001-tolls/acceptance.yaml",
        ".env",
        "../outside.py",
        "/etc/hosts",
        "tolls/logic/../calls.py",
    ],
)
def test_edits_of_other_files(tmp_path: Path, path: str) -> None:
    """Tests outside of its own file, generated files, the specification, paths that lead out."""
    why = untouched(tmp_path, scripted.edits(right, {path: "assert True\n"}), "out_of_bounds")
    assert path in why


@pytest.mark.parametrize("path", ["tests/conftest.py", "sitecustomize.py", "tolls/settings.py"])
def test_edits_in_the_work_tree(tmp_path: Path, path: str) -> None:
    """Who edits files is held to the same."""
    provider = scripted.edits_tree({**right, path: "x = 1\n"})
    assert path in untouched(tmp_path, provider, "out_of_bounds")


def test_whoever_edits_only_what_is_allowed_is_done(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    assert tolls.run(here, model, scripted.edits_tree(right)).done


@pytest.mark.parametrize(
    "line",
    [
        "import os\nKEYS = os.environ['TOKEN_KEYS']",
        "from os import getenv",
        "from dotenv import load_dotenv",
        "KEYS = open('.env')",
        "KEYS = open('/proc/self/environ')",
        "import sys\nKEYS = sys.modules['os']",
    ],
)
@pytest.mark.parametrize("path", [FUNCTION, TESTS])
def test_reads_of_the_environment(tmp_path: Path, path: str, line: str) -> None:
    text = RIGHT if path == FUNCTION else TEST_OF_ITS_OWN
    files = {**right, path: f"{text}\n{line}\n"}
    provider = scripted.never_right([files, {**files, path: f"{text}\n{line}  # again\n"}])
    untouched(tmp_path, provider, "out_of_bounds")


def test_an_instruction_planted_in_the_specification_gains_nothing(tmp_path: Path) -> None:
    """It reaches the provider, which obeys it: what it then writes is rejected."""
    provider = scripted.obedient(PLANTED, {**right, "tests/conftest.py": "x = 1\n"}, right)
    untouched(tmp_path, provider, "out_of_bounds")
    assert PLANTED in provider.asked[0].prompt


def test_what_reaches_beyond_its_declaration_is_not_run(tmp_path: Path) -> None:
    """A file outside is not there afterwards: the function was read and never started."""
    mark = tmp_path / "was-run"
    text = RIGHT.replace("    extra", f"    open({str(mark)!r}, 'w').close()\n    extra")
    why = untouched(tmp_path, scripted.never_right([{FUNCTION: text}]), "attempts", Limits(attempts=1))
    assert "uses: [files]" in why
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    return 'x' * (1 << 33)\n", "MemoryError"),
        ("    raise KeyError('given')\n", "raises KeyError"),
        ("    return None\n", "it should return"),
    ],
)
def test_functions_that_grow_or_break(tmp_path: Path, text: str, said: str) -> None:
    head = RIGHT.partition("    if given")[0]
    limits = Limits(attempts=1)
    assert said in untouched(tmp_path, scripted.never_right([{FUNCTION: head + text}]), "attempts", limits)


def test_an_answer_nobody_has_left(tmp_path: Path) -> None:
    why = untouched(tmp_path, scripted.Scripted("says no", []), "provider_refused")
    assert why == "the script has ended"


def test_what_the_user_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)

    def turn(request: scripted.Request) -> scripted.Reply:
        (here.root / FUNCTION).write_text("# mine\n")
        return scripted.call(right)

    ended = tolls.run(here, model, scripted.Scripted("slow", [turn]))
    assert (ended.reason, FUNCTION in ended.why) == ("changed", True)
    assert (here.root / FUNCTION).read_text() == "# mine\n"


def test_a_link_in_the_place_of_the_function_is_not_followed(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    target = tmp_path / "elsewhere.py"
    target.write_text((here.root / FUNCTION).read_text())
    (here.root / FUNCTION).unlink()
    (here.root / FUNCTION).symlink_to(target)
    from backwright.agent.run import Shell
    from backwright.emit.project import OutsideProject

    with pytest.raises(OutsideProject):
        Shell(here, model, item, scripted.right_first_time(right), Limits(), checks=tolls.QUICK).run()
    assert CHEAT not in target.read_text()


def test_a_function_that_does_not_end_is_ended(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    head = RIGHT.partition("    if given")[0]
    (here.root / FUNCTION).write_text(f"{head}    while True:\n        pass\n")
    logic = msgspec.structs.replace(model.logic[0], seconds=0)
    item = tolls.item_of(here, model)
    [failure] = examples.failures(logic, model, item.examples, here.root)
    assert "the process ended" in failure.what
