"""A scene as a shell script: its rows as SQL, its caller's token, one curl command, and whether the answer is right."""

from __future__ import annotations

import re
from shlex import quote

import msgspec

from backwright.model.types import Model
from backwright.verify.script import RUN_SQL, command
from backwright.verify.staged import TOKEN_KEYS, Played
from backwright.verify.traffic import opaque

SIGNED = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
CHECK = (
    'STATUS=$(say "$ANSWER" | sed -n "1s/^[^ ]* \\([0-9]*\\).*/\\1/p")',
    'if [ "$STATUS" != "$EXPECTED" ]; then say "DIFFERS: $EXPECTED expected, $STATUS answered"; exit 1; fi',
)
CHECK_BODY = (
    "# the body: alike as JSON",
    'say "$ANSWER" | "${PYTHON:-python3}" -c \'',
    "import json, sys",
    'wanted, body = json.loads(sys.argv[1]), sys.stdin.read().replace("\\r", "").partition("\\n\\n")[2]',
    "found = json.loads(body) if body.strip() else None",
    "if wanted != found:",
    '    print("DIFFERS: expected", json.dumps(wanted), sep="\\n")',
    "    sys.exit(1)",
    '\' "$BODY"',
)


def staged_script(played: Played, model: Model, what: str) -> str:
    """The commands, against an empty database and a backend at $BASE. Exits with 1 where the answer is wrong."""
    encrypted = any(field.encrypted for entity in model.entities for field in entity.fields)
    package = model.service.package
    head = [
        "#!/bin/sh",
        *(f"# {line}" for line in what.splitlines()),
        "# Migrate an empty database (backwright migrate up), then:",
        *(
            ("# KEYS_OF_THE_RUN are those that encrypted the rows below: they stay out of scripts.",)
            if encrypted
            else ()
        ),
        f"# export DATABASE_URL=sqlite:///service.db TOKEN_KEYS={quote(TOKEN_KEYS)}"
        + (' ENCRYPTION_KEYS="$KEYS_OF_THE_RUN"' if encrypted else ""),
        f"# python -m backwright.verify.serve_under_test {package} 8000 &",
        "# sh replay.sh",
        'BASE="${BASE:-http://127.0.0.1:8000}"',
        "say() { printf '%s\\n' \"$1\"; }",
        *RUN_SQL,
    ]
    rows = ["sql <<'ROWS'", *played.statements, "ROWS"] if played.statements else []
    first, asked = command(played.sent)
    lines = [
        *head,
        *rows,
        *(line for sent in played.earlier for line in command(sent)),
        first,
        f"ANSWER=$({asked})",
        'say "$ANSWER"',
        f"EXPECTED={played.expected.status}",
        *CHECK,
    ]
    body = played.expected.body
    if (
        body is not None
        and played.sent.method != "HEAD"
        and not opaque(body)
        and played.expected.status < 400
    ):
        wanted = msgspec.json.encode(body, enc_hook=str).decode()
        lines += [f"BODY={quote(wanted)}", *CHECK_BODY, "[ $? = 0 ] || exit 1"]
    return "\n".join([*map(_allowed, lines), 'say "as expected"']) + "\n"


def _allowed(line: str) -> str:
    """A command with a token, marked for scanners: it is signed with a key that opens nothing but a replay."""
    return f"{line}  # pragma: allowlist secret" if SIGNED.search(line) else line
