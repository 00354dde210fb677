"""Headers, origins and errors are as they are in production: nothing is shown that helps an attacker only."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome, without
from backwright.verify.target.calling import Answer, Sent, Unreachable
from backwright.verify.target.exploring import World
from backwright.verify.target.order import ends

IDS = ("API8:2023",)
NAME = "configuration"
WHY = (
    "Defaults are made for the first hour of development; production needs others, and nobody sees "
    "that they are missing."
)
ORIGIN = "https://evil.example"
TRACE = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|\bat [\w.$<>]+\([\w.]+:\d+(:\d+)?\)|"
    r"\bat .+ \(.*/node_modules/|You're seeing this error because you have|sqlalchemy\.exc\.|psycopg2?\.|"
    r"asyncpg\.exceptions|SQLSTATE\[|ORA-\d{5}|PG::\w+Error|Whitelabel Error Page|goroutine \d+ \[running\]|"
    r"\.rb:\d+:in `|near \"[^\"]*\": syntax error"
)
MALFORMED = 30
"""How many operations are sent bodies that cannot be read."""

FOR_SCRIPTS = re.compile(r"csrf|xsrf", re.IGNORECASE)
"""Cookies that scripts have to read; what they send in a header may be another form of the value."""
VERSION = re.compile(r"\d+\.\d+")


def run(world: World) -> Outcome:
    """Looked at: `X-Content-Type-Options: nosniff` on JSON, `Cache-Control` of answers to credentials
    (`no-store`, `no-cache` or `private`), versions in `Server` and `X-Powered-By`, cookies of callers without
    `HttpOnly`, a foreign origin that may read with credentials, and traces of the stack or of SQL in any answer,
    unknown paths and malformed bodies included; and answers to credentials that are marked `public`. What the
    first three of these lack is advised, and no finding.
    """
    notes = Notes(world)
    answers = [(made.operation.name, made.sent, made.answer) for made in world.made]
    answers += [(name, sent, answer) for name, sent in _malformed(world) if (answer := _asked(world, sent))]
    for name, sent, answer in answers:
        notes.tried += 1
        _errors(notes, name, sent, answer)
    _headers(notes, answers)
    _caches(world, notes)
    _cookies(world, notes, answers)
    _origins(world, notes)
    return notes.outcome()


def _asked(world: World, sent: Sent) -> Answer | None:
    try:
        return world.client.send(sent)
    except Unreachable:
        return None


def _malformed(world: World) -> list[tuple[str, Sent]]:
    found = [
        ("an unknown path", Sent(method="GET", target=f"{world.base}/no-such-path-{world.sampler.word()}"))
    ]
    accepted = {
        each.operation.name: each for each in world.made if each.body is not None and each.answer.accepted
    }
    for made in list(accepted.values())[:MALFORMED]:
        if not ends(made.operation):
            for content in (b"{", b'"\xff\xfe"', b"[]", b"null"):
                found.append((made.operation.name, msgspec.structs.replace(made.sent, content=content)))
    return found


def _errors(notes: Notes, name: str, sent: Sent, answer: Answer) -> None:
    if answer.status < 400:
        return
    shown = TRACE.search(answer.text())
    if shown:
        notes.found(name, f"its answer ({answer.status}) shows how it is made: {shown[0][:80]!r}", sent)
    elif answer.status >= 500:
        notes.found(name, f"answers {answer.status} to a request that is only wrong", sent)


def _headers(notes: Notes, answers: list[tuple[str, Sent, Answer]]) -> None:
    for name, sent, answer in answers:
        sniffed = answer.headers.get("x-content-type-options", "").lower() != "nosniff"
        if sniffed and answer.content and answer.accepted:
            notes.advise("every answer", f"has no `X-Content-Type-Options: nosniff` (seen at {name})", sent)
            break
    for name, sent, answer in answers:
        private = {"authorization", "cookie", "x-api-key"} & {each.lower() for each in sent.headers}
        kept = re.search(r"no-store|no-cache|private", answer.headers.get("cache-control", ""))
        if private and sent.method == "GET" and answer.accepted and not kept:
            notes.advise("answers to credentials", f"may be stored by a shared cache (seen at {name})", sent)
            break
    for name, sent, answer in answers:
        for header in ("server", "x-powered-by", "x-aspnet-version"):
            value = answer.headers.get(header, "")
            if VERSION.search(value) or (value and header != "server"):
                notes.advise(
                    "every answer", f"tells what it runs on: `{header}: {value}` (seen at {name})", sent
                )
                return


def _caches(world: World, notes: Notes) -> None:
    """What nobody gets without credentials must not be kept by what stands between, which gives it to anybody."""
    for made in [each for each in world.made if each.operation.secured and each.operation.method == "GET"]:
        kept = made.answer.headers.get("cache-control", "")
        if not made.caller or not made.answer.accepted or not re.search(r"\bpublic\b|s-maxage=[1-9]", kept):
            continue
        caller = next((each for each in world.callers if each.name == made.caller), None)
        names = caller.headers if caller is not None else {}
        refused = _asked(world, msgspec.structs.replace(made.sent, headers=without(made.sent.headers, names)))
        if refused is not None and refused.status in {401, 403}:
            what = f"may be given to anybody by a shared cache: `Cache-Control: {kept}` where credentials are needed"
            notes.found(made.operation.name, what, made.sent)
            return


def _cookies(world: World, notes: Notes, answers: list[tuple[str, Sent, Answer]]) -> None:
    """Scripts of the page must not read the cookie that callers are known by."""
    names = {name for caller in world.callers for name in sessions(caller)}
    for name, sent, answer in answers:
        for line in re.split(r",\s*(?=[\w.-]+=)", answer.headers.get("set-cookie", "")):
            cookie, _, rest = line.strip().partition("=")
            given = rest.partition(";")[0].strip(' "') and "max-age=0" not in line.lower()
            if cookie in names and given and answer.accepted and "httponly" not in line.lower():
                what = f"`{cookie}` can be read by scripts: no `HttpOnly` (seen at {name})"
                notes.found("the session's cookie", what, sent)
                return


def sessions(caller: Caller) -> Iterator[str]:
    """The caller's cookies, without those that scripts have to read to send them in a header, too."""
    headers = {name.lower(): value for name, value in caller.headers.items()}
    others = [value for name, value in headers.items() if name != "cookie"]
    for each in filter(None, headers.get("cookie", "").split(";")):
        name, _, value = each.strip().partition("=")
        if value and not FOR_SCRIPTS.search(name) and not any(value in other for other in others):
            yield name


def _origins(world: World, notes: Notes) -> None:
    for made in [each for each in world.made if each.answer.accepted and each.operation.method == "GET"][:3]:
        headers = {**made.sent.headers, "Origin": ORIGIN}
        preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
        for sent in (
            msgspec.structs.replace(made.sent, headers=headers),
            Sent(method="OPTIONS", target=made.sent.target, headers=preflight),
        ):
            answer = _asked(world, sent)
            if answer is None:
                continue
            notes.tried += 1
            allowed = answer.headers.get("access-control-allow-origin", "")
            credentials = answer.headers.get("access-control-allow-credentials", "").lower() == "true"
            if credentials and allowed in {"*", ORIGIN, "null"}:
                notes.found("every origin", f"may read with the caller's credentials ({allowed})", sent)
                return
