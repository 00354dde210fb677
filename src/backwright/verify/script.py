"""A disagreement as a shell script of curl commands, for people to look at and to run."""

from __future__ import annotations

from shlex import quote

from backwright.verify.conversation import Disagreement
from backwright.verify.traffic import NAME, Assigned, Put, Sent, Together, target

HEAD = (
    "#!/bin/sh",
    "# BASE=http://127.0.0.1:8000 sh replay.sh, against an empty database and",
    "# python -m backwright.verify.serve_under_test PACKAGE 8000",
    'BASE="${BASE:-http://127.0.0.1:8000}"',
    "say() { printf '%s\\n' \"$1\"; }",  # echo would interpret backslashes
    "# token, CSRF token or cursor of an answer: from its cookies, or the member of that kind in its body",
    "pick() { python3 -c '",
    "import json, re, sys",
    "kind, wanted, answer = sys.argv[1], int(sys.argv[2]), sys.stdin.read()",
    'head, _, body = answer.replace("\\r", "").partition("\\n\\n")',
    'pairs = re.findall(r"(?im)^set-cookie: *([^=]+)=([^;\\n]*)", head)',
    'cookies = [v for n, v in pairs if v and (n == "csrf_token") == (kind == "csrf")]',
    "def texts(value, name=None):",
    "    if isinstance(value, dict): return [f for n, v in value.items() for f in texts(v, n)]",
    "    if isinstance(value, list): return [f for v in value for f in texts(v, name)]",
    "    return [(name, value)] if isinstance(value, str) else []",
    "try: found = texts(json.loads(body))",
    "except ValueError: found = []",
    'named = [v for n, v in found if n and kind in n.lower() or kind == "cursor" and n in ("next", "after")]',
    'print((cookies if kind != "cursor" else []) and cookies[0] or (named or [""])[0])',
    '\' "$@"; }',
)


RUN_SQL = (
    "# SQL into the database at $DATABASE_URL",
    'sql() { "${PYTHON:-python3}" -c \'',
    "import asyncio, os, sqlite3, sys",
    'url, text = os.environ["DATABASE_URL"], sys.stdin.read()',
    'if url.startswith("sqlite:"):',
    '    opened = sqlite3.connect(url.removeprefix("sqlite:///"))',
    "    opened.executescript(text)",
    "    opened.close()",
    "else:",
    "    import asyncpg",
    "    async def run():",
    "        opened = await asyncpg.connect(url)",
    "        await opened.execute(text)",
    "        await opened.close()",
    "    asyncio.run(run())",
    "'; }",
)


def command(sent: Sent) -> tuple[str, str]:
    """One request: a line that announces it, and the command."""
    first, asked = _command(sent, [])
    return first, asked


def script(found: Disagreement) -> str:
    """The commands, against a backend at $BASE. What differs is said at the end."""
    used = {name for event in found.events for name in event.names()}
    lines = list(HEAD)
    for event in found.events:
        match event:
            case Sent():
                lines += _command(event, sorted(name for name in used if _made_by(name) == event.number))
            case Together(requests=requests):
                lines += _at_once(requests)
            case Put():
                row = event.content.decode("utf-8", "replace")
                lines.append(f"# in the database, at v-{event.number}: a row of {event.entity}: {row}")
            case Assigned():
                row = f"{event.entity} {'/'.join(event.keys)}"
                lines.append(f"# in the database: {event.field} of {row} is {event.value!r}")
    told = [f"# {line}" for text in found.differences for line in text.splitlines()]
    return "\n".join([*lines, *told]) + "\n"


def _at_once(requests: tuple[Sent, ...]) -> list[str]:
    """Requests that are sent together: each in the background, then all are waited for."""
    lines = ["# at the same time:"]
    for sent in requests:
        *first, command = _command(sent, [])
        lines += [*first, f"{command} &"]
    return [*lines, "wait"]


def _made_by(name: str) -> int | None:
    found = NAME.fullmatch(name)
    return None if found is None or found[1] == "number" else int(found[2])


def _command(sent: Sent, kept: list[str]) -> list[str]:
    parts = [f"curl -s -i -X {sent.method}" if sent.method != "HEAD" else "curl -s -I"]
    parts.append(f"-H 'X-Request-Id: {sent.request_id}'")
    lines = dict(sent.headers)
    parts += [f'-H "{name}: {_shell(text)}"' if text else f'-H "{name};"' for name, text in lines.items()]
    if "content-type" not in lines:
        parts.append("-H 'Content-Type:'")
    if sent.body is not None:
        parts.append("--data-binary @-")
    parts.append(f'"$BASE{_address(sent)}"')
    command = " ".join(parts)
    first = [f"echo; echo '# {sent.request_id} {sent.operation}'"]
    if sent.body is not None:
        command = f"{_printed(sent.body)} | {command}"
    if not kept:
        return [*first, command]
    picks = [
        f'{_variable(name)}=$(say "$ANSWER" | pick {name.partition("-")[0]} {name.rpartition("-")[2]})'
        for name in kept
    ]
    return [*first, f"ANSWER=$({command})", 'say "$ANSWER"', *picks]


def _address(sent: Sent) -> str:
    """Path and query with shell variables where opaque values go."""
    return _with_variables(target(sent, lambda text: text).replace("$", "%24").replace("`", "%60"))


def _shell(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return _with_variables(plain)


def _with_variables(text: str) -> str:
    return NAME.sub(lambda found: f"${{{_variable(found[0])}}}", text)


def _variable(name: str) -> str:
    return name.replace("-", "_").upper()


def _printed(body: bytes) -> str:
    """The body for `printf`: anything but plain characters as an octal escape; values of earlier answers behind it."""
    text = body.decode("latin-1")
    names = list(dict.fromkeys(found[0] for found in NAME.finditer(text)))
    for place, name in enumerate(names):
        text = text.replace(name, f"\ue000{place}\ue001")
    octal = "".join(_octal(c) for c in text)
    pieces = octal.replace("\ue001", "\ue000").split("\ue000")
    if not names:
        return f"printf '%b' {quote(octal)}"
    shown = [
        quote(p) if i % 2 == 0 else f'"${{{_variable(names[int(p)])}}}"' for i, p in enumerate(pieces) if p
    ]
    return f"printf '%b' {''.join(shown)}"


def _octal(character: str) -> str:
    if character in "\ue000\ue001":
        return character
    plain = 32 <= ord(character) < 127 and character != "\\"
    return character if plain else f"\\0{ord(character):03o}"
