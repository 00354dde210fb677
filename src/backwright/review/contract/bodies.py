"""Changes of what an operation takes and answers: parameters, request body, statuses, media types, headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backwright.review.contract.document import Node, Table
from backwright.review.contract.findings import Direction, Effect, Level
from backwright.review.contract.schemas import Found, Reading, place_of, schemas
from backwright.review.contract.view import View

_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_NOT_PARAMETERS = {"accept", "content-type", "authorization"}
"""Headers that are described elsewhere in a description; OpenAPI says to ignore parameters of these names."""

Pair = tuple[Node, Node]
Key = tuple[str, str]


def parameters(old: Pair, new: Pair, renamed: Mapping[str, str]) -> Iterator[Found]:
    """Changes of parameters. Each side is the path item and its operation; `renamed` are path parameters."""
    former = {
        (place, renamed.get(name, name) if place == "path" else name): node
        for (place, name), node in _listed(*old).items()
    }
    later = _listed(*new)
    for key, node in former.items():
        if key in later:
            yield from _parameter(key, node, later[key])
            continue
        in_path = key[0] == "path" and key[1] in renamed.values()
        level: Level = "compatible" if in_path else "potential"
        words = "is not described" if in_path else "is gone"
        yield _of(_words(key), Found("parameter-removed", level, f"{_words(key)} {words}", node, new[1]))
    for key, node in later.items():
        if key in former:
            continue
        level, words = "compatible", "is new and optional"
        if key[0] == "path" and key[1] in renamed.values():
            words = "is described"  # it stands in the path of both: requests have had it all along
        elif node.get("required") is True:
            level, words = "breaking", "is new and required"
        yield _of(_words(key), Found("parameter-added", level, f"{_words(key)} {words}", old[1], node))


def _of(words: str, found: Found) -> Found:
    """The change, at the place that these words name."""
    return msgspec.structs.replace(found, at=place_of(words))


def _listed(item: Node, operation: Node) -> dict[Key, Node]:
    """The parameters of an operation; its own come before those of the path."""
    found: dict[Key, Node] = {}
    for owner in (item, operation):
        listed = owner.child("parameters")
        for each in listed.items() if listed else ():
            node = each.followed()
            place, name = str(node.get("in")), str(node.get("name"))
            if place == "header":
                name = name.lower()
                if name in _NOT_PARAMETERS:
                    continue
            apart = list(_apart(node)) if place == "query" else []
            found |= {(place, name): node for name, node in apart or [(name, node)]}
    return found


def _apart(node: Node) -> Iterator[tuple[str, Node]]:
    """The parameters that an object in the query is: `?page=1&size=20`, each member by its own name.

    That is how OpenAPI writes an object there, unless `style` or `explode` say otherwise.
    """
    schema = node.child("schema")
    if schema is None or node.get("style") not in (None, "form") or node.get("explode") is False:
        return
    view = View(schema)
    must = view.required() if node.get("required") is True else {}
    for name, member in view.properties().items() if view.types == {"object"} else ():
        inner, line = member.node, member.node.line
        said = Table({"in": "query", "name": name, "required": name in must, "schema": inner.value})
        said.lines = dict.fromkeys(said, line)
        yield name, Node(inner.document, inner.pointer, said, line)


def _words(key: Key) -> str:
    return f"{key[0]} parameter `{key[1]}`"


def _parameter(key: Key, old: Node, new: Node) -> Iterator[Found]:
    words, place = _words(key), key[0]
    at = place_of(words)
    if old.get("required") is not True and new.get("required") is True and place != "path":
        yield Found("parameter-requirement-changed", "breaking", f"{words} is required", old, new, at)
    elif old.get("required") is True and new.get("required") is not True and place != "path":
        yield Found("parameter-requirement-changed", "compatible", f"{words} is optional", old, new, at)
    former, later = (_serialization(place, node) for node in (old, new))
    if former != later:
        message = f"{words} is written as {later} instead of {former}"
        yield Found("serialization-changed", "breaking", message, old, new, at)
    if old.get("allowEmptyValue") is True and new.get("allowEmptyValue") is not True:
        message = f"{words} must not be empty any more"
        yield Found("serialization-changed", "breaking", message, old, new, at)
    contents = old.child("content"), new.child("content")
    if contents == (None, None):
        yield from _schema(old, new, Reading("request", words, text=True))
    if contents[0] is not None and contents[1] is not None:
        yield from _content(contents[0], contents[1], "request", words)


def _serialization(place: str, node: Node) -> str:
    style = str(node.get("style") or _STYLES.get(place, "form"))
    schema = node.child("schema")
    if node.child("content") is not None:
        return "a document"
    if schema is None or not View(schema).types & {"array", "object"}:
        return "a value" if style in {"simple", "form"} else style
    explode = node.get("explode")
    exploded = explode if isinstance(explode, bool) else style == "form"
    return f"{style}, {'exploded' if exploded else 'not exploded'}"


ANNOTATIONS = frozenset({"title", "description", "example", "examples"})
ANYTHING: tuple[dict[str, str], ...] = ({}, {"type": "string", "format": "binary"})
"""Schemas that say no more than none: any JSON, and the bytes of a file as OpenAPI 3.0 wrote them."""


def _schema(old: Node, new: Node, reading: Reading) -> Iterator[Found]:
    former, later = old.child("schema"), new.child("schema")
    if former is not None and later is not None:
        yield from schemas(View(former), View(later), reading)
    elif former is not None or later is not None:
        said = View(later or former or new).nodes[0].value or {}
        if {name: said[name] for name in said if name not in ANNOTATIONS} not in ANYTHING:
            effect: Effect = "narrows" if former is None else "widens"
            words = "has a schema" if former is None else "has no schema any more"
            yield reading.found("type-changed", effect, words, former or old, later or new)


def request_body(old: Node, new: Node) -> Iterator[Found]:
    """Changes of the body that an operation takes."""
    bodies = [body.followed() if body else None for body in (n.child("requestBody") for n in (old, new))]
    match bodies:
        case [None, None]:
            return
        case [None, Node() as body]:
            needed = body.get("required") is True
            words = "a body is new and required" if needed else "a body is new and optional"
            yield Found(
                "request-body-added", "breaking" if needed else "compatible", words, old, body, "body"
            )
        case [Node() as body, None]:
            yield Found("request-body-removed", "breaking", "takes no body any more", body, new, "body")
        case [Node() as former, Node() as later]:
            was, now = (body.get("required") is True for body in (former, later))
            if was != now:
                level: Level = "breaking" if now else "compatible"
                words = "the body is required" if now else "the body is optional"
                yield Found("request-body-requirement-changed", level, words, former, later, "body")
            yield from _contents(former, later, "request", "body")


def _contents(old: Node, new: Node, direction: Direction, words: str) -> Iterator[Found]:
    former, later = old.child("content"), new.child("content")
    if former is not None and later is not None:
        yield from _content(former, later, direction, words)
    elif former is not None and list(former.members()):
        message = f"{words}: has no content any more"
        yield Found("media-type-removed", "breaking", message, former, new, place_of(words))
    elif later is not None and list(later.members()):
        level: Level = "potential" if direction == "response" else "compatible"
        yield Found("media-type-added", level, f"{words}: has content now", old, later, place_of(words))


def _content(old: Node, new: Node, direction: Direction, words: str) -> Iterator[Found]:
    former, later = (dict(node.members()) for node in (old, new))
    for name, node in former.items():
        other = _same_media(name, later)
        if other is None and direction == "request":
            other = _range_over(name, later)
        if other is not None:
            yield from _schema(node, later[other], Reading(direction, words))
            yield from _encoding(node, later[other], direction, words)
            continue
        message = f"{words}: not as {name} any more"
        yield Found("media-type-removed", "breaking", message, node, new, place_of(words))
    for name, node in later.items():
        if _same_media(name, former) is None:
            message = f"{words}: also as {name}"
            yield Found("media-type-added", "compatible", message, old, node, place_of(words))


def _same_media(name: str, among: Mapping[str, Node]) -> str | None:
    """The same media type, whatever its parameters and case."""
    if name in among:
        return name
    bare = name.partition(";")[0].strip().lower()
    return next((other for other in among if other.partition(";")[0].strip().lower() == bare), None)


def _range_over(name: str, among: Mapping[str, Node]) -> str | None:
    """The narrowest range that takes a media type: `application/*`, `*/*`."""
    kind = name.partition("/")[0].strip().lower()
    return next((other for wide in (f"{kind}/*", "*/*") for other in among if other.lower() == wide), None)


def _encoding(old: Node, new: Node, direction: Direction, words: str) -> Iterator[Found]:
    former, later = (dict(e.members()) if (e := n.child("encoding")) else {} for n in (old, new))
    for name in former.keys() | later.keys():
        one, other = former.get(name), later.get(name)
        if (one and one.value) != (other and other.value):
            level: Level = "breaking" if direction == "request" else "potential"
            message = f"{words}: `{name}` is encoded otherwise"
            at = place_of(f"{words}.{name}")
            yield Found("serialization-changed", level, message, one or old, other or new, at)


def responses(old: Node, new: Node) -> Iterator[Found]:
    """Changes of what an operation answers."""
    sides = [node.child("responses") for node in (old, new)]
    former, later = ({s.upper(): n for s, n in side.members()} if side else {} for side in sides)
    for status, node in former.items():
        if status.startswith("X-"):
            continue
        if status in later:
            yield from _response(status, node.followed(), later[status].followed())
            continue
        wider = next((s for s in (f"{status[0]}XX", "DEFAULT") if s in later), None)
        if wider is not None:
            yield from _response(status, node.followed(), later[wider].followed())
            continue
        success = status.startswith("2") or (status == "DEFAULT" and not _any_success(former))
        level: Level = "breaking" if success else "potential"
        message = f"never answers {status} any more"
        yield Found("response-removed", level, message, node, sides[1] or new, f"answer {status}")
    for status, node in later.items():
        if status not in former and not status.startswith("X-"):
            wider = next((s for s in (f"{status[0]}XX", "DEFAULT") if s in former), None)
            level = "potential" if status[0] in "23" and wider is None else "compatible"
            message = f"may answer {status}"
            yield Found("response-added", level, message, sides[0] or old, node, f"answer {status}")
            if wider is not None:
                yield from _response(status, former[wider].followed(), node.followed())


def _any_success(answers: Mapping[str, Node]) -> bool:
    return any(status.startswith("2") for status in answers)


def _response(status: str, old: Node, new: Node) -> Iterator[Found]:
    words = f"answer {status}"
    yield from _contents(old, new, "response", words)
    former, later = (
        {name.lower(): node.followed() for name, node in headers.members()} if headers else {}
        for headers in (node.child("headers") for node in (old, new))
    )
    for name, node in former.items():
        if name == "content-type":
            continue
        header = f"{words}, header `{name}`"
        at = place_of(header)
        if name not in later:
            level: Level = "breaking" if node.get("required") is True else "potential"
            yield Found("response-header-removed", level, f"{header} is gone", node, new, at)
            continue
        other = later[name]
        was, now = (side.get("required") is True for side in (node, other))
        if was != now:
            level = "compatible" if now else "breaking"
            message = f"{header} is {'always' if now else 'not always'} there"
            yield Found("response-header-requirement-changed", level, message, node, other, at)
        if node.get("explode") is not other.get("explode"):
            message = f"{header} is written otherwise (explode)"
            yield Found("serialization-changed", "breaking", message, node, other, at)
        yield from _schema(node, other, Reading("response", header))
    for name, node in later.items():
        if name not in former:
            message = f"{words}, header `{name}` is new"
            at = place_of(f"{words}, header `{name}`")
            yield Found("response-header-added", "compatible", message, old, node, at)
