"""Makes a disagreement small enough to read: drops requests while the two sides still disagree."""

from __future__ import annotations

import time
from collections.abc import Callable
from shlex import quote

import msgspec

from backwright.verify.conversation import Disagreement
from backwright.verify.traffic import Sent, Slot, Text, Values, target

Retry = Callable[[tuple[Sent, ...]], Disagreement | None]


def shrunk(found: Disagreement, retry: Retry, seconds: float) -> Disagreement:
    """A smaller disagreement, as small as the time allows. `retry` sends requests from empty tables."""
    deadline = time.monotonic() + seconds
    needed = retry(_needed(found.requests))
    best = needed if needed else found
    size = max(1, len(best.requests) // 2)
    while size >= 1 and time.monotonic() < deadline:
        smaller = _without_a_chunk(best, size, retry, deadline)
        if smaller is not None:
            best = smaller
            size = min(size, max(1, len(best.requests) // 2))
        else:
            size //= 2
    return best


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


def _needed(requests: tuple[Sent, ...]) -> tuple[Sent, ...]:
    """The last request and those it hangs on: whose opaque values it uses, and theirs in turn."""
    wanted = {requests[-1].number}
    for sent in reversed(requests):
        if sent.number in wanted:
            wanted |= {slot.number for slot in sent.slots()}
    return tuple(sent for sent in requests if sent.number in wanted)


def script(found: Disagreement) -> str:
    """The disagreement as a shell script of curl commands, against a backend at $BASE."""
    used = {(slot.number, slot.path) for sent in found.requests for slot in sent.slots()}
    lines = [
        "#!/bin/sh",
        "# BASE=http://127.0.0.1:8000 sh replay.sh, against an empty database and",
        "# python -m backwright.verify.serve_under_test PACKAGE 8000",
        'BASE="${BASE:-http://127.0.0.1:8000}"',
        "pick() { python3 -c 'import functools,json,sys; print(functools.reduce(lambda v, k: v[k],"
        ' sys.argv[1:], json.load(sys.stdin)))\' "$@"; }',
    ]
    for sent in found.requests:
        lines += _command(sent, [path for number, path in used if number == sent.number])
    return "\n".join([*lines, *(f"# {text}" for text in found.differences)]) + "\n"


def _command(sent: Sent, kept: list[tuple[str, ...]]) -> list[str]:
    parts = [f"curl -s -i -X {sent.method}", f"-H 'X-Request-Id: {sent.request_id}'"]
    if sent.authorization is not None:
        parts.append(f'-H "Authorization: {_shell(sent.authorization)}"')
    parts.append(
        f"-H {quote(f'Content-Type: {sent.content_type}' if sent.content_type else 'Content-Type:')}"
    )
    if sent.body is not None:
        parts.append("--data-binary @-")
    parts.append(f'"$BASE{_address(sent)}"')
    command = " ".join(parts)
    first = [f"# first, in the database: {assigned}" for assigned in sent.assigned]
    first.append(f"echo; echo '# {sent.request_id} {sent.operation}'")
    if sent.body is not None:
        command = f"printf '%b' {quote(_octal(sent.body))} | {command}"
    if not kept:
        return [*first, command]
    plain = command.replace("curl -s -i", "curl -s")
    picks = [
        f'{_variable(sent.number, p)}=$(echo "$ANSWER" | pick {" ".join(p)}); echo "$ANSWER"' for p in kept
    ]
    return [*first, f"ANSWER=$({plain})", *picks]


def _address(sent: Sent) -> str:
    """Path and query with shell variables where opaque values go."""
    fixed = msgspec.structs.replace(sent, query=tuple((n, v) for n, v in sent.query if isinstance(v, str)))
    address = target(fixed, Values()).replace("$", "%24").replace("`", "%60")
    for name, value in sent.query:
        if isinstance(value, Slot):
            address += f"{'&' if '?' in address else '?'}{name}={_shell(value)}"
    return address


def _shell(text: Text) -> str:
    if isinstance(text, Slot):
        return text.filled(f"${{{_variable(text.number, text.path)}}}")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")


def _variable(number: int, path: tuple[str, ...]) -> str:
    return f"V{number}_{'_'.join(path)}"


def _octal(body: bytes) -> str:
    """The body for `printf %b`: anything but plain characters as an octal escape."""
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\0{b:03o}" for b in body)
