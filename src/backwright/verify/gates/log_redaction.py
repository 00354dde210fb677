"""Nothing that callers keep secret appears in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.observed import Bounds, Exchange, Observed
from backwright.verify.observing import observed
from backwright.verify.results import Finding
from backwright.verify.target.calling import SECRET_HEADERS

NAME = "log-redaction"
TITLE = "No secret in the log"
WHY = "Logs are copied, kept for long and read by many: a token or password in them is a token or password given away."
EXAMPLE = (
    "A handler logs the body of a sign-in: failed, with the operation and the kind of value, not the value."
)
DATABASE = True

SECRET_NAME = re.compile(r"pass(word|wd)?$|secret|token|api_?key|e_?mail", re.IGNORECASE)
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LEAST = 8
"""Shorter values are found in any log by chance."""


def judge(given: GateInput) -> Verdict:
    """Credentials, passwords, tokens and mail addresses of all requests are looked for in the log, and what the
    environment keeps secret: keys, secret settings, what partners want.

    The log is kept at level debug while the requests are sent. Custom logic is stood in for: what it logs is not seen.
    """
    with observed(given, log_level="debug") as seen:
        return observe(seen, Bounds(seed=given.seed, requests=given.requests, seconds=given.seconds))


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The same for any backend whose log can be read. Raises NotRun."""
    if seen.log is None:
        raise NotRun("its log is not known")
    text = seen.log.read_text(encoding="utf-8", errors="replace")
    looked: dict[str, tuple[str, str]] = {}
    for exchange in seen.exchanges:
        for kind, value in secrets_of(exchange):
            if len(value) < LEAST:
                continue
            looked.setdefault(value, (kind, exchange.operation))
    requested = len(looked)
    for variable, value in seen.given_secrets.items():
        looked[value.partition(":")[2] or value] = (variable, "the environment")
    if not looked:
        raise NotRun("no request held a secret that could be looked for")
    if not text:
        raise NotRun("the log is empty, so nothing was looked at")
    findings = [
        Finding(what=f"the log has a value of {kind}", where=operation)
        for value, (kind, operation) in looked.items()
        if value in text
    ]
    lines = text.count("\n")
    figures: dict[str, int | float | str] = {
        "values": len(looked),
        "of requests": requested,
        "lines": lines,
    }
    return found(findings, f"none of {len(looked)} values in {lines} lines", figures)


def secrets_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """What a request holds that is nobody else's business, with what it is."""
    for name, value in exchange.headers.items():
        if name.lower() == "cookie":
            yield from ((name, part.partition("=")[2]) for part in value.split("; "))
        elif SECRET_HEADERS.search(name) and name.lower() != "idempotency-key":
            yield name, value.rpartition(" ")[2]
    for name, value in _members(_body(exchange)):
        if SECRET_NAME.search(name) or MAIL.fullmatch(value):
            yield name, value


def _body(exchange: Exchange) -> Any:
    content = exchange.content or b""
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return dict(parse_qsl(content.decode("latin-1")))


def _members(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, member in value.items():
                yield from _members(member, str(key))
        case list():
            for member in value:
                yield from _members(member, name)
        case str():
            yield name, value
        case _:
            pass
