"""How contracts and answers call things: what a path names, and under which members answers show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import inflection

KEYS = ("id", "uuid", "key", "slug", "code", "name")
"""Under which names answers show what a path is called by, where the parameter's own name is not among them."""

DEEPEST = 8


def filled(template: str, path: Mapping[str, str]) -> str:
    """The template with its values, percent-encoded."""
    return re.sub(r"\{([^}]+)\}", lambda found: quote(str(path.get(found[1], found[0])), safe=""), template)


def before(template: str, name: str) -> str:
    """What stands before a parameter in a template."""
    return template.partition(f"{{{name}}}")[0].rstrip("/")


def noun_of(template: str, name: str) -> str:
    """What a parameter names one of: the segment before it, in the singular and in snake case."""
    literal = [each for each in before(template, name).split("/") if each and "{" not in each]
    return inflection.singularize(inflection.underscore(literal[-1])) if literal else ""


def members(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every member that is no object with its name, outer ones first; of lists the first few items."""
    if depth > DEEPEST:
        return
    match value:
        case dict():
            yield from ((name, each) for name, each in value.items() if not isinstance(each, dict | list))
            for name, each in value.items():
                if isinstance(each, list) and not any(isinstance(item, dict | list) for item in each):
                    yield name, each
                elif isinstance(each, dict | list):
                    yield from members(each, depth + 1)
        case list():
            for each in value[:5]:
                yield from members(each, depth + 1)
        case _:
            pass


def best(answer: Any, name: str, noun: str) -> str | None:
    """The value by which an answer names the thing: a member of the parameter's own name, or of a key's."""
    own, keys = aliases(name, noun)
    found = list(members(answer))
    for wanted in [*own, *keys]:
        for member, value in found:
            if member == wanted and isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
    if isinstance(answer, str | int) and not isinstance(answer, bool):
        return str(answer)
    return None


def lists(value: Any, name: str, noun: str, wanted: str) -> bool:
    """Is there an item of a list that is called so? A number that only happens to be the same is none."""
    match value:
        case dict():
            return any(lists(each, name, noun, wanted) for each in value.values())
        case list():
            return any(_called(each, name, noun, wanted) for each in value)
        case _:
            return False


def _called(item: Any, name: str, noun: str, wanted: str) -> bool:
    if not isinstance(item, dict | list):
        return str(item) == wanted
    called = best(item, name, noun)
    if called is None:
        return any(str(each) == wanted for _, each in members(item))
    return called == wanted or lists(item, name, noun, wanted)


def aliases(name: str, noun: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How answers may call a parameter: by its own name, and by the key that it is of the thing it names."""
    snake = inflection.underscore(name)
    own = (name, snake, inflection.camelize(snake, uppercase_first_letter=False))
    short = tuple(snake.removeprefix(f"{prefix}_") for prefix in (noun, noun.rpartition("_")[2]) if prefix)
    keys = (*short, *KEYS) if referred(name) or snake in {*KEYS, noun} else short
    with_noun = (f"{noun}_{snake}", inflection.camelize(f"{noun}_{snake}", uppercase_first_letter=False))
    certain = [
        each for each in keys if each not in KEYS[2:]
    ]  # what is called `label_id` is one before `name` is
    named = with_noun if noun else ()
    return tuple(dict.fromkeys(own)), tuple(dict.fromkeys([*certain, *named, *keys]))


def referred(name: str) -> str:
    """The noun that a member refers to by its id: `projectId`, `project_id`. Empty: it refers to nothing."""
    snake = inflection.underscore(name)
    for ending in ("_ids", "_id", "_uuid", "_slug", "_key"):
        if snake.endswith(ending):
            return snake.removesuffix(ending)
    return ""


def names_of(path: str) -> set[str]:
    literal = [each for each in path.split("/") if each and "{" not in each]
    return {inflection.singularize(inflection.underscore(each)) for each in literal[-1:]}


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The first list of objects in an answer."""
    match value:
        case list():
            return [each for each in value if isinstance(each, dict)]
        case dict():
            return next((found for each in value.values() if (found := rows_of(each))), [])
        case _:
            return []
