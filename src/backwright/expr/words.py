"""What conditions say of words, such as those of an enum: which ones a value is, and which ones it is not."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backwright.expr.shape import Shape, shape
from backwright.expr.typed import BOOLEAN, FALSE, And, Compare, Constant, Expression, In, Not, Or
from backwright.expr.walk import can_fail


class Words(msgspec.Struct, frozen=True):
    """That a value (`of`: its shape) is one of some words, or (not `among`) none of them."""

    value: Expression
    of: Shape
    among: bool
    words: tuple[Constant, ...]

    @property
    def texts(self) -> frozenset[object]:
        """The words themselves."""
        return frozenset(word.value for word in self.words)


def words_of(part: Expression) -> Words | None:
    """What a comparison asks, where it asks for words."""
    match part:
        case (
            Compare(op="==" | "!=" as op, left=value, right=Constant(value=str()) as word)
            | Compare(op="==" | "!=" as op, left=Constant(value=str()) as word, right=value)
        ) if not isinstance(value, Constant) and not can_fail(value):
            return Words(value, shape(value), op == "==", (word,))
        case In(item=value, options=options) if not isinstance(value, Constant) and not can_fail(value):
            words = tuple(
                each for each in options if isinstance(each, Constant) and isinstance(each.value, str)
            )
            return Words(value, shape(value), True, words) if len(words) == len(options) else None
        case _:
            return None


def said_when(condition: Expression, *, holds: bool) -> list[Words]:
    """What is known of words once a condition has come out as `holds`."""
    match condition:
        case Not(of=of):
            return said_when(of, holds=not holds)
        case And(parts=parts) if holds:
            return [each for part in parts for each in said_when(part, holds=True)]
        case Or(parts=parts) if not holds:
            return [each for part in parts for each in said_when(part, holds=False)]
        case _:
            found = words_of(condition)
            if found is None:
                return []
            return [found if holds else msgspec.structs.replace(found, among=not found.among)]


def answered(part: Expression, facts: Sequence[Words]) -> bool | None:
    """What a comparison comes out as, given what is known; None where that does not decide it."""
    asked = words_of(part)
    if asked is None:
        return None
    known = [fact for fact in facts if fact.of == asked.of]
    excluded = frozenset().union(*(fact.texts for fact in known if not fact.among))
    listed = [fact.texts for fact in known if fact.among]
    if asked.texts <= excluded:
        return not asked.among
    if not listed:
        return None
    possible = frozenset.intersection(*listed) - excluded
    if not possible & asked.texts:
        return not asked.among
    return asked.among if possible <= asked.texts else None


def one_word_each(parts: Sequence[Expression]) -> tuple[Expression, ...]:
    """Parts that all hold: what several say of one value becomes one part, without words that cannot be."""
    known = [(part, words_of(part)) for part in parts]
    said: dict[Shape, list[Words]] = {}
    for _, found in known:
        if found is not None:
            said.setdefault(found.of, []).append(found)
    together = {of: each for of, each in said.items() if len(each) > 1 and any(one.among for one in each)}
    joined: list[Expression] = []
    for part, found in known:
        if found is None or found.of not in together:
            joined.append(part)
        elif together[found.of]:
            joined.append(_one_of(together[found.of]))
            together[found.of] = []
    return tuple(joined)


def _one_of(said: list[Words]) -> Expression:
    """All of it at once. At least one says which words it may be, so it is not null."""
    first = next(each for each in said if each.among)
    words = {word.value: word for word in first.words}
    for each in said:
        words = {value: word for value, word in words.items() if (value in each.texts) == each.among}
    if not words:
        return FALSE
    if len(words) == 1:
        return Compare(type=BOOLEAN, op="==", left=first.value, right=next(iter(words.values())))
    return In(type=BOOLEAN, item=first.value, options=tuple(words.values()))
