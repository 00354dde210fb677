"""Signs callers up and in as the target file says, and keeps their credentials in memory only."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from backwright.spec.diagnostics import SpecificationError, diagnose
from backwright.verify.observed import Caller, Exchange
from backwright.verify.target.calling import Answer, Client, Sent, Unreachable
from backwright.verify.target.contract import base_path, operations_of
from backwright.verify.target.file import SIGN_IN, CallerPlan, SignIn, Target
from backwright.verify.target.naming import members
from backwright.verify.target.starting import fill

PASSWORD = re.compile(r"passw|^pwd$|passphrase", re.IGNORECASE)


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A caller, and the requests by which it came to its credentials with their answers."""

    caller: Caller
    exchanges: tuple[Exchange, ...]
    answers: tuple[Answer, ...]


def signed_in(
    target: Target, client: Client, plan: CallerPlan, planted: Mapping[str, str] | None = None
) -> SignedIn:
    """Send the caller's requests, with cookies that were there before. Raises SpecificationError (BW968) where one is
    refused or lacks a value.
    """
    known = {"unique": secrets.token_hex(4), "name": plan.name}
    cookies: dict[str, str] = dict(planted or {})
    exchanges, answers = [], []
    for step in plan.sign_in:
        sent = _request(target, step, known, cookies)
        try:
            answer = client.send(sent)
        except Unreachable as error:
            raise _failed(plan, step, f"no answer: {error}") from error
        if not answer.accepted and answer.status not in {302, 303}:
            raise _failed(plan, step, f"it was answered {answer.status}: {answer.text()[:300]}")
        cookies |= answer.cookies
        known |= {name: _kept(plan, step, source, answer) for name, source in step.keep.items()}
        exchanges.append(_exchange(target, step, sent, answer))
        answers.append(answer)
    return SignedIn(caller=_caller(plan, known, cookies), exchanges=tuple(exchanges), answers=tuple(answers))


def signed_in_again(
    target: Target, client: Client, plan: CallerPlan, caller: Caller, password: str
) -> Caller | None:
    """The caller with credentials that are new, signed in with this password. None: it was not let in.

    The requests that make the account are refused now; what counts is that those are answered that give credentials.
    """
    known, kept, cookies = dict(caller.account), set[str](), dict[str, str]()
    for step in plan.sign_in:
        sent = _request(target, _with_password(step, known, caller.password, password), known, cookies)
        try:
            answer = client.send(sent)
            if answer.accepted or answer.status in {302, 303}:
                known |= {name: _kept(plan, step, source, answer) for name, source in step.keep.items()}
                kept |= set(step.keep)
                cookies |= answer.cookies
        except (Unreachable, SpecificationError):
            continue
    wanted = {name for step in plan.sign_in for name in step.keep if _asked(plan, name)}
    return _caller(plan, known, cookies) if wanted <= kept and (wanted or cookies) else None


def _asked(plan: CallerPlan, name: str) -> bool:
    """Do the caller's credentials hold it?"""
    return any(f"{{{name}}}" in value for value in plan.headers.values())


def _with_password(step: SignIn, known: Mapping[str, str], old: str, new: str) -> SignIn:
    """The request with another password in it."""

    def other(value: Any) -> Any:
        match value:
            case str():
                return new if old and fill(value, known) == old else value
            case dict():
                return {key: other(each) for key, each in value.items()}
            case list():
                return [other(each) for each in value]
            case _:
                return value

    return msgspec.structs.replace(step, body=other(step.body), form=other(step.form))


def _caller(plan: CallerPlan, known: Mapping[str, str], cookies: Mapping[str, str]) -> Caller:
    headers = {name: fill(value, known) for name, value in plan.headers.items()}
    if cookies and "cookie" not in {name.lower() for name in headers}:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Caller(name=plan.name, headers=headers, password=_password(plan, known), account=known)


def _password(plan: CallerPlan, known: Mapping[str, str]) -> str:
    """What the last of its requests sent as a password; empty: none did."""
    sent = [
        fill(value, known)
        for step in plan.sign_in
        for name, value in [*members(step.body), *members(step.form)]
        if PASSWORD.search(name) and isinstance(value, str)
    ]
    return sent[-1] if sent else ""


def _request(target: Target, step: SignIn, known: Mapping[str, str], cookies: Mapping[str, str]) -> Sent:
    headers = {name: fill(value, known) for name, value in step.headers.items()}
    content = None
    if step.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content = urlencode({name: fill(value, known) for name, value in step.form.items()}).encode()
    elif step.body is not None:
        headers["Content-Type"] = "application/json"
        content = msgspec.json.encode(_filled(step.body, known))
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    path = base_path(target.contract) + fill(step.path, known)
    return Sent(method=step.method, target=path, headers=headers, content=content)


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    match value:
        case str():
            return fill(value, known)
        case dict():
            return {key: _filled(each, known) for key, each in value.items()}
        case list():
            return [_filled(each, known) for each in value]
        case _:
            return value


def _kept(plan: CallerPlan, step: SignIn, source: str, answer: Answer) -> str:
    kind, colon, name = source.partition(":")
    found: Any
    if colon and kind == "header":
        found = answer.headers.get(name.lower())
    elif colon and kind == "cookie":
        found = answer.cookies.get(name)
    else:
        found = answer.json()
        for piece in source.split("."):
            if isinstance(found, dict):
                found = found.get(piece)
            elif isinstance(found, list) and piece.isdigit() and int(piece) < len(found):
                found = found[int(piece)]
            else:
                found = None
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise _failed(plan, step, f"its answer ({answer.status}) has no `{source}`")
    return str(found)


def _exchange(target: Target, step: SignIn, sent: Sent, answer: Answer) -> Exchange:
    known = {operation.name for operation in operations_of(target.contract)}
    name = f"{step.method} {step.path}"
    return Exchange(
        operation=name if name in known else "",
        caller="",
        method=sent.method,
        target=sent.target,
        headers=sent.headers,
        content=sent.content,
        status=answer.status,
    )


def _failed(plan: CallerPlan, step: SignIn, message: str) -> SpecificationError:
    what = f"`{plan.name}`: {step.method} {step.path}: {message}"
    mend = "send the request by hand; look at `body`, `keep` and the headers"
    return SpecificationError([diagnose(SIGN_IN, step.place, what, mend)])
