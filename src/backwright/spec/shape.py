"""Compares what was written with the grammar: unknown keys, missing keys, values of the wrong kind."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, register
from backwright.spec.grammar import (
    Choice,
    Defined,
    Either,
    Expr,
    Fixed,
    Flag,
    Key,
    Named,
    Pattern,
    Several,
    Takes,
    Text,
    Whole,
    alternatives,
    resolved,
)
from backwright.spec.raw import Entry, Items, Raw, Scalar, Table
from backwright.spec.traps import (
    brackets_trap,
    comma_trap,
    comment_trap,
    folded_comment_trap,
    is_rest_of_text,
    split_by_commas,
    split_items,
    word_trap,
    zero_trap,
)

UNKNOWN_KEY = register(
    "BW201",
    "An unknown key",
    "A key that nobody reads looks like a promise that is kept.",
    "entities: {Order: {feilds: {}}}",
)
WRONG_KIND = register(
    "BW202",
    "A value of the wrong kind",
    "The key takes something else, so what was meant is unclear.",
    "auth: {flows: login}",
)
MISSING_KEY = register(
    "BW203",
    "A required key is missing",
    "There is no default that could stand for it.",
    "service: {name: shop}",
)
NOT_BUILT = register(
    "BW204",
    "A part of the language that is not built yet",
    "It is refused rather than ignored, so that nothing is promised that does not happen.",
    "jobs: {}",
)
WRONG_VALUE = register(
    "BW205",
    "A value that the key does not take",
    "Only the listed values have a meaning.",
    "service: {unknown_fields: drop}",
)
EXCLUSIVE = register(
    "BW206",
    "Keys that exclude each other",
    "Each of them says what the table is about, so two of them say two things.",
    "steps: [{find: Order, delete: Order}]",
)
NONE_OF = register(
    "BW207",
    "None of the keys that say what a table is about",
    "A step without a verb does nothing, and a view without an entity shows nothing.",
    "steps: [{as: order}]",
)
COUNT = register(
    "BW208",
    "Too few or too many entries",
    "An empty list, or a second entry where there can be one, says something else than was meant.",
    "key: {id: uuid, code: token}",
)
FORM = register(
    "BW209",
    "Text that does not have the form of its key",
    "The text is read by a program, so it has one form.",
    "limits: {rate: ten per minute}",
)

_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_OTHER_FLAGS = {
    **dict.fromkeys(("yes", "on", "y"), "true"),
    **dict.fromkeys(("no", "off", "n"), "false"),
    "true": "true",
    "false": "false",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def shape_problems(raw: Raw, takes: Takes, says: str) -> Iterator[Diagnostic]:
    """Everything in which a value differs from what the grammar takes. `says` names it: "`crud`"."""
    option = option_for(raw, takes)
    match option:
        case None:
            yield _wrong(raw, says, takes)
        case Fixed():
            assert isinstance(raw, Table), "options are chosen by kind"
            yield from _fixed(raw, option)
        case Named():
            assert isinstance(raw, Table), "options are chosen by kind"
            yield from _named(raw, option, says)
        case Several():
            assert isinstance(raw, Items), "options are chosen by kind"
            yield from _several(raw, option, says)
        case Text() | Pattern() | Expr() | Whole() | Flag() | Choice():
            assert isinstance(raw, Scalar), "options are chosen by kind"
            yield from _scalar(raw, option, says, takes)
        case _:
            assert_never(option)


Option = Text | Pattern | Expr | Whole | Flag | Choice | Several | Named | Fixed


def option_for(raw: Raw, takes: Takes) -> Option | None:
    """The alternative that a value is written as: by its kind, and among tables by their mark."""
    found: Option | None = None
    for option in alternatives(takes):
        assert not isinstance(option, Either | Defined), "alternatives are resolved"
        if not _same_kind(raw, option):
            continue
        if isinstance(option, Fixed) and option.mark is not None:
            if isinstance(raw, Table) and raw.get(option.mark) is not None:
                return option
        elif found is None:
            found = option
    return found


def _same_kind(raw: Raw, takes: Takes) -> bool:
    match raw:
        case Table():
            return isinstance(takes, Fixed | Named)
        case Items():
            return isinstance(takes, Several)
        case Scalar():
            return isinstance(takes, Text | Pattern | Expr | Whole | Flag | Choice)


# Tables and lists ---------------------------------------------------------------------------------------


def _fixed(table: Table, fixed: Fixed) -> Iterator[Diagnostic]:
    written: dict[str, Scalar] = {}
    planned = False
    rest_of_split = 0
    for index, entry in enumerate(table.entries):
        written[entry.key.value] = entry.key
        if rest_of_split:
            rest_of_split -= 1
            continue
        key = fixed.key(entry.key.value)
        if key is None:
            planned = planned or entry.key.value in fixed.planned
            cut = index > 0 and table.flow and is_rest_of_text(table.entries[index - 1], entry)
            yield comma_trap(table.entries[index - 1]) if cut else _unknown(entry.key, fixed)
            continue
        rest_of_split = _split(table, index, key.takes)
        if rest_of_split:
            yield comma_trap(entry)
        else:
            yield from shape_problems(entry.value, key.takes, f"`{key.name}`")
    for key in fixed.keys:
        if key.required and key.name not in written:
            message = f"`{fixed.name}` has no `{key.name}`"
            yield diagnose(MISSING_KEY, table.place, message, f"add {key.name}: {key.example}")
    for group in (fixed.one_of, fixed.at_most_one):
        chosen = [key for name, key in written.items() if name in group]
        if len(chosen) > 1:
            message = f"`{fixed.name}` has {' and '.join(f'`{key.value}`' for key in chosen)}"
            yield diagnose(EXCLUSIVE, chosen[1].place, message, "keep one of them")
    if fixed.one_of and not planned and not any(name in written for name in fixed.one_of):
        yield from _none_of(table, fixed)


def _none_of(table: Table, fixed: Fixed) -> Iterator[Diagnostic]:
    unknown = [entry.key.value for entry in table.entries if fixed.key(entry.key.value) is None]
    if unknown:
        return  # an unknown key is said already, and is probably the one that is missing here
    message = f"`{fixed.name}` has none of {', '.join(f'`{name}`' for name in fixed.one_of)}"
    yield diagnose(NONE_OF, table.place, message, "say one of them")


def _named(table: Table, named: Named, says: str) -> Iterator[Diagnostic]:
    rest_of_split = 0
    for index, entry in enumerate(table.entries):
        if rest_of_split:
            rest_of_split -= 1
            continue
        if not entry.key.value.strip():
            message = f"a {named.says} of {says} has no name"
            yield diagnose(WRONG_KIND, entry.key.place, message, "write a name before the colon")
        rest_of_split = _split(table, index, named.of)
        if rest_of_split:
            yield comma_trap(entry)
        else:
            yield from shape_problems(entry.value, named.of, f"{named.says} `{entry.key.value}`")
    if named.most is not None and not 1 <= len(table.entries) <= named.most:
        message = f"{says} has {len(table.entries)} entries"
        yield diagnose(COUNT, table.place, message, f"write {named.most}")


def _several(items: Items, several: Several, says: str) -> Iterator[Diagnostic]:
    rest_of_split = 0
    for index, item in enumerate(items.items):
        if rest_of_split:
            rest_of_split -= 1
            continue
        if items.flow and takes_expression(several.of):
            rest_of_split = split_items(items.items, index)
        if rest_of_split:
            yield brackets_trap(item)
        else:
            yield from shape_problems(item, several.of, f"an item of {says}")
    if len(items.items) < several.least:
        yield diagnose(COUNT, items.place, f"{says} is an empty list", f"give {wanted(several.of)}")


def _split(table: Table, index: int, takes: Takes) -> int:
    """How many of the following entries are the rest of this one's expression."""
    return split_by_commas(table.entries, index) if table.flow and takes_expression(takes) else 0


