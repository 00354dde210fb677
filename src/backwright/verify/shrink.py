"""Makes a disagreement small enough to read: drops requests while the two sides still disagree."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from shlex import quote
from uuid import UUID

import msgspec

from backwright.reference import seam
from backwright.verify.conversation import Disagreement
from backwright.verify.traffic import Sent, Slot, Text, Values, target

KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TEXT = re.compile(r'"([^"\\]{6,})"\s*[,}]')
Retry = Callable[[tuple[Sent, ...]], Disagreement | None]


def shrunk(found: Disagreement, retry: Retry, seconds: float) -> Disagreement:
    """A smaller disagreement, as small as the time allows. `retry` sends requests from empty tables."""
    deadline = time.monotonic() + seconds
    best = found
    for guess in (needed(found.requests), needed(found.requests, everything_of_caller=True)):
        again = retry(guess)
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


def needed(requests: tuple[Sent, ...], *, everything_of_caller: bool = False) -> tuple[Sent, ...]:
    """The last request and those that it seems to hang on; perhaps all that its caller sent, too.

    One hangs on another that made an opaque value it uses, or a row whose key it names; and one that got a
    token hangs on those that gave the same texts before (whoever signs in has registered).
    """
    credentials = requests[-1].authorization
    wanted = {requests[-1].number}
    if everything_of_caller and isinstance(credentials, Slot):
        wanted |= {sent.number for sent in requests if sent.authorization == credentials}
    made = {str(key): sent.number for sent in requests for key in _keys(sent)}
    issuers = {slot.number for sent in requests for slot in sent.slots()}
    for i in range(len(requests) - 1, -1, -1):
        sent = requests[i]
        if sent.number not in wanted:
            continue
        wanted |= {slot.number for slot in sent.slots()}
        wanted |= {made[word] for word in KEY.findall(_text(sent)) if word in made}
        if sent.number in issuers:
            wanted |= {earlier.number for earlier in requests[:i] if _given(earlier) & _given(sent)}
    return tuple(sent for sent in requests if sent.number in wanted)


def _keys(sent: Sent) -> list[UUID]:
    """The keys of the rows that the request may make."""
    return [seam.identifier(sent.request_id, seam.now(sent.request_id), position) for position in range(3)]


def _text(sent: Sent) -> str:
    """Everything in the request that may name a row."""
    query = " ".join(value for _, value in sent.query if isinstance(value, str))
    return f"{sent.path} {query} {(sent.body or b'').decode('utf-8', 'replace')}"


def _given(sent: Sent) -> set[str]:
    """The longer texts in a body, without case."""
    return {text.lower() for text in TEXT.findall((sent.body or b"").decode("utf-8", "replace"))}


def script(found: Disagreement) -> str:
    """The disagreement as a shell script of curl commands, against a backend at $BASE."""
    used = {(slot.number, slot.path) for sent in found.requests for slot in sent.slots()}
    lines = [
        "#!/bin/sh",
        "# BASE=http://127.0.0.1:8000 sh replay.sh, against an empty database and",
        "# python -m backwright.verify.serve_under_test PACKAGE 8000",
        'BASE="${BASE:-http://127.0.0.1:8000}"',
        "say() { printf '%s\\n' \"$1\"; }",  # echo would interpret backslashes
        "pick() { python3 -c 'import functools,json,sys; print(functools.reduce(lambda v, k: v[k],"
        ' sys.argv[1:], json.load(sys.stdin)))\' "$@"; }',
    ]
    for sent in found.requests:
        lines += _command(sent, [path for number, path in used if number == sent.number])
    return (
        "\n".join([*lines, *(f"# {line}" for text in found.differences for line in text.splitlines())]) + "\n"
    )


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
        f'{_variable(sent.number, p)}=$(say "$ANSWER" | pick {" ".join(p)}); say "$ANSWER"' for p in kept
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
