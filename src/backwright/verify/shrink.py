"""Makes a disagreement small enough to read: drops events while the two sides still disagree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from backwright.verify.conversation import Disagreement, requests_of
from backwright.verify.traffic import NAME, Event

Retry = Callable[[tuple[Event, ...]], Disagreement | None]


def shrunk(found: Disagreement, retry: Retry, seconds: float) -> Disagreement:
    """A smaller disagreement, as small as the time allows. `retry` plays events from empty tables."""
    deadline = time.monotonic() + seconds

    def alike(events: tuple[Event, ...]) -> Disagreement | None:
        """A disagreement of another kind is another one: it would lead astray."""
        again = retry(events)
        return again if again is not None and kind(again) == kind(found) else None

    best = found
    for guess in guesses(found):
        again = alike(guess) if len(guess) < len(best.events) else None
        if again is not None:
            best = again
            break
    size = max(1, len(best.events) // 2)
    while size >= 1 and time.monotonic() < deadline:
        smaller = _without_a_chunk(best, size, alike, deadline)
        if smaller is not None:
            best = smaller
            size = min(size, max(1, len(best.events) // 2))
        else:
            size //= 2
    return best


def _without_a_chunk(found: Disagreement, size: int, retry: Retry, deadline: float) -> Disagreement | None:
    events = found.events
    for start in range(len(events) - size, -1, -size):
        if time.monotonic() > deadline:
            return None
        rest = events[:start] + events[start + size :]
        again = retry(rest) if rest else None
        if again is not None:
            return again
    return None


def kind(found: Disagreement) -> tuple[bool, str]:
    """What is wrong, in short."""
    return found.about_rows, found.differences[0].partition(":")[0].partition("[")[0].partition(" ")[0]


def guesses(found: Disagreement) -> Iterator[tuple[Event, ...]]:
    """What may be enough: what the last one hangs on, that and what its callers did, all that changed something."""
    if not found.about_rows:
        yield needed(found.events)
        yield needed(found.events, everything_of_caller=True)
        yield beside(found)
    last = found.events[-1].number
    yield tuple(event for event in found.events if event.number in found.changed or event.number == last)


def needed(events: tuple[Event, ...], *, everything_of_caller: bool = False) -> tuple[Event, ...]:
    """The last event and those that it hangs on: that made a row it uses, or a value that it names."""
    wanted = {events[-1].number}
    if everything_of_caller:
        callers = credentials(events[-1])
        wanted |= {event.number for event in events if callers & credentials(event)}
    for event in reversed(events):
        if event.number in wanted:
            wanted |= set(event.needs) | {number for name in event.names() if (number := made_by(name))}
    return tuple(event for event in events if event.number in wanted)


def beside(found: Disagreement) -> tuple[Event, ...]:
    """What the last event hangs on, and what changed something beside it: who joined, what was linked.

    Accounts are no ties: everything hangs on them.
    """
    kept = {event.number for event in needed(found.events)}
    signing = {made_by(name) for event in found.events for name in event.names()}
    ties = kept - signing - {found.events[-1].number}
    for place, event in enumerate(found.events):
        if event.number in found.changed and ties & set(event.needs):
            kept |= {each.number for each in needed(found.events[: place + 1])}
    return tuple(event for event in found.events if event.number in kept)


def made_by(name: str) -> int | None:
    """The number of the request that made a value."""
    found = NAME.fullmatch(name)
    return None if found is None else int(found[2])


def credentials(event: Event) -> frozenset[str]:
    """The tokens that a request comes with."""
    pairs = [pair for sent in requests_of(event) for pair in sent.headers]
    texts = [text for name, text in pairs if name in ("authorization", "cookie")]
    return frozenset(found[0] for text in texts for found in NAME.finditer(text) if found[1] == "token")
