"""Changes between two schemas, each with what it does to the set of valid values.

A type, a bound, an enumeration: whether fewer or more values are valid is the same question in requests and
responses, and `findings.level_of` gives both answers. What depends on the direction otherwise (a member that
is gone, a default) says its level itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.review.contract.document import Node
from backwright.review.contract.findings import Direction, Effect, Level, level_of
from backwright.review.contract.limits import FORMATS, all_whole_numbers, limits, within_format
from backwright.review.contract.view import ALL_TYPES, View

_WIDER_FORMATS = {("int32", "int64"), ("float", "double"), ("date", "string")}
_UNDECIDED = (
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "contains",
    "prefixItems",
    "contentEncoding",
    "contentMediaType",
)
_CONDITIONS = {
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "contains",
}
"""Of these, those that can only exclude values: where there was none, fewer are valid now."""


class Found(msgspec.Struct, frozen=True):
    """A change before it is told which operations have it. `at`: the place in what they take or answer."""

    rule: str
    level: Level
    message: str
    before: Node | None
    after: Node | None
    at: str = ""


def place_of(words: str) -> str:
    """A place as agreements write it: the words of messages without their marks."""
    return words.replace("`", "").replace(",", "")


class Reading(msgspec.Struct, frozen=True):
    """In which direction, and of what: `words` names the value. `text`: it is sent as text (a parameter)."""

    direction: Direction
    words: str
    text: bool = False

    def of(self, name: str) -> Reading:
        return Reading(self.direction, f"{self.words}.{name}")

    def found(
        self,
        rule: str,
        effect: Effect,
        message: str,
        before: Node | None,
        after: Node | None,
        member: str | None = None,
    ) -> Found:
        return self.judged(rule, level_of(effect, self.direction), message, before, after, member)

    def judged(
        self,
        rule: str,
        level: Level,
        message: str,
        before: Node | None,
        after: Node | None,
        member: str | None = None,
    ) -> Found:
        """`member`: the member that the change is about, where it is not the whole value."""
        at = place_of(self.words if member is None else f"{self.words}.{member}")
        return Found(rule, level, f"{self.words}: {message}", before, after, at)


class Walk:
    """Which pairs of schemas have been compared on the way, and what was found out of alternatives.

    Each pair is compared once, so that schemas that refer to each other take as long as they are many.
    """

    def __init__(self, judged: dict[tuple[Any, ...], bool] | None = None) -> None:
        self.seen: set[tuple[Any, ...]] = set()
        self.judged: dict[tuple[Any, ...], bool] = {} if judged is None else judged

    def compatible(self, one: View, other: View, *, same: bool) -> bool:
        """Whether every value of the one is a value of the other; with `same`, whether nothing differs at all.

        While that is being found out, it is taken to be so: schemas may refer to themselves.
        """
        key = (same, one.key(), other.key())
        if key not in self.judged:
            self.judged[key] = True
            found = schemas(one, other, Reading("request", ""), Walk(self.judged))
            self.judged[key] = all(change.level == "compatible" and not same for change in found)
        return self.judged[key]


def schemas(before: View, after: View, reading: Reading, walk: Walk | None = None) -> Iterator[Found]:
    """All changes from one schema to the other. Ends for schemas that refer to themselves, too."""
    walk = walk or Walk()
    pair = (before.key(), after.key())
    if pair in walk.seen:
        return
    walk.seen.add(pair)
    if bool(before.unions) != bool(after.unions):
        effect = _contained(before, after, walk)
        if effect is not None:
            words = (
                "other alternatives for the same values" if effect == "none" else "more or fewer alternatives"
            )
            places = before.place("oneOf", "anyOf"), after.place("oneOf", "anyOf")
            yield reading.found("alternative-changed", effect, words, *places)
            return
    yield from _types(before, after, reading)
    yield from _format(before, after, reading)
    yield from _enumeration(before, after, reading)
    yield from limits(before, after, reading.found, reading.direction)
    yield from _default(before, after, reading)
    yield from _undecided(before, after, reading)
    yield from _members(before, after, reading, walk)
    yield from _additional(before, after, reading, walk)
    yield from _inside(before, after, reading, walk)
    yield from _branches(before, after, reading, walk)
    yield from _discriminator(before, after, reading)


def _types(before: View, after: View, reading: Reading) -> Iterator[Found]:
    if before.types == after.types:
        return
    old, new = before.types - {"null"}, after.types - {"null"}
    if old != new:
        effect: Effect = "differs"
        if new < old:
            effect = "narrows"
        elif old < new or (reading.text and _any_text(after) and not old & {"object", "array"}):
            effect = "widens"
        message = f"{_types_in_words(new)} instead of {_types_in_words(old)}"
        yield reading.found("type-changed", effect, message, before.place("type"), after.place("type"))
    elif "null" in before.types:
        yield reading.found(
            "nullable-changed",
            "narrows",
            "null is not allowed any more",
            before.place("nullable", "type"),
            after.place("type"),
        )
    else:
        yield reading.found(
            "nullable-changed", "widens", "may be null", before.place("type"), after.place("nullable", "type")
        )


def _any_text(view: View) -> bool:
    """Whether every text is accepted where values are sent as text: what was a number is one, and is no uuid."""
    return view.types - {"null"} == {"string"} and view.keyword("format") is None


def _types_in_words(types: frozenset[str]) -> str:
    if types >= ALL_TYPES - {"null"}:
        return "any type"
    shown = types - {"integer"} if "number" in types else types
    return " or ".join(sorted(shown)) or "no value"


def _format(before: View, after: View, reading: Reading) -> Iterator[Found]:
    old, new = before.keyword("format"), after.keyword("format")
    names = (old and old.value, new and new.value)
    if names[0] == names[1] or before.types != after.types:
        return
    if names[0] is None:
        effect: Effect = "narrows"
    elif names[1] is None or names in _WIDER_FORMATS:
        effect = "widens"
    else:
        effect = "narrows" if names[::-1] in _WIDER_FORMATS else "differs"
    if _bounded_alike(before, after, names):
        effect = "none"
    message = f"format {names[1] or 'none'} instead of {names[0] or 'none'}"
    yield reading.found("format-changed", effect, message, old or before.node, new or after.node)


def _bounded_alike(before: View, after: View, names: tuple[Any, Any]) -> bool:
    """Whether bounds make up for the format: an int64 from 0 to 100 is as good as an int32."""
    old, new = names
    return (old in FORMATS and within_format(after, old)) or (new in FORMATS and within_format(before, new))


def _enumeration(before: View, after: View, reading: Reading) -> Iterator[Found]:
    old, new = before.enumeration(), after.enumeration()
    places = before.place("enum", "const"), after.place("enum", "const")
    if old is None and new is None:
        return
    if new is None:
        effect: Effect = "none" if _all_listed(after, old or []) else "widens"
        yield reading.found("enum-changed", effect, "any value instead of listed ones", *places)
        return
    if old is None:
        effect = "none" if _all_listed(before, new) else "narrows"
        yield reading.found("enum-changed", effect, f"only {_listed(new)}", *places)
        return
    gone, added = [v for v in old if v not in new], [v for v in new if v not in old]
    if gone:
        yield reading.found("enum-changed", "narrows", f"not {_listed(gone)} any more", *places)
    if added:
        extensible = before.keyword("x-extensible-enum") is not None
        effect = "none" if extensible else "widens"
        yield reading.found("enum-changed", effect, f"also {_listed(added)}", *places)


def _all_listed(view: View, values: list[Any]) -> bool:
    """Whether all that is valid is listed: a boolean is as good as the list of true and false."""
    if view.types == {"boolean"}:
        return len(values) == 2
    valid = all_whole_numbers(view)
    return valid is not None and all(value in values for value in valid)


def _listed(values: list[Any]) -> str:
    shown = ", ".join(f"`{value}`" for value in values[:6])
    return shown + (f" and {len(values) - 6} more" if len(values) > 6 else "") or "no value"


def _default(before: View, after: View, reading: Reading) -> Iterator[Found]:
    old, new = before.keyword("default"), after.keyword("default")
    if (old and (old.value,)) == (new and (new.value,)):
        return
    level: Level = "potential" if reading.direction == "request" else "compatible"
    shown = [f"`{node.value}`" if node else "none" for node in (old, new)]
    message = f"default {shown[1]} instead of {shown[0]}"
    yield reading.judged("default-changed", level, message, old or before.node, new or after.node)


def _undecided(before: View, after: View, reading: Reading) -> Iterator[Found]:
    for name in _UNDECIDED:
        old, new = before.keyword(name), after.keyword(name)
        if (old and (old.value,)) == (new and (new.value,)):
            continue
        effect: Effect = "unknown"
        message = f"`{name}` is another; whether fewer or more values are valid was not decided"
        if name in _CONDITIONS and (old is None or new is None):
            effect = "narrows" if old is None else "widens"
            message = f"`{name}` excludes values" if old is None else f"`{name}` excludes none any more"
        yield reading.found("other-keyword-changed", effect, message, old or before.node, new or after.node)


def _shown(view: View, direction: Direction) -> bool:
    """Whether a member has a part in this direction."""
    return not view.flag("readOnly" if direction == "request" else "writeOnly")


def _members(before: View, after: View, reading: Reading, walk: Walk) -> Iterator[Found]:
    old, new = before.properties(), after.properties()
    must, must_now = before.required(), after.required()
    for name, view in old.items():
        if name not in new:
            if _shown(view, reading.direction):
                yield from _gone(name, view, after, name in must, reading)
            continue
        yield from _visibility(name, view, new[name], name in must, name in must_now, reading)
        if _shown(view, reading.direction) and _shown(new[name], reading.direction):
            yield from _requirement(name, view, new[name], (must, must_now), reading)
            yield from schemas(view, new[name], reading.of(name), walk)
    for name, view in new.items():
        if name not in old and _shown(view, reading.direction):
            yield from _arrived(name, view, before, name in must_now, reading)
    for name in must_now.keys() - must.keys() - new.keys():
        effect: Effect = "narrows"
        message = f"`{name}` is required, without being described"
        places = before.place("required"), must_now[name]
        yield reading.found("requirement-changed", effect, message, *places, member=name)


def _gone(name: str, view: View, after: View, required: bool, reading: Reading) -> Iterator[Found]:
    if reading.direction == "request":
        level: Level = "breaking" if after.closed() else "potential"
    else:
        level = "breaking" if required else "potential"
    additional = after.inner("additionalProperties")
    message = f"member `{name}` is gone" + (
        "; it is one of the additional ones now" if additional is not None else ""
    )
    places = view.node, after.place("properties")
    yield reading.judged("property-removed", level, message, *places, member=name)


def _arrived(name: str, view: View, before: View, required: bool, reading: Reading) -> Iterator[Found]:
    places = before.place("properties"), view.node
    if reading.direction == "request":
        needed = required and view.keyword("default") is None
        level: Level = "breaking" if needed else "compatible"
        words = "new and required" if required else "new and optional"
    else:
        level, words = "potential" if before.closed() else "compatible", "new"
    yield reading.judged("property-added", level, f"member `{name}` is {words}", *places, member=name)


def _requirement(
    name: str, before: View, after: View, required: tuple[dict[str, Node], dict[str, Node]], reading: Reading
) -> Iterator[Found]:
    old, new = required
    if (name in old) == (name in new):
        return
    if name in new:
        harmless = reading.direction == "request" and after.keyword("default") is not None
        effect: Effect = "none" if harmless else "narrows"
        places, words = (before.node, new[name]), f"`{name}` is required"
    else:
        effect, places, words = "widens", (old[name], after.node), f"`{name}` is optional"
    yield reading.found("requirement-changed", effect, words, *places, member=name)


def _visibility(
    name: str, before: View, after: View, was_required: bool, required: bool, reading: Reading
) -> Iterator[Found]:
    word = "readOnly" if reading.direction == "request" else "writeOnly"
    old, new = before.flag(word), after.flag(word)
    if old == new:
        return
    places = before.place(word), after.place(word)
    if reading.direction == "request":
        level: Level = "potential" if new else "breaking" if required else "compatible"
        words = "can only be read now" if new else "can be sent now"
    else:
        level = ("breaking" if was_required else "potential") if new else "compatible"
        words = "is not answered any more" if new else "is answered now"
    message = f"`{name}` {words} ({word})"
    yield reading.judged("visibility-changed", level, message, *places, member=name)


def _additional(before: View, after: View, reading: Reading, walk: Walk) -> Iterator[Found]:
    if before.closed() != after.closed():
        words = ("additionalProperties", "unevaluatedProperties")
        places = before.place(*words), after.place(*words)
        if after.closed():
            message = "members that are not listed are refused"
            yield reading.found("additional-properties-changed", "narrows", message, *places)
        else:
            level: Level = "compatible" if reading.direction == "request" else "potential"
            message = "members that are not listed are possible"
            yield reading.judged("additional-properties-changed", level, message, *places)
        return
    old, new = before.inner("additionalProperties"), after.inner("additionalProperties")
    if old is not None and new is not None:
        yield from schemas(old, new, reading.of("*"), walk)
    elif (old is None) != (new is None) and not after.closed():
        empty = (old or new or before).nodes[0].value == {}
        effect: Effect = "none" if empty else "narrows" if old is None else "widens"
        message = f"members that are not listed {'have a schema' if old is None else 'may be anything'}"
        places = before.place("additionalProperties"), after.place("additionalProperties")
        yield reading.found("additional-properties-changed", effect, message, *places)


def _inside(before: View, after: View, reading: Reading, walk: Walk) -> Iterator[Found]:
    old, new = before.inner("items"), after.inner("items")
    if old is not None and new is not None:
        inside = Reading(reading.direction, f"{reading.words}[]", reading.text)
        yield from schemas(old, new, inside, walk)
    elif (old is None) != (new is None) and before.types == after.types:
        some = old or new
        effect: Effect = "none" if some is not None and some.types == ALL_TYPES else "narrows"
        if new is None and effect != "none":
            effect = "widens"
        message = "items have a schema" if old is None else "items may be anything"
        yield reading.found("type-changed", effect, message, before.place("items"), after.place("items"))


def _branches(before: View, after: View, reading: Reading, walk: Walk) -> Iterator[Found]:
    old, new = before.branches(), after.branches()
    if not old and not new:
        return
    places = before.place("oneOf", "anyOf"), after.place("oneOf", "anyOf")
    if not old or not new:
        yield from _wrapped(before, after, reading, walk, places)
        return
    pairs, gone, added = _paired(old, new, walk)
    for one, other in pairs:
        yield from schemas(one, other, reading.of(_branch_name(one)), walk)
    for view in gone:
        message = f"not {_branch_name(view)} any more"
        yield reading.found("alternative-changed", "narrows", message, view.node, places[1])
    for view in added:
        message = f"also {_branch_name(view)}"
        yield reading.found("alternative-changed", "widens", message, places[0], view.node)
    if before.unions[0][0] != after.unions[0][0]:
        message = f"{after.unions[0][0]} instead of {before.unions[0][0]}"
        effect: Effect = "narrows" if after.unions[0][0] == "oneOf" else "widens"
        certain = level_of(effect, reading.direction) == "compatible"
        yield reading.found("alternative-changed", "none" if certain else "unknown", message, *places)


def _wrapped(
    before: View, after: View, reading: Reading, walk: Walk, places: tuple[Node, Node]
) -> Iterator[Found]:
    """One schema becomes several alternatives, or the other way round."""
    many, one = (after, before) if after.unions else (before, after)
    if not one.properties() and one.types == ALL_TYPES:
        effect: Effect = "narrows" if after.unions else "widens"
        words = "one of several alternatives now" if after.unions else "any value now"
    elif any(walk.compatible(one, branch, same=False) for branch in _whole_branches(many)):
        effect = "widens" if after.unions else "narrows"
        words = "further alternatives" if after.unions else "one alternative of several is left"
    else:
        effect, words = "unknown", "alternatives, where there was one schema, or the other way round"
    yield reading.found("alternative-changed", effect, words, *places)


def _contained(before: View, after: View, walk: Walk) -> Effect | None:
    """What becomes of the values where several alternatives are within one schema; None where they are not."""
    many, one = (after, before) if after.unions else (before, after)
    if one.types == ALL_TYPES:
        return None
    branches = _whole_branches(many)
    if not all(walk.compatible(branch, one, same=False) for branch in branches):
        return None
    if any(walk.compatible(one, branch, same=False) for branch in branches):
        return "none"
    return "narrows" if after.unions else "widens"


def _whole_branches(many: View) -> list[View]:
    """Each alternative with what stands beside the union: `required: [a]` in one is about the members of all."""
    beside = [node for node in many.nodes if node.value.keys() - {"oneOf", "anyOf", "title", "description"}]
    return [_beside(beside, branch) if beside else branch for branch in many.branches()]


def _beside(nodes: list[Node], branch: View) -> View:
    """The alternative with what holds of all of them; the alternatives themselves are not looked at again."""
    whole = View(*nodes, *branch.nodes)
    whole.unions = branch.unions
    return whole


def _paired(
    old: list[View], new: list[View], walk: Walk
) -> tuple[list[tuple[View, View]], list[View], list[View]]:
    """Branches that are the same one in both: by name, then by content, then by being the only one of a type."""
    pairs: list[tuple[View, View]] = []
    for same in (_same_name, lambda a, b: walk.compatible(a, b, same=True), _same_sole_type(old, new)):
        for one in list(old):
            match = next((other for other in new if same(one, other)), None)
            if match is not None:
                pairs.append((one, match))
                old = [view for view in old if view is not one]
                new = [view for view in new if view is not match]
    return pairs, old, new


def _same_name(one: View, other: View) -> bool:
    names = (_named(one), _named(other))
    return names[0] is not None and names[0] == names[1]


def _same_sole_type(old: list[View], new: list[View]) -> Any:
    def same(one: View, other: View) -> bool:
        if one.types != other.types or _named(one) or _named(other):
            return False
        return all(sum(view.types == one.types for view in side) == 1 for side in (old, new))

    return same


def _named(view: View) -> str | None:
    """The name of a component, or the title."""
    pointer = view.node.pointer
    if "/schemas/" in pointer and pointer.count("/") == 3:
        return pointer.rpartition("/")[2]
    title = view.node.get("title")
    return title if isinstance(title, str) else None


def _branch_name(view: View) -> str:
    return _named(view) or _types_in_words(view.types)


def _discriminator(before: View, after: View, reading: Reading) -> Iterator[Found]:
    old, new = before.keyword("discriminator"), after.keyword("discriminator")
    if old is None and new is None:
        return
    if old is None or new is None:
        message = f"{'a' if old is None else 'no'} discriminator"
        yield reading.found(
            "discriminator-changed", "unknown", message, old or before.node, new or after.node
        )
        return
    if old.get("propertyName") != new.get("propertyName"):
        message = f"told apart by `{new.get('propertyName')}` instead of `{old.get('propertyName')}`"
        yield reading.found("discriminator-changed", "differs", message, old, new)
    former, later = (node.get("mapping") or {} for node in (old, new))
    for value in former:
        if value not in later:
            yield reading.found("discriminator-changed", "narrows", f"no `{value}` any more", old, new)
        elif former[value] != later[value]:
            message = f"`{value}` means {later[value]} instead of {former[value]}"
            yield reading.found("discriminator-changed", "differs", message, old, new)
    for value in later:
        if value not in former:
            yield reading.found("discriminator-changed", "widens", f"also `{value}`", old, new)
