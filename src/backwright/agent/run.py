"""Carries out what the loop decides: asks, waits, tries, judges, delivers, and writes all of it down."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import assert_never

import msgspec

from backwright.agent import bounds, judge, loop, memory, patches, prompts, trees
from backwright.agent.judge import Check
from backwright.agent.loop import (
    Answered,
    Ask,
    Conflicting,
    Deliver,
    Delivered,
    Done,
    Effect,
    Event,
    GivenUp,
    Judge,
    Judged,
    Limits,
    OverBudget,
    Overloaded,
    Prepare,
    Prepared,
    RecordAnswer,
    RecordEnd,
    RecordVerdict,
    Refused,
    Spent,
    Tried,
    Try,
    Unusable,
    Wait,
    Waited,
)
from backwright.agent.patches import Patch, Unreadable
from backwright.agent.providers.provider import (
    MOST_OUTPUT_TOKENS,
    Busy,
    Called,
    Cut,
    Denied,
    Edited,
    Provider,
    Reply,
    Request,
    Said,
    Show,
)
from backwright.agent.verdicts import Failure
from backwright.agent.work_items import WorkItem, make, refuse_written
from backwright.emit import project as emitted
from backwright.model.types import Model
from backwright.project import Project
from backwright.task import events

LEAST_OUTPUT_TOKENS = 500
"""A request that leaves less than this for its answer is not sent."""
BYTES_PER_TOKEN = 3
"""A cautious guess of how long a prompt is, before the provider counts it."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. `reason` is None where it is done; `written` are the files that changed in the project."""

    run: str
    stub: str
    provider: str
    model: str
    synthetic: bool
    attempts: int
    spent: Spent
    reason: loop.Reason | None = None
    why: str = ""
    written: tuple[str, ...] = ()
    shown: int = 0
    held_back: int = 0

    @property
    def done(self) -> bool:
        return self.reason is None


