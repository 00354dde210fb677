"""What is uploaded is of the type and size that the contract says, and comes back as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation, resolved, texts_of
from backwright.verify.target.exploring import World
from backwright.verify.target.files import ANY, File, content_of, likely
from backwright.verify.target.made import Made

IDS = ("API8:2023", "API4:2023")
NAME = "uploads"
WHY = "A page that was uploaded as a picture is opened by the next who looks at it, and acts in that one's name."
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m)(?:i?b\b|ilobytes?|egabytes?|ebibytes?)", re.IGNORECASE)
UNITS = {"k": 1024, "m": 1024 * 1024}
LARGE, LARGEST = 32 * 1024 * 1024, 64 * 1024 * 1024
REWRITTEN = ("image/", "video/", "audio/")
"""Types of files that many backends make smaller on purpose."""
HOSTILE = '../../up\\"; x="<b>.{}'


def run(world: World) -> Outcome:
    """A file of a declared type is uploaded, and read again where the contract says how: its bytes have to be the same
    (but for pictures and the like). Then a web page: where the contract lists types, it has to be refused; and nowhere
    may it be answered as a page to somebody who is known by a cookie. Where a size is written beside the 413 or the
    file, a larger one has to be refused. A name that leads elsewhere must not be answered 5xx.
    """
    notes = Notes(world)
    for operation in world.operations:
        if not _files(operation) or operation.method == "GET" or notes.late(operation.name):
            continue
        caller = next(iter(world.callers), None)
        try:
            _judge(world, notes, operation, caller)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _files(operation: Operation) -> Mapping[str, str]:
    """The members that are files, with their declared types; `""` is a body that is one itself."""
    if operation.body is None:
        return {}
    base = operation.body.media.partition(";")[0].strip().lower()
    whole = base == ANY or base.partition("/")[0] in {"image", "video", "audio"} or base == "application/pdf"
    return {"": base} if whole else operation.body.files


def _judge(world: World, notes: Notes, operation: Operation, caller: Caller | None) -> None:
    member, declared = next(iter(_files(operation).items()))
    path = world.path_for(operation, caller)
    good = world.attempt(operation, caller, path) if path is not None else None
    if path is None or good is None or not good.answer.accepted:
        notes.unjudged(operation.name, "no file was accepted, so a refusal shows nothing")
        return
    media = _accepted(good.body, member, declared)
    same = File(world.sampler.word(), media)
    kept = _upload(world, operation, caller, path, good.body, member, same)
    if kept.answer.accepted:
        _compare(world, notes, kept, same, caller)
    _other_type(world, notes, operation, caller, path, good.body, member, declared)
    _other_name(world, notes, operation, caller, path, good.body, member, media)
    _size(world, notes, operation, caller, path, good.body, member, media)


def _accepted(body: Any, member: str, declared: str) -> str:
    """The media type of the file that was accepted."""
    value = body.get(member) if isinstance(body, dict) else body
    value = value[0] if isinstance(value, list) and value else value
    return value.media if isinstance(value, File) else likely(member, declared)


def _upload(
    world: World, operation: Operation, caller: Caller | None, path: Mapping[str, str], body: Any, member: str,
    file: File,
) -> Made:  # fmt: skip
    """The request with another file in it."""
    if member and isinstance(body, dict):
        body = {**body, member: [file] if isinstance(body.get(member), list) else file}
    else:
        body = file
    return world.send(operation, caller, path, body)


def _downloads(world: World, made: Made, caller: Caller | None) -> Iterator[tuple[Operation, Made]]:
    """What is answered to who reads the file."""
    for reading in world.operations:
        names = reading.path_names
        if reading.method != "GET" or not names or not reading.path.startswith(made.operation.path + "/{"):
            continue
        name = names[len(made.path)] if len(names) == len(made.path) + 1 else ""
        value = world.named(made, reading, name) if name else None
        if value is not None:
            yield reading, world.send(reading, caller, {**made.path, name: value})


def _compare(world: World, notes: Notes, kept: Made, file: File, caller: Caller | None) -> None:
    for reading, read in _downloads(world, kept, caller):
        if not read.answer.accepted or "json" in _media(read.answer):
            continue
        notes.tried += 1
        if file.media.startswith(REWRITTEN) or read.answer.content == file.content:
            continue
        what = f"{len(read.answer.content)} bytes, where {len(file.content)} were uploaded"
        if len(read.answer.content) == len(file.content):
            what = "other bytes than were uploaded"
        notes.found(reading.name, f"answers {what}", read.sent)


def _media(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _other_type(
    world: World, notes: Notes, operation: Operation, caller: Caller | None, path: Mapping[str, str], body: Any,
    member: str, declared: str,
) -> None:  # fmt: skip
    page = File(world.sampler.word(), "text/html")
    made = _upload(world, operation, caller, path, body, member, page)
    notes.tried += 1
    if made.answer.status >= 500:
        notes.found(operation.name, f"answers {made.answer.status} to a file of text/html", made.sent)
    if not made.answer.accepted:
        return
    listed = [each.strip() for each in declared.lower().split(",") if each.strip()]
    if listed and not any(each in {"*/*", "text/*", "text/html", ANY} for each in listed):
        what = f"a file of text/html is accepted, where the contract lists {', '.join(listed)}"
        notes.found(operation.name, what, made.sent)
    elif "415" in operation.statuses:
        notes.advise(
            operation.name, "a file of text/html is accepted, although the contract names 415", made.sent
        )
    cookie = caller is not None and any(name.lower() == "cookie" for name in caller.headers)
    for reading, read in _downloads(world, made, caller):
        shown = read.answer.accepted and _media(read.answer) == "text/html"
        if shown and "attachment" not in read.answer.headers.get("content-disposition", "").lower():
            tell = notes.found if cookie else notes.advise
            tell(
                reading.name,
                "answers an uploaded page as a page: its scripts act for who opens it",
                read.sent,
            )


def _other_name(
    world: World, notes: Notes, operation: Operation, caller: Caller | None, path: Mapping[str, str], body: Any,
    member: str, media: str,
) -> None:  # fmt: skip
    word = world.sampler.word()
    ending = File(word, media).called.rpartition(".")[2]
    if not member:
        return
    made = _upload(world, operation, caller, path, body, member, File(word, media, HOSTILE.format(ending)))
    notes.tried += 1
    if made.answer.status >= 500:
        notes.found(
            operation.name, f"answers {made.answer.status} to a file whose name leads elsewhere", made.sent
        )


def _size(
    world: World, notes: Notes, operation: Operation, caller: Caller | None, path: Mapping[str, str], body: Any,
    member: str, media: str,
) -> None:  # fmt: skip
    stated = _stated(world.seen.contract, operation)
    if "413" not in operation.statuses and stated is None:
        return
    size = int(stated * 1.25) + 4096 if stated is not None else LARGE
    if size > LARGEST:
        notes.unjudged(operation.name, f"a file of more than {stated} bytes is too large to be sent")
        return
    word = world.sampler.word()
    large = File(word, media, raw=content_of(media, word).ljust(size, b" "))
    try:
        made = _upload(world, operation, caller, path, body, member, large)
    except Unreachable:
        return  # it closed the connection, which is a refusal
    notes.tried += 1
    said = f"{size / UNITS['m']:.3g} MB"
    if made.answer.status >= 500:
        notes.found(operation.name, f"answers {made.answer.status} to a file of {said}", made.sent)
    elif made.answer.accepted and stated is not None:
        limit = f"{stated / UNITS['m']:.3g} MB"
        notes.found(
            operation.name, f"a file of {said} is accepted, where the contract says {limit}", made.sent
        )
    elif made.answer.accepted:
        notes.advise(
            operation.name, f"a file of {said} is accepted, although the contract names 413", made.sent
        )


def _stated(contract: Mapping[str, Any], operation: Operation) -> float | None:
    """The greatest size that the contract writes about in the answer 413 and in the body of the operation, in bytes."""
    given = (
        resolved(contract, (contract["paths"].get(operation.path) or {}).get(operation.method.lower())) or {}
    )
    refusal = resolved(contract, (given.get("responses") or {}).get("413")) or {}
    about = resolved(contract, given.get("requestBody")) or {}
    written = [str(refusal.get("description", "")), str(given.get("description", "")), *texts_of(about)]
    sizes = [float(size) * UNITS[unit.lower()] for text in written for size, unit in SIZE.findall(text)]
    return max(sizes, default=None)
