"""Signing in does not say who has an account, and does not let passwords be tried without end."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Sent, Unreachable
from backwright.verify.target.encoding import encoded
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import members

IDS = ("API2:2023",)
NAME = "signing in"
WHY = (
    "A login that answers differently for unknown names is a list of customers; one that answers for "
    "ever is a guess away."
)
TRIES = 60
ASKED = 3
"""How often each is asked how long it takes. Logins may lock an account after five wrong passwords."""
FASTER, NOTICED = 2.5, 0.01
"""How many times as fast, and by how many seconds: a hash of a password takes tens of milliseconds."""
PASSWORD = re.compile(r"password|passwd|passphrase|\bpwd\b|\bpin\b", re.IGNORECASE)


REMINDER = re.compile(r"forgot|reset|recover|remind|resend|lost", re.IGNORECASE)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A request that signs in, with its decoded body."""

    operation: str
    sent: Sent
    body: Any


def run(world: World) -> Outcome:
    """The login is the request with a password that is accepted again and again, and refused with another password.

    A wrong password of a known account and any password of an unknown one have to be answered alike, the latter not
    several times as fast (the slowest of it against the quickest of the other), and of 60 wrong
    passwords one after the other the last have to be refused with 429 (or 423, or 403). What sends a forgotten password
    or a new confirmation has to answer a known name as an unknown one.
    """
    notes = Notes(world)
    _judge_reminders(world, notes)
    login = find_login(world)
    if login is None:
        notes.unjudged(
            "signing in", "no request with a password is accepted twice: there is no login to be seen"
        )
        return notes.outcome()
    wrong = _send(world, login, {PASSWORD: "Wr0ng-password!"})
    unknown = _send(world, login, {PASSWORD: "Wr0ng-password!", None: "nobody-has-this-name"})
    notes.tried += 1
    if wrong.status != unknown.status:
        notes.found(
            login.operation,
            f"answers {wrong.status} for a known name and {unknown.status} for an unknown one",
            login.sent,
        )
    elif _said(wrong) != _said(unknown):
        notes.found(
            login.operation, "says something else for a known name than for an unknown one", login.sent
        )
    else:
        _judge_time(world, notes, login)
    try:
        last = [_send(world, login, {PASSWORD: f"Wr0ng-password-{n}!"}).status for n in range(TRIES)][-1]
    except Unreachable as error:
        notes.found(login.operation, f"no answer after many wrong passwords: {error}")
        return notes.outcome()
    notes.tried += 1
    if last not in {403, 423, 429}:
        notes.found(
            login.operation,
            f"lets {TRIES} passwords be tried in a row (the last was answered {last})",
            login.sent,
        )
    return notes.outcome()


def _judge_time(world: World, notes: Notes, login: Login) -> None:
    """Whom nobody knows is answered at once where only the passwords of others are looked at."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(ASKED):
        unheard: dict[re.Pattern[str] | None, str] = {None: f"nobody-has-this-name-{number}"}
        for taken, name in ((known, {}), (unknown, unheard)):
            began = time.perf_counter()
            answer = _send(world, login, {PASSWORD: f"Wr0ng-password-{number}!", **name})
            taken.append(time.perf_counter() - began)
            if answer.status in {403, 423, 429} or answer.status >= 500:
                notes.unjudged(login.operation, "how long it takes: it is refused before")
                return
    notes.tried += 1
    if min(known) > FASTER * max(unknown) and min(known) - max(unknown) > NOTICED:
        notes.found(login.operation, "takes much longer for a known name than for an unknown one", login.sent)


def _judge_reminders(world: World, notes: Notes) -> None:
    """Asked for a password that was forgotten, it does not say whether there is such an account."""
    known = {
        value
        for exchange in world.seen.accepted()
        for _, value in members(_body(Sent(method="", target="", content=exchange.content)))
        if isinstance(value, str) and "@" in value
    }
    for operation in world.operations:
        takes = operation.body is not None and operation.method == "POST" and not operation.path_names
        if (
            not known
            or not takes
            or operation.secured
            or not REMINDER.search(f"{operation.path} {operation.id}")
        ):
            continue
        body = world.body(operation)
        addresses = [name for name, value in members(body) if isinstance(value, str) and "@" in value]
        if len(addresses) != 1 or not isinstance(body, dict) or addresses[0] not in body:
            continue
        tried = world.send(operation, None, {}, {**body, addresses[0]: sorted(known)[0]})
        other = world.send(operation, None, {}, {**body, addresses[0]: "nobody-has-this@example.com"}).answer
        notes.tried += 1
        if tried.answer.status != other.status or _said(tried.answer) != _said(other):
            notes.found(operation.name, "answers a known address otherwise than an unknown one", tried.sent)


def find_login(world: World) -> Login | None:
    """The request that signs in."""
    known = [(each.operation, Sent(method=each.method, target=each.target, headers=each.headers, content=each.content))
             for each in world.seen.accepted()]  # fmt: skip
    known += [(each.operation.name, each.sent) for each in world.made if each.answer.accepted]
    for name, sent in known:
        body = _body(sent)
        if sent.method != "POST" or not any(PASSWORD.search(member) for member, _ in members(body)):
            continue
        login = Login(operation=name, sent=sent, body=body)
        try:
            again = world.client.send(sent)
            refused = _send(world, login, {PASSWORD: "Wr0ng-password!"})
        except Unreachable:
            continue
        if again.accepted and 400 <= refused.status < 500:
            return login
    return None


def _body(sent: Sent) -> Any:
    try:
        return msgspec.json.decode(sent.content or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return dict(parse_qsl((sent.content or b"").decode("utf-8", "replace")))


def _send(world: World, login: Login, changes: dict[re.Pattern[str] | None, str]) -> Answer:
    media = next((v for name, v in login.sent.headers.items() if name.lower() == "content-type"), "")
    content, _ = encoded(_changed(login.body, changes), media)
    return world.client.send(msgspec.structs.replace(login.sent, content=content))


def _changed(body: Any, changes: dict[re.Pattern[str] | None, str]) -> Any:
    if not isinstance(body, dict):
        return body
    changed = {}
    for name, value in body.items():
        if isinstance(value, dict):
            changed[name] = _changed(value, changes)
        elif PASSWORD.search(name):
            changed[name] = changes[PASSWORD]
        elif None in changes and isinstance(value, str) and not re.search("grant|scope|client", name):
            name_of = changes[None]
            changed[name] = f"{name_of}@example.com" if "@" in value else name_of
        else:
            changed[name] = value
    return changed


PASSING = re.compile(r"[0-9a-f]{8,}|\d{2,}", re.IGNORECASE)


def _said(answer: Answer) -> str:
    """The body without what differs from answer to answer: ids and times."""
    return PASSING.sub("#", answer.text())