class Shell:
    """One run. `say` gets lines of progress, `show` what the provider writes while it writes it."""

    def __init__(
        self,
        project: Project,
        model: Model,
        item: WorkItem,
        provider: Provider,
        limits: Limits,
        *,
        say: Show = lambda _: None,
        show: Show = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        checks: Sequence[Check] | None = None,
    ) -> None:
        self._project, self._model, self._item = project, model, item
        self._provider, self._limits = provider, limits
        self._say, self._show, self._sleep, self._checks = say, show, sleep, checks
        self._written: tuple[str, ...] = ()
        self._started = unfinished(project, item)

    def run(self) -> Ended:
        """From the first effect to the last. Raises what is a defect, or a replay that differs."""
        state, effects = loop.begin(self._limits)
        while True:
            event: Event | None = None
            for effect in effects:
                event = self.carry_out(effect) or event
            match state:
                case Done() | GivenUp():
                    return self._ended(state)
                case _:
                    if event is None:
                        raise loop.Unexpected(f"nothing came of {type(state).__name__}")
                    state, effects = loop.step(state, event)

    def carry_out(self, effect: Effect) -> Event | None:
        """What came of one effect; None of one that only writes something down."""
        match effect:
            case Prepare():
                return self._prepare()
            case Ask():
                return self._ask(effect)
            case Wait(seconds=seconds, why=why):
                self._say(f"waiting {seconds:.0f} s: {why}")
                self._sleep(seconds)
                return Waited()
            case Try(patch=patch):
                return Tried(failures=bounds.out_of_bounds(self._item, patch))
            case Judge(patch=patch):
                return self._judge(patch)
            case Deliver(patch=patch):
                return self._deliver(patch)
            case RecordAnswer():
                self._record_answer(effect)
                return None
            case RecordVerdict():
                self._record_verdict(effect)
                return None
            case RecordEnd():
                self._record_end(effect)
                return None
            case _:
                assert_never(effect)

    # Effects --------------------------------------------------------------------------------------------

    def _prepare(self) -> Event:
        if self._started is not None:
            self._say(f"going on with {self._started.run}")
            return self._started.resumed or Prepared()
        item, provider = self._item, self._provider
        files = {path: emitted.owned_hash(self._project, path) for path in item.allowed}
        self._started = memory.Started(run=memory.new_run(), files=files)
        started = events.ImplementationStarted(
            run=self._started.run,
            stub=item.stub,
            item=item.digest,
            provider=provider.name,
            model=provider.model,
            synthetic=provider.synthetic,
            files=files,
        )
        events.append(self._project, started)
        return Prepared()

    def _ask(self, ask: Ask) -> Event:
        files = trees.current(self._project, self._item)
        prompt = prompts.prompt(self._item, files, ask.feedback, ask.patch)
        output = MOST_OUTPUT_TOKENS
        if ask.tokens is not None:
            prompted = len((prompts.SYSTEM + prompt).encode()) // BYTES_PER_TOKEN
            output = min(output, ask.tokens - prompted)
            if output < LEAST_OUTPUT_TOKENS:
                why = f"{ask.tokens} tokens are left, and the prompt alone is about {prompted}"
                return OverBudget(why=why)
        self._say(f"attempt {ask.attempt} of {self._limits.attempts}: asking {self._named()}")
        with tempfile.TemporaryDirectory(prefix="backwright-tree-") as folder:
            tree = Path(folder) / "project"
            before = trees.shown(self._project, self._item, tree)
            if ask.patch is not None:
                before |= _taken_over(self._item, ask.patch, tree)
            request = Request(
                attempt=ask.attempt, system=prompts.SYSTEM, prompt=prompt, tree=tree, output_tokens=output
            )
            reply = self._provider.ask(request, self._show)
            kept = {} if ask.patch is None else _allowed(self._item, ask.patch)
            return _event(reply, before, tree, kept)

    def _named(self) -> str:
        label = ", synthetic" if self._provider.synthetic else ""
        return f"{self._provider.name} ({self._provider.model}{label})"

    def _judge(self, patch: Patch) -> Event:
        self._say("judging")
        found = judge.judge(self._project, self._model, self._item, patch, self._checks)
        return Judged(failures=found)

    def _deliver(self, patch: Patch) -> Event:
        assert self._started is not None
        files = trees.delivery(self._project, self._item, patch)
        try:
            self._written = emitted.write_owned(self._project, files, self._started.files)
        except emitted.Changed as changed:
            return Conflicting(paths=changed.paths)
        return Delivered()

    def _record_answer(self, effect: RecordAnswer) -> None:
        assert self._started is not None
        run, patch, spent = self._started.run, effect.patch, effect.spent
        if patch is not None:
            memory.keep_patch(self._project, run, effect.attempt, patch)
        if spent.tokens:
            cost = "" if spent.dollars is None else f", {spent.dollars:.4f} USD"
            self._say(f"used {spent.input_tokens} + {spent.output_tokens} tokens{cost}")
        answered = events.ImplementationAnswered(
            run=run,
            attempt=effect.attempt,
            patch="" if patch is None else patch.digest,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            dollars=spent.dollars,
        )
        events.append(self._project, answered)

    def _record_verdict(self, effect: RecordVerdict) -> None:
        assert self._started is not None
        run = self._started.run
        memory.keep_verdict(self._project, run, effect.attempt, effect.failures)
        for failure in effect.failures[:10]:
            self._say(f"✗ {failure.told()}")
        decided = events.ImplementationJudged(
            run=run,
            attempt=effect.attempt,
            patch="" if effect.patch is None else effect.patch.digest,
            failures=tuple(failure.kind for failure in effect.failures),
        )
        events.append(self._project, decided)

    def _record_end(self, effect: RecordEnd) -> None:
        assert self._started is not None
        ended = events.ImplementationEnded(
            run=self._started.run,
            stub=self._item.stub,
            attempts=effect.attempts,
            input_tokens=effect.spent.input_tokens,
            output_tokens=effect.spent.output_tokens,
            dollars=effect.spent.dollars,
            reason=effect.reason or "",
            why=effect.why,
        )
        events.append(self._project, ended)

    def _ended(self, state: Done | GivenUp) -> Ended:
        assert self._started is not None
        held_back = [
            *(each.held_back for each in self._item.examples),
            *(each.held_back for each in self._item.scenarios),
        ]
        hidden = sum(held_back)
        progress = state.progress
        ended = Ended(
            run=self._started.run,
            stub=self._item.stub,
            provider=self._provider.name,
            model=self._provider.model,
            synthetic=self._provider.synthetic,
            attempts=min(progress.attempt, progress.limits.attempts),
            spent=progress.spent,
            written=self._written,
            shown=len(held_back) - hidden,
            held_back=hidden,
        )
        if isinstance(state, GivenUp):
            return msgspec.structs.replace(ended, reason=state.reason, why=state.why)
        return ended


