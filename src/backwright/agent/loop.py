"""The loop of agent mode: (state, event) → (state, effects). It decides everything and does nothing.

`run` carries the effects out and says what came of them as the next event. Every effect can be repeated: after a kill,
`Resumed` says how far the recorded run had come.
"""

from __future__ import annotations

from typing import Literal as OneOf
from typing import assert_never

import msgspec

from backwright.agent.patches import Patch
from backwright.agent.verdicts import Failure, told

Reason = OneOf[
    "attempts", "budget", "no_progress", "out_of_bounds", "provider_refused", "unavailable", "changed"
]
"""Why a run gives up: no attempt or money left, the same patch again, beyond what is allowed twice, the provider says
no or cannot be reached, or the user changed the files meanwhile."""

OUT_OF_BOUNDS = 2
"""How often a provider may go beyond what is allowed before it is not asked again."""
WAITS = 6
"""How often in a row an overloaded provider is asked again."""
FIRST_WAIT = 2.0
LONGEST_WAIT = 120.0
"""Seconds. A provider that asks for a longer pause (Retry-After) is given up."""


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Common settings."""


class Limits(Frozen, frozen=True, kw_only=True):
    """How much a run may take: attempts, tokens (input and output together), US dollars. None: no limit."""

    attempts: int = 5
    tokens: int | None = None
    dollars: float | None = None


class Spent(Frozen, frozen=True, kw_only=True):
    """What was used so far. `dollars` is None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = None

    def plus(self, other: Spent) -> Spent:
        dollars = [each for each in (self.dollars, other.dollars) if each is not None]
        return Spent(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            dollars=sum(dollars) if dollars else None,
        )

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Progress(Frozen, frozen=True, kw_only=True):
    """What every state knows: how far the run is. `seen` are the digests of the patches that were judged."""

    limits: Limits
    attempt: int = 1
    spent: Spent = Spent()
    seen: tuple[str, ...] = ()
    out_of_bounds: int = 0


# States -----------------------------------------------------------------------------------------------


class Preparing(Frozen, frozen=True, kw_only=True):
    limits: Limits


class Asking(Frozen, frozen=True, kw_only=True):
    """A provider is being asked. `waits` counts the pauses in a row."""

    progress: Progress
    feedback: str = ""
    patch: Patch | None = None
    waits: int = 0


class Trying(Frozen, frozen=True, kw_only=True):
    progress: Progress
    patch: Patch


class Judging(Frozen, frozen=True, kw_only=True):
    progress: Progress
    patch: Patch


class Delivering(Frozen, frozen=True, kw_only=True):
    progress: Progress
    patch: Patch


class Done(Frozen, frozen=True, kw_only=True):
    progress: Progress
    patch: Patch


class GivenUp(Frozen, frozen=True, kw_only=True):
    progress: Progress
    reason: Reason
    why: str


State = Preparing | Asking | Trying | Judging | Delivering | Done | GivenUp


# Events -----------------------------------------------------------------------------------------------


class Prepared(Frozen, frozen=True, kw_only=True):
    """The work item is there, and nothing was done on it before."""


class Resumed(Frozen, frozen=True, kw_only=True):
    """An earlier run of the same work item was interrupted. `patch` was answered and not yet judged, unless `accepted`;
    `last` with its `feedback` is the patch before that failed."""

    attempt: int
    spent: Spent
    seen: tuple[str, ...] = ()
    out_of_bounds: int = 0
    feedback: str = ""
    last: Patch | None = None
    patch: Patch | None = None
    accepted: bool = False


class Answered(Frozen, frozen=True, kw_only=True):
    """The provider answered with a patch."""

    patch: Patch
    spent: Spent


class Unusable(Frozen, frozen=True, kw_only=True):
    """The provider answered with something that is no patch: cut off, or not to be read."""

    failure: Failure
    spent: Spent


class Overloaded(Frozen, frozen=True, kw_only=True):
    """Not now: too many requests, a failure over there, or no connection. `after` is what it asked for, in seconds;
    what was streamed before it broke off is paid for."""

    why: str
    after: float | None = None
    spent: Spent = Spent()


class Refused(Frozen, frozen=True, kw_only=True):
    """The provider will not answer, whenever it is asked."""

    why: str
    spent: Spent = Spent()


class OverBudget(Frozen, frozen=True, kw_only=True):
    """The request was not sent: it alone is more than what is left."""

    why: str


class Waited(Frozen, frozen=True, kw_only=True):
    """The pause is over."""


class Tried(Frozen, frozen=True, kw_only=True):
    """The patch was taken over into a work tree, or reached beyond what is allowed (`failures`)."""

    failures: tuple[Failure, ...] = ()


