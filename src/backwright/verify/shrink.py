"""Makes a disagreement small enough to read: drops requests while the two sides still disagree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from backwright.verify.conversation import Disagreement
from backwright.verify.traffic import NAME, Sent

Retry = Callable[[tuple[Sent, ...]], Disagreement | None]


def shrunk(found: Disagreement, retry: Retry, seconds: float) -> Disagreement:
    """A smaller disagreement, as small as the time allows. `retry` sends requests from empty tables."""
    deadline = time.monotonic() + seconds
    best = found
    for guess in guesses(found):
        again = retry(guess) if len(guess) < len(best.requests) else None
        if again is not None:
            best = again
            break
    size = max(1, len(best.requests) // 2)
    while size >= 1 and time.monotonic() < deadline:
        smaller = _without_a_chunk(best, size, retry, deadline)
        if smaller is not None:
            best = smaller
            size = min(size, max(1, len(best.requests) // 2))
        else:
            size //= 2
    return _without_what_happens_before(best, retry, deadline)


def _without_a_chunk(found: Disagreement, size: int, retry: Retry, deadline: float) -> Disagreement | None:
    requests = found.requests
    for start in range(len(requests) - size, -1, -size):
        if time.monotonic() > deadline:
            return None
        rest = requests[:start] + requests[start + size :]
        again = retry(rest) if rest else None
        if again is not None:
            return again
    return None


def _without_what_happens_before(found: Disagreement, retry: Retry, deadline: float) -> Disagreement:
    """Rows that are put in and fields that are set, one after the other, unless they are needed."""
    best = found
    for sent in [sent for sent in found.requests if sent.before]:
        if time.monotonic() > deadline:
            break
        bare = msgspec.structs.replace(sent, before=())
        again = retry(tuple(bare if each.number == sent.number else each for each in best.requests))
        best = again or best
    return best


def guesses(found: Disagreement) -> Iterator[tuple[Sent, ...]]:
    """What may be enough: what the last request hangs on, that and what its callers did, all that changed something."""
    if not found.about_rows:
        yield needed(found.requests)
        yield needed(found.requests, everything_of_caller=True)
    last = found.requests[-1].number
    yield tuple(
        sent for sent in found.requests if sent.number in found.changed or sent.number == last or sent.before
    )


def needed(requests: tuple[Sent, ...], *, everything_of_caller: bool = False) -> tuple[Sent, ...]:
    """The last request and those that it hangs on: that made a row it uses, or a value that it names."""
    wanted = {requests[-1].number}
    if everything_of_caller:
        callers = credentials(requests[-1])
        wanted |= {sent.number for sent in requests if callers & credentials(sent)}
    for sent in reversed(requests):
        if sent.number in wanted:
            wanted |= set(sent.needs) | {
                int(found[2]) for name in sent.names() if (found := NAME.fullmatch(name))
            }
    return tuple(sent for sent in requests if sent.number in wanted)


def credentials(sent: Sent) -> frozenset[str]:
    """The tokens that a request comes with."""
    texts = [text for name, text in sent.headers if name in ("authorization", "cookie")]
    return frozenset(found[0] for text in texts for found in NAME.finditer(text) if found[1] == "token")