def _allowed(item: WorkItem, patch: Patch) -> dict[str, str]:
    """The files of a patch that may be written: what the next attempt begins with."""
    return {path: text for path, text in patch.files.items() if path in item.allowed}


def _taken_over(item: WorkItem, patch: Patch, tree: Path) -> dict[str, bytes]:
    """The allowed files of the last attempt, put into the next one's tree."""
    found = _allowed(item, patch)
    for path, text in found.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    return {path: text.encode() for path, text in found.items()}


def _event(reply: Reply, before: dict[str, bytes], tree: Path, kept: dict[str, str]) -> Event:
    """What a reply means for the loop; `kept` are files of the attempt before, which hold until they are written anew.

    Whoever answers by a call must not have touched the tree either.
    """
    match reply:
        case Busy(why=why, after=after, spent=spent):
            return Overloaded(why=why, after=after, spent=spent)
        case Denied(why=why, spent=spent):
            return Refused(why=why, spent=spent)
        case Cut(why=why, spent=spent):
            return _unusable("incomplete", f"{why}; answer with less text", spent)
        case Said(spent=spent):
            return _unusable("unreadable", f"no call of `{patches.TOOL}`", spent)
        case Called(arguments=arguments, spent=spent):
            read = patches.read(arguments)
            if isinstance(read, Unreadable):
                return _unusable("unreadable", read.why, spent)
            return Answered(patch=_on(kept, trees.changes(before, tree, read)), spent=spent)
        case Edited(spent=spent):
            patch = trees.changes(before, tree)
            if not patch.files and not patch.removed:
                return _unusable("unreadable", "no file was changed", spent)
            return Answered(patch=_on(kept, patch), spent=spent)
        case _:
            assert_never(reply)


def _on(kept: dict[str, str], patch: Patch) -> Patch:
    return msgspec.structs.replace(patch, files={**kept, **patch.files})


def _unusable(kind: str, what: str, spent: Spent) -> Unusable:
    return Unusable(failure=msgspec.convert({"kind": kind, "what": what}, Failure), spent=spent)


def unfinished(project: Project, item: WorkItem) -> memory.Started | None:
    """The interrupted run that can go on: of this work item, with the files as they were when it began.

    Where the answer was accepted already, the files may also be what it says.
    """
    started = memory.unfinished(project, item.stub, item.digest)
    if started is None or (started.resumed is not None and started.resumed.accepted):
        return started
    same = all(emitted.owned_hash(project, path) == found for path, found in started.files.items())
    return started if same else None


def implement(
    project: Project,
    model: Model,
    stub: str,
    provider: Provider,
    limits: Limits,
    *,
    say: Show = lambda _: None,
    show: Show = lambda _: None,
) -> Ended:
    """Have one function written. Raises SpecificationError where there is nothing to write or to judge by."""
    item = make(project, model, stub)
    with memory.at_work(project, stub):
        if unfinished(project, item) is None:
            refuse_written(project, item)
        return Shell(project, model, item, provider, limits, say=say, show=show).run()