class Judged(Frozen, frozen=True, kw_only=True):
    """The gates have decided: everything holds where there is no failure."""

    failures: tuple[Failure, ...] = ()


class Delivered(Frozen, frozen=True, kw_only=True):
    """The files are in the project."""


class Conflicting(Frozen, frozen=True, kw_only=True):
    """The user changed these files since the start: nothing was written over."""

    paths: tuple[str, ...]


Event = (
    Prepared
    | Resumed
    | Answered
    | Unusable
    | Overloaded
    | Refused
    | OverBudget
    | Waited
    | Tried
    | Judged
    | Delivered
    | Conflicting
)


# Effects ----------------------------------------------------------------------------------------------


class Prepare(Frozen, frozen=True, kw_only=True):
    """Make the work item."""


class Ask(Frozen, frozen=True, kw_only=True):
    """Ask the provider, with what failed before. `tokens` is what may still be used."""

    attempt: int
    feedback: str
    patch: Patch | None
    tokens: int | None


class Wait(Frozen, frozen=True, kw_only=True):
    seconds: float
    why: str


class Try(Frozen, frozen=True, kw_only=True):
    """Take the patch over into a disposable work tree."""

    patch: Patch


class Judge(Frozen, frozen=True, kw_only=True):
    """Run the gates on the work tree."""

    patch: Patch


class Deliver(Frozen, frozen=True, kw_only=True):
    """Write the files into the user's project, unless they were changed."""

    patch: Patch


class RecordAnswer(Frozen, frozen=True, kw_only=True):
    """Note what was answered, before anything is done with it."""

    attempt: int
    patch: Patch | None
    spent: Spent


class RecordVerdict(Frozen, frozen=True, kw_only=True):
    """Note what was decided on an attempt."""

    attempt: int
    patch: Patch | None
    failures: tuple[Failure, ...]


class RecordEnd(Frozen, frozen=True, kw_only=True):
    """Note how the run ended; no `reason`: it is done."""

    attempts: int
    spent: Spent
    reason: Reason | None = None
    why: str = ""


Effect = Prepare | Ask | Wait | Try | Judge | Deliver | RecordAnswer | RecordVerdict | RecordEnd
Step = tuple[State, tuple[Effect, ...]]


class Unexpected(Exception):
    """An event that cannot come in this state: a defect of the shell."""


def begin(limits: Limits) -> Step:
    """The first state, and what to do first."""
    return Preparing(limits=limits), (Prepare(),)


def step(state: State, event: Event) -> Step:
    """The next state and what has to be done, in order. Raises Unexpected where the event does not belong here."""
    match state:
        case Preparing():
            return _prepared(state, event)
        case Asking():
            return _answered(state, event)
        case Trying(progress=progress, patch=patch):
            match event:
                case Tried(failures=()):
                    return Judging(progress=progress, patch=patch), (Judge(patch=patch),)
                case Tried(failures=failures):
                    return _failed(progress, patch, failures)
        case Judging(progress=progress, patch=patch):
            match event:
                case Judged(failures=()):
                    noted = RecordVerdict(attempt=progress.attempt, patch=patch, failures=())
                    return Delivering(progress=progress, patch=patch), (noted, Deliver(patch=patch))
                case Judged(failures=failures):
                    return _failed(progress, patch, failures)
        case Delivering(progress=progress, patch=patch):
            match event:
                case Delivered():
                    end = RecordEnd(attempts=progress.attempt, spent=progress.spent)
                    return Done(progress=progress, patch=patch), (end,)
                case Conflicting(paths=paths):
                    why = f"changed since the start, and not written over: {', '.join(paths)}"
                    return _give_up(progress, "changed", why)
        case Done() | GivenUp():
            pass
        case _:
            assert_never(state)
    raise Unexpected(f"{type(event).__name__} while {type(state).__name__}")


def _prepared(state: Preparing, event: Event) -> Step:
    match event:
        case Prepared():
            return _ask(Progress(limits=state.limits))
        case Resumed(patch=patch, accepted=accepted):
            progress = Progress(
                limits=state.limits,
                attempt=event.attempt,
                spent=event.spent,
                seen=event.seen,
                out_of_bounds=event.out_of_bounds,
            )
            if patch is not None and accepted:
                return Delivering(progress=progress, patch=patch), (Deliver(patch=patch),)
            if patch is not None:
                return Trying(progress=progress, patch=patch), (Try(patch=patch),)
            return _ask(progress, event.feedback, event.last)
        case _:
            raise Unexpected(f"{type(event).__name__} while Preparing")


