"""What was sent is what is kept: nothing is cut, replaced or set otherwise on the way into the database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.objects import made_by
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.properties import SECRET_NAME, own, reading_of
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation, resolved
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import referred

IDS: tuple[str, ...] = ()
NAME = "values as they were sent"
WHY = "A column that is too short, or of another character set, eats the end of a letter, and nobody is told."

PROSE = re.compile(
    r"^(title|name|display_?name|full_?name|description|body|content|text|notes?|comments?|message|summary|subject|"
    r"reason|bio|memo|label|address|street|city)$",
    re.IGNORECASE,
)
"""Members that hold what people write: these are kept as they are written."""
CASED = re.compile(r"name|label|address|street|city", re.IGNORECASE)
"""Of these, those whose capitals a backend may set."""
DECIDED = re.compile(
    r"(^|_)(id|status|state|stage|role|version|rank|position|slug)$|_at$|_on$", re.IGNORECASE
)
"""What is another value than was sent may be decided by the backend."""
COUNTED = re.compile(r"quantity|qty|count|stock|balance|points|score|total|amount_", re.IGNORECASE)
"""Numbers that may be added to what is there."""
LONG, LONGEST, SHORTEST, LEAST = 1000, 10_000, 12, 6
PLAIN, SWITCHED = "as plain values", "switches the other way"
TEXTS: Mapping[str, str] = {
    "letters of other scripts": "Žluťoučký 東京 Ελλάδα",
    "emoji": "\U0001f98a and \U0001f680",
    "capitals": "mIxed CaSe wOrds",
    "a long text": "",
}
KINDS = (PLAIN, SWITCHED, *TEXTS)


def run(world: World) -> Outcome:
    """Each creation and change is sent with switches both ways, numbers, and texts in other scripts, with emoji, in
    capitals and as long as the contract allows. What is answered 2xx has to be in the answer, and in a reading
    afterwards, wherever these have a member of this name.

    Texts are looked at where the member's name says that people write them (`title`, `body`, `name`), without
    regard for how letters are composed. Numbers and switches only where nothing says that the backend decides.
    """
    notes = Notes(world)
    for operation in world.operations:
        if operation.body is None or operation.method not in {"POST", "PUT", "PATCH"}:
            continue
        if "json" not in operation.body.media or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    owner = next(iter(world.callers_for(operation)), None)
    described, echoed = _described(world, operation), frozenset[str]()
    known: set[str] = set()
    for kind in KINDS:
        body = _bodied(world.body(operation), kind, described)
        made = _sent(world, operation, owner, body) if body is not None else None
        if made is None or not made.answer.accepted or body is None:
            continue
        for shown in _showing(world, owner, made):
            if kind == PLAIN:
                echoed |= _echoed(own(body), shown)
            notes.tried += 1
            for name, told in _differing(own(body), shown, described, echoed):
                if name not in known:
                    what = f"is answered {made.answer.status} and keeps {told} ({kind})"
                    notes.found(operation.name, what, made.sent)
                known.add(name)


def _echoed(sent: Mapping[str, Any], shown: Mapping[str, Any]) -> frozenset[str]:
    """The members of an answer that are what was sent, and not something else of the same name: `message`."""
    texts = {name: each for name, each in sent.items() if isinstance(each, str) and len(each) >= LEAST}
    return frozenset(
        name for name, each in texts.items() if each[:LEAST].casefold() in str(shown.get(name)).casefold()
    )


def _described(world: World, operation: Operation) -> Mapping[str, Mapping[str, Any]]:
    """The schemas of a body's members, within its wrapper where it has one."""
    assert operation.body is not None
    return _members(world, operation.body.schema)


def _members(world: World, schema: Any, depth: int = 0) -> Mapping[str, Mapping[str, Any]]:
    found = world.sampler.merged(schema).get("properties") or {}
    members = {
        name: world.sampler.merged(resolved(world.seen.contract, each)) for name, each in found.items()
    }
    if len(members) == 1 and depth < 1 and next(iter(members.values())).get("properties"):
        return _members(world, next(iter(members.values())), depth + 1)
    return members


