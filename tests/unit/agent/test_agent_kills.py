"""A kill between any two effects: the next run goes on, or begins again cleanly, and comes to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tolls_project as tolls
from tolls_project import FUNCTION, RIGHT, cheat, right

from backwright.agent import memory
from backwright.agent.judge import Case
from backwright.agent.loop import Effect, Event, Limits
from backwright.agent.providers import scripted
from backwright.agent.run import Shell, unfinished
from backwright.agent.verdicts import Failure
from backwright.agent.work_items import refuse_written
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.task import events

FILES = [cheat, right]
"""Two attempts; which one comes follows from the attempt, so that a second run says the same."""


def as_it_should_be(case: Case) -> Iterator[Failure]:
    """Decides at once: what is judged how is not what this is about."""
    if (case.tree.root / FUNCTION).read_text() != RIGHT:
        yield Failure(kind="example", what="another text")


class Killed(BaseException):
    pass


def by_attempt() -> scripted.Scripted:
    def turn(request: scripted.Request) -> scripted.Reply:
        return scripted.call(FILES[request.attempt - 1])

    return scripted.Scripted("by attempt", [turn] * 10)


class Killable(Shell):
    """Ends before or after the effect of that number, as a kill would."""

    kill_at = 0
    after = False
    carried = 0

    def carry_out(self, effect: Effect) -> Event | None:
        self.carried += 1
        if self.carried == self.kill_at and not self.after:
            raise Killed
        event = super().carry_out(effect)
        if self.carried == self.kill_at:
            raise Killed
        return event


def number_of_effects(tmp_path: Path) -> int:
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    shell = Killable(here, model, item, by_attempt(), Limits(), checks=(as_it_should_be,))
    assert shell.run().attempts == 2
    return shell.carried


def test_a_kill_between_any_two_effects(tmp_path: Path) -> None:
    """After one is before the next; the first is never begun where the log has nothing."""
    number = number_of_effects(tmp_path / "whole")
    killed(tmp_path / "0", 1, after=False, ends=False)
    for kill_at in range(1, number + 1):
        killed(tmp_path / str(kill_at), kill_at, after=True, ends=kill_at == number)


def killed(folder: Path, kill_at: int, after: bool, ends: bool) -> None:
    here, model = tolls.project(folder)
    item = tolls.item_of(here, model)
    shell = Killable(here, model, item, by_attempt(), Limits(), checks=(as_it_should_be,))
    shell.kill_at, shell.after = kill_at, after
    with pytest.raises(Killed):
        shell.run()
    again = by_attempt()
    if ends:  # everything was said and done
        assert unfinished(here, item) is None
        with pytest.raises(SpecificationError):
            refuse_written(here, item)
        return
    ended = Shell(here, model, item, again, Limits(), checks=(as_it_should_be,)).run()
    assert (ended.done, ended.attempts) == (True, 2), (kill_at, after)
    assert (here.root / FUNCTION).read_text() == RIGHT
    log = tolls.log(here)
    assert sum(isinstance(each, events.ImplementationEnded) for each in log) == 1
    answered = [each for each in log if isinstance(each, events.ImplementationAnswered)]
    assert len({each.run for each in answered}) == 1, "the run went on"
    assert len(answered) == 2, "no answer that was noted is paid for twice"


def test_a_run_of_another_item_is_not_gone_on_with(tmp_path: Path) -> None:
    """The specification has changed: what was tried was something else."""
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    interrupted(here, model)
    assert memory.unfinished(here, "toll_of", item.digest) is not None
    assert memory.unfinished(here, "toll_of", "another") is None


def interrupted(here: Project, model: Model) -> None:
    shell = Killable(
        here, model, tolls.item_of(here, model), by_attempt(), Limits(), checks=(as_it_should_be,)
    )
    shell.kill_at = 6
    with pytest.raises(Killed):
        shell.run()


def test_a_run_begins_again_when_the_user_has_changed_the_files(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    interrupted(here, model)
    stub = here.root / FUNCTION
    stub.write_text(stub.read_text() + "\n# a note of mine\n")
    ended = tolls.run(here, model, by_attempt())
    assert ended.done
    assert len({each.run for each in tolls.log(here) if isinstance(each, events.ImplementationStarted)}) == 2


def test_a_patch_that_was_changed_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    """The log names the digest of each patch: another one in its place is not believed."""
    here, model = tolls.project(tmp_path)
    shell = Killable(
        here, model, tolls.item_of(here, model), by_attempt(), Limits(), checks=(as_it_should_be,)
    )
    shell.kill_at = 4
    with pytest.raises(Killed):
        shell.run()
    [kept] = (here.state / "agent").rglob("1.patch.json")
    kept.write_text(kept.read_text().replace("4.00", "9.00"))
    provider = by_attempt()
    assert tolls.run(here, model, provider).done
    assert provider.asked[0].attempt == 1