def takes_expression(takes: Takes) -> bool:
    """Whether a scalar is read as an expression here."""
    return any(isinstance(option, Expr) for option in alternatives(takes))


def _unknown(key: Scalar, fixed: Fixed) -> Diagnostic:
    if key.value in fixed.planned:
        message = f"`{key.value}` in `{fixed.name}` is part of the language but not built yet"
        return diagnose(NOT_BUILT, key.place, message, "leave it out for now")
    known = [known.name for known in fixed.keys]
    near = nearest(key.value, known)
    mend = f"did you mean `{near}`?" if near else f"known here: {', '.join(known)}"
    return diagnose(UNKNOWN_KEY, key.place, f"`{fixed.name}` has no key `{key.value}`", mend)


# Scalars ------------------------------------------------------------------------------------------------


def _scalar(
    raw: Scalar, takes: Text | Pattern | Expr | Whole | Flag | Choice, says: str, written: Takes
) -> Iterator[Diagnostic]:
    if isinstance(takes, Expr):
        trap = comment_trap(raw) or folded_comment_trap(raw)
        if trap is not None:
            yield trap
            return
        # `null` is an expression; nothing at all is not.
        if not raw.value.strip():
            yield _wrong(raw, says, written)
        return
    if isinstance(takes, Text) and takes.literal:
        if raw.plain and not raw.value:
            yield _wrong(raw, says, written)
        return
    if raw.null or not raw.value.strip():
        yield _wrong(raw, says, written)
        return
    match takes:
        case Text():
            pass
        case Pattern():
            if re.search(takes.form, raw.value.strip()) is None:
                yield diagnose(FORM, raw.place, f"{says} is `{raw.value}`", f"give {takes.says}")
        case Whole():
            yield from _whole(raw, takes, says, written)
        case Flag():
            if raw.value not in {"true", "false"} or not raw.plain:
                yield _not_a_flag(raw, says, written)
        case Choice():
            yield from _choice(raw, takes, says)
        case _:
            assert_never(takes)


