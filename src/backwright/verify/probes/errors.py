"""Errors are in the form that the contract promises, and repeat nothing that a browser would run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Sent, Unreachable
from backwright.verify.target.contract import Operation, resolved
from backwright.verify.target.exploring import World

IDS = ("API8:2023",)
NAME = "errors"
WHY = "A client that reads errors as JSON crashes on a page, and a page that repeats its address runs what is in it."
NOWHERE = "-nowhere"


def run(world: World) -> Outcome:
    """What is not there is asked for: things with made-up names, with a tag in the name, and a body that is no JSON is
    sent. Where the contract promises JSON for such a status, the answer must not be a page; and no page may repeat the
    tag. A page where the contract says nothing is advised against.
    """
    notes = Notes(world)
    for operation in world.operations:
        if notes.late(operation.name):
            break
        try:
            for sent, tag in _asked(world, operation):
                _judge(world, notes, operation, world.client.send(sent), sent, tag)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _asked(world: World, operation: Operation) -> Iterator[tuple[Sent, str]]:
    caller = next(iter(world.callers), None)
    word = world.sampler.word()
    tag = f"<i>{word}"
    if operation.method == "GET" and operation.path_names:
        known = world.path_for(operation, caller)
        last = operation.path_names[-1]
        if known is not None:
            yield world.request(operation, caller, {**known, last: _another(known[last])}), tag
            yield world.request(operation, caller, {**known, last: tag}), tag
    elif operation.method == "GET" and not operation.path_names:
        sent = world.request(operation, caller, {})
        place, mark, query = sent.target.partition("?")
        yield msgspec.structs.replace(sent, target=f"{place}{NOWHERE}{mark}{query}"), tag
    elif operation.body is not None and "json" in operation.body.media and not operation.path_names:
        sent = world.request(operation, caller, {}, {})
        yield msgspec.structs.replace(sent, content=f'{{"{tag}'.encode()), tag


def _another(value: str) -> str:
    """A name of the same form that nothing has."""
    return "".join({"0": "7", "7": "0"}.get(each, "7" if each.isdigit() else each) for each in value)


def _judge(world: World, notes: Notes, operation: Operation, answer: Answer, sent: Sent, tag: str) -> None:
    if answer.status < 400:
        return
    notes.tried += 1
    if not answer.headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml")):
        return
    unknown = NOWHERE in sent.target
    promised = [] if unknown else _promised(world.seen.contract, operation, answer.status)
    if tag in answer.text():
        notes.found(operation.name, f"{answer.status} repeats a tag of the request in a page", sent)
    elif any("json" in each for each in promised) and not any("html" in each for each in promised):
        what = f"{answer.status} is a page of HTML, where the contract promises {promised[0]}"
        notes.found(operation.name, what, sent)
    elif _speaks_json(world):
        notes.advise(operation.name, f"{answer.status} is a page of HTML; other errors are JSON", sent)


def _promised(contract: Mapping[str, Any], operation: Operation, status: int) -> list[str]:
    """The media types that the contract names for such a status."""
    item = resolved(contract, contract["paths"].get(operation.path)) or {}
    responses = resolved(contract, (item.get(operation.method.lower()) or {}).get("responses")) or {}
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in responses:
            return [
                str(each).lower() for each in (resolved(contract, responses[key]) or {}).get("content") or ()
            ]
    return []


def _speaks_json(world: World) -> bool:
    return any(
        made.answer.status >= 400 and "json" in made.answer.headers.get("content-type", "")
        for made in world.made
    )