def _bodied(body: Any, kind: str, described: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The body in this form. None: there is nothing in it that has such a form."""
    if not isinstance(body, dict) or kind == PLAIN:
        return body if isinstance(body, dict) else None
    members = own(body).items()
    if kind == SWITCHED:
        values: dict[str, Any] = {name: not value for name, value in members if isinstance(value, bool)}
    else:
        values = {
            name: _fitted(TEXTS[kind], value, described.get(name, {}))
            for name, value in members
            if _prose(name, value, described.get(name, {}))
        }
    return _with(body, values) if values else None


def _with(body: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The body with these values, within its wrapper where it has one."""
    if all(name in body for name in values):
        return {**body, **values}
    return {name: _with(each, values) if isinstance(each, dict) else each for name, each in body.items()}


def _prose(name: str, value: Any, schema: Mapping[str, Any]) -> bool:
    free = not ({"format", "pattern", "enum", "const"} & set(schema))
    return (
        free
        and isinstance(value, str)
        and bool(PROSE.match(name))
        and int(schema.get("maxLength", LONG)) >= SHORTEST
    )


def _fitted(text: str, word: str, schema: Mapping[str, Any]) -> str:
    """The text within the contract's limits; the word makes it new. Without a text, as long as may be."""
    most = min(int(schema.get("maxLength", LONG)), LONGEST)
    if not text:
        return (f"{word} " * (most // (len(word) + 1) + 1))[:most].strip()
    whole = f"{word} {text}"
    return whole if len(whole) <= most else text[:most].strip()


def _sent(world: World, operation: Operation, owner: Caller | None, body: dict[str, Any]) -> Made | None:
    """The answer to the operation with this body: on a thing of its own where it changes one."""
    if operation.method != "POST":
        thing = made_by(world, operation, owner) if owner is not None and operation.path_names else None
        if thing is None:
            return None
        return world.send(operation, owner, thing.path, body)
    path = world.path_for(operation, owner)
    return world.send(operation, owner, path, body) if path is not None else None


def _showing(world: World, owner: Caller | None, made: Made) -> Iterator[Mapping[str, Any]]:
    """What shows the thing: the answer, and a reading of it."""
    if made.answer.status == 202:
        return
    yield own(made.answer.json())
    reading = reading_of(world, made)
    if reading is not None:
        answer = world.send(reading[0], owner, reading[1]).answer
        if answer.accepted:
            yield own(answer.json())


def _differing(
    sent: Mapping[str, Any],
    shown: Mapping[str, Any],
    described: Mapping[str, Mapping[str, Any]],
    echoed: frozenset[str],
) -> Iterator[tuple[str, str]]:
    """The members that are kept otherwise, each with words for it."""
    for name, value in sent.items():
        if name not in shown or SECRET_NAME.match(name) or DECIDED.search(name) or referred(name):
            continue
        kept = shown[name]
        prose = name in echoed and _prose(name, value, described.get(name, {}))
        if kept in (None, [], {}) and value not in (None, "", [], {}):
            yield name, f"nothing of `{name}`"
        elif _other(name, value, kept) or (
            prose and isinstance(kept, str) and _read(name, kept) != _read(name, value)
        ):
            yield name, f"`{name}` as {_short(kept)} where {_short(value)} was sent"


def _other(name: str, value: Any, kept: Any) -> bool:
    """Is it another switch, or another number?"""
    if isinstance(value, bool) or isinstance(kept, bool):
        return isinstance(value, bool) and isinstance(kept, bool) and kept != value
    numbers = isinstance(value, int | float) and isinstance(kept, int | float)
    return numbers and kept != value and not COUNTED.search(name)


def _read(name: str, text: str) -> str:
    """The text as far as it has to be the same."""
    whole = " ".join(unicodedata.normalize("NFKC", text).split())
    return whole.casefold() if CASED.search(name) else whole


def _short(value: Any) -> str:
    text = str(value)
    return repr(value if len(text) <= 60 else f"{text[:50]}… ({len(text)} letters)")