def _answered(state: Asking, event: Event) -> Step:
    progress = state.progress
    match event:
        case Answered(patch=patch, spent=spent):
            paid = msgspec.structs.replace(progress, spent=progress.spent.plus(spent))
            noted = RecordAnswer(attempt=progress.attempt, patch=patch, spent=spent)
            if patch.digest in progress.seen:
                end, effects = _give_up(paid, "no_progress", "a patch that had already failed came again")
                return end, (noted, *effects)
            return Trying(progress=paid, patch=patch), (noted, Try(patch=patch))
        case Unusable(failure=failure, spent=spent):
            paid = msgspec.structs.replace(progress, spent=progress.spent.plus(spent))
            after, effects = _failed(paid, None, (failure,), last=state.patch)
            return after, (RecordAnswer(attempt=progress.attempt, patch=None, spent=spent), *effects)
        case Overloaded(why=why, after=after, spent=spent):
            paid = msgspec.structs.replace(progress, spent=progress.spent.plus(spent))
            noted = RecordAnswer(attempt=progress.attempt, patch=None, spent=spent)
            seconds = min(FIRST_WAIT * 2**state.waits, LONGEST_WAIT) if after is None else after
            if state.waits >= WAITS or seconds > LONGEST_WAIT:
                end, effects = _give_up(paid, "unavailable", why)
                return end, (noted, *effects)
            waiting = msgspec.structs.replace(state, progress=paid, waits=state.waits + 1)
            return waiting, (noted, Wait(seconds=seconds, why=why))
        case Waited():
            return _ask(progress, state.feedback, state.patch, state.waits)
        case Refused(why=why, spent=spent):
            paid = msgspec.structs.replace(progress, spent=progress.spent.plus(spent))
            noted = RecordAnswer(attempt=progress.attempt, patch=None, spent=spent)
            end, effects = _give_up(paid, "provider_refused", why)
            return end, (noted, *effects)
        case OverBudget(why=why):
            return _give_up(progress, "budget", why)
        case _:
            raise Unexpected(f"{type(event).__name__} while Asking")


def _failed(
    progress: Progress, patch: Patch | None, failures: tuple[Failure, ...], last: Patch | None = None
) -> Step:
    """The attempt came to nothing: once more with what is wrong, unless it is the end. `last` is what is shown again
    where this attempt has no patch."""
    noted = RecordVerdict(attempt=progress.attempt, patch=patch, failures=failures)
    rejected = any(failure.kind == "out_of_bounds" for failure in failures)
    beyond = progress.out_of_bounds + rejected
    judged = (patch.digest,) if patch is not None and not rejected else ()
    failed = msgspec.structs.replace(progress, seen=(*progress.seen, *judged), out_of_bounds=beyond)
    if beyond >= OUT_OF_BOUNDS:
        after, effects = _give_up(failed, "out_of_bounds", _first(failures))
    elif progress.attempt >= progress.limits.attempts:
        after, effects = _give_up(failed, "attempts", _first(failures))
    else:
        following = msgspec.structs.replace(failed, attempt=progress.attempt + 1)
        after, effects = _ask(following, told(failures), patch or last)
    return after, (noted, *effects)


def _first(failures: tuple[Failure, ...]) -> str:
    return failures[0].told() if failures else ""


def _ask(progress: Progress, feedback: str = "", patch: Patch | None = None, waits: int = 0) -> Step:
    """Ask, where anything is left to ask with."""
    limits, spent = progress.limits, progress.spent
    if progress.attempt > limits.attempts:
        return _give_up(progress, "attempts", f"{limits.attempts} attempts were made")
    if limits.tokens is not None and spent.tokens >= limits.tokens:
        return _give_up(progress, "budget", f"{spent.tokens} of {limits.tokens} tokens are used")
    if limits.dollars is not None and spent.dollars is not None and spent.dollars >= limits.dollars:
        return _give_up(progress, "budget", f"{spent.dollars:.4f} of {limits.dollars:.2f} USD are used")
    left = None if limits.tokens is None else limits.tokens - spent.tokens
    asking = Asking(progress=progress, feedback=feedback, patch=patch, waits=waits)
    return asking, (Ask(attempt=progress.attempt, feedback=feedback, patch=patch, tokens=left),)


def _give_up(progress: Progress, reason: Reason, why: str) -> Step:
    attempts = min(progress.attempt, progress.limits.attempts)
    end = RecordEnd(attempts=attempts, spent=progress.spent, reason=reason, why=why)
    return GivenUp(progress=progress, reason=reason, why=why), (end,)