def _whole(raw: Scalar, takes: Whole, says: str, written: Takes) -> Iterator[Diagnostic]:
    digits = raw.value.lstrip("+-")
    if not raw.plain or not _WHOLE.fullmatch(raw.value):
        yield _wrong(raw, says, written)
    elif digits.startswith("0") and digits != "0":
        yield zero_trap(raw)
    elif not takes.least <= int(raw.value) <= takes.most:
        message = f"{says} is {raw.value}"
        yield diagnose(WRONG_VALUE, raw.place, message, f"give a number from {takes.least} to {takes.most}")


def _not_a_flag(raw: Scalar, says: str, written: Takes) -> Diagnostic:
    meant = _OTHER_FLAGS.get(raw.value.lower())
    return word_trap(raw, meant) if meant is not None else _wrong(raw, says, written)


def _choice(raw: Scalar, takes: Choice, says: str) -> Iterator[Diagnostic]:
    word = raw.value.removesuffix("?") if takes.nullable else raw.value
    if word in takes.values or (takes.flag and raw.plain and raw.value in {"true", "false"}):
        return
    if word in takes.planned:
        message = f"`{word}` in {says} is part of the language but not built yet"
        yield diagnose(NOT_BUILT, raw.place, message, "leave it out for now")
        return
    if takes.flag and raw.value.lower() in _OTHER_FLAGS:
        yield word_trap(raw, _OTHER_FLAGS[raw.value.lower()])
        return
    known = (*takes.values, "true", "false") if takes.flag else takes.values
    near = nearest(word, known)
    mend = f"did you mean `{near}`?" if near else f"one of {', '.join(known)}"
    if (
        "uuid" in known and word[:1].isupper() and word.lower() not in known
    ):  # an entity, where a type is wanted
        mend = f"write `{{ref: {word}}}` for a reference to a row of it, or one of {', '.join(known)}"
    yield diagnose(WRONG_VALUE, raw.place, f"{says} is `{raw.value}`", mend)


def _wrong(raw: Raw, says: str, takes: Takes) -> Diagnostic:
    place: Place = raw.place
    mend = f"give {wanted(takes)}"
    if not isinstance(raw, Scalar) and raw.flow and takes_expression(takes):
        # `default: []` and `default: {}` are what YAML reads; an expression was meant.
        mend = 'quote it if it is an expression, as in "[]"; otherwise ' + mend
    return diagnose(WRONG_KIND, place, f"{says} is {_kind(raw)}", mend)


def _kind(raw: Raw) -> str:
    match raw:
        case Table():
            return "a table"
        case Items():
            return "a list"
        case Scalar():
            return "empty" if raw.null or not raw.value.strip() else f"`{raw.value}`"


def wanted(takes: Takes) -> str:
    """What a key takes, in words."""
    match takes:
        case Text() | Pattern():
            return takes.says
        case Expr():
            return " or ".join(["an expression", *(f"`{word}`" for word in takes.words)])
        case Whole():
            return "a whole number"
        case Flag():
            return "true or false"
        case Choice():
            words = (*takes.values, "true", "false") if takes.flag else takes.values
            return "one of " + ", ".join(f"`{value}`" for value in words)
        case Several():
            return f"a list; each item: {wanted(takes.of)}"
        case Named():
            return f"a table by {takes.says}; each value: {wanted(takes.of)}"
        case Either():
            return ", or ".join(wanted(option) for option in takes.options)
        case Fixed():
            return f"a table with the keys of `{takes.name}`"
        case Defined():
            return takes.says
        case _:
            assert_never(takes)


def entry_takes(entry: Entry, takes: Fixed | Named) -> Takes | None:
    """What the value of an entry of such a table can be; None where the key is unknown."""
    if isinstance(takes, Named):
        return resolved(takes.of)
    key: Key | None = takes.key(entry.key.value)
    return None if key is None else resolved(key.takes)
