"""Texts that fit a pattern, so that inputs with one are not always refused."""

from __future__ import annotations

import importlib
from functools import cache
from random import Random
from typing import Any

import re2

TRIES = 20
MOST_REPEATED = 6
ALPHABET = "abcXYZ019-_. é"
PRINTABLE = [chr(code) for code in range(32, 127)]
CLASSES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_WORD": "abzAZ019_",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "aZ-",
    "CATEGORY_NOT_WORD": "- .",
    "CATEGORY_NOT_SPACE": "aZ0-",
}


def matching(pattern: str, random: Random, longest: int | None = None) -> str:
    """A text that fits as a whole; what chance gives where none was found."""
    made = ""
    for _ in range(TRIES):
        made = _text(_parsed(pattern), random)
        if (longest is None or len(made) <= longest) and re2.fullmatch(pattern, made) is not None:
            return made
    return made


@cache
def _parsed(pattern: str) -> Any:
    """Python's own reading of the pattern: the syntax of RE2 is nearly a part of it."""
    try:
        return importlib.import_module("re._parser").parse(pattern)
    except Exception:
        return ()


def _text(parsed: Any, random: Random) -> str:
    return "".join(_one(str(operator), argument, random) for operator, argument in parsed)


def _one(operator: str, argument: Any, random: Random) -> str:
    match operator:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return random.choice([c for c in ALPHABET if c != chr(argument)])
        case "ANY":
            return random.choice(ALPHABET)
        case "IN":
            return random.choice(_members(argument))
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            times = random.randint(least, max(least, min(int(most), least + MOST_REPEATED)))
            return "".join(_text(inner, random) for _ in range(times))
        case "SUBPATTERN":
            return _text(argument[-1], random)
        case "BRANCH":
            return _text(random.choice(argument[1]), random)
        case "CATEGORY":
            return random.choice(CLASSES.get(str(argument), "a"))
        case _:
            return ""


def _members(items: Any) -> list[str]:
    """The characters of a class, a few of each range."""
    found: list[str] = []
    for operator, argument in items:
        match str(operator):
            case "LITERAL":
                found.append(chr(argument))
            case "RANGE":
                first, last = argument
                found += [chr(code) for code in range(first, min(last, first + 40) + 1)] + [chr(last)]
            case "CATEGORY":
                found += CLASSES.get(str(argument), "a")
            case _:
                pass
    if str(items[0][0]) == "NEGATE":
        return [c for c in PRINTABLE if c not in found] or ["a"]
    return found or ["a"]
