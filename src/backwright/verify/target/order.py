"""In which order operations are sent, and which of them end what was begun."""

from __future__ import annotations

import re

from backwright.verify.observed import Caller
from backwright.verify.target.contract import Operation

ORDER = {"POST": 0, "GET": 1, "HEAD": 2, "OPTIONS": 2, "PATCH": 3, "PUT": 4, "DELETE": 5}
ENDING = re.compile(
    r"log-?_?out|sign-?_?(out|off)|log-?_?off|revoke|deactivate|unregister"
    r"|(session|token)s?/(end|close|delete|destroy|invalidate)",
    re.IGNORECASE,
)

OWN = re.compile(r"/(me|self|account|profile|user|sessions?|tokens?|current|login|auth)/?$", re.IGNORECASE)
"""What a deletion of ends the caller, where the path names no other."""


PRESENT = re.compile(
    r"^(old|current|present|existing|previous)_?(password|passwd|pwd|pass|passphrase)?$", re.IGNORECASE
)
"""How a body calls the password that is to be changed."""

TOKEN = re.compile(r"^(access_?|refresh_?|session_?|id_?)?token$", re.IGNORECASE)
"""How a body calls the credentials that are to be ended."""


def token_of(caller: Caller, name: str) -> str:
    """The caller's own token, where a body's member of this name asks for one; empty: it does not, or none is known."""
    if not TOKEN.match(name):
        return ""
    bearer = next((value for key, value in caller.headers.items() if key.lower() == "authorization"), "")
    asked = name.replace("_", "").lower()
    kept = next((value for key, value in caller.account.items() if key.replace("_", "").lower() == asked), "")
    return kept or ("" if asked.startswith(("refresh", "id")) else bearer.partition(" ")[2])


def ends(operation: Operation) -> bool:
    """Does it end the caller's session, or the caller? What is deleted without being named is the caller's own."""
    named = ENDING.search(operation.path) or ENDING.search(operation.id)
    own = operation.method == "DELETE" and OWN.search(operation.path)
    return bool(named or own)


def changes_password(operation: Operation) -> bool:
    """Is it sent the caller's present password?"""
    names = operation.body.schema.get("properties") or {} if operation.body is not None else {}
    return operation.secured and not operation.path_names and any(PRESENT.search(each) for each in names)


def late(operation: Operation) -> tuple[int, int, int, str]:
    """An order: creations first, what needs more of a path later, deletions and ends of sessions last."""
    last = 2 if ends(operation) or changes_password(operation) else int(operation.method == "DELETE")
    return last, len(operation.path_names), ORDER.get(operation.method, 9), operation.path
