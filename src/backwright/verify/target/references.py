"""What a body refers to: ids of things that answers have shown, in the members that name such things."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from backwright.verify.target.made import Made
from backwright.verify.target.naming import members, names_of, referred

PERSON = re.compile(r"(^|_)(user|owner|author|assignee|reviewer|reporter|recipient|member|manager|creator)$")
SELVES = ("user", "me", "profile", "register")
"""The last segments of paths whose answers tell of a person."""


def referring(made: Sequence[Made], body: Any) -> Any:
    """The body with ids of things that are known where it names some: `projectId`, `author_id`, `tags`."""
    values = {
        name: found
        for name, value in members(body)
        if (noun := referred(name)) and (found := shown(made, noun, value)) is not None
    }
    return replaced(body, values) if values else body


def dangling(made: Sequence[Made], body: Any, required: Collection[str]) -> frozenset[str]:
    """The members that the contract does not require, and that name something of which nothing is known."""
    if not isinstance(body, dict):
        return frozenset()
    return frozenset(
        name
        for name, value in body.items()
        if name not in required and (noun := referred(name)) and shown(made, noun, value) is None
    )


def shown(made: Sequence[Made], noun: str, like: Any) -> Any:
    """The id of a thing of this name, of the same type as the value that it replaces. What is called more than
    its kind (`from_account`) is one of its kind; a person (`assignee`) is whoever answers tell of themselves.
    """
    nouns = (noun, noun.rpartition("_")[2], *(SELVES if PERSON.search(noun) else ()))
    return next(
        (found for each in dict.fromkeys(nouns) if (found := _called(made, each, like)) is not None), None
    )


def _called(made: Sequence[Made], noun: str, like: Any) -> Any:
    for each in reversed(made):
        if each.answer.accepted and names_of(each.operation.path) & {noun}:
            for member in ("id", f"{noun}_id", f"{noun}Id", "uuid"):
                for name, value in members(each.answer.json()):
                    if name == member and isinstance(value, type(like)):
                        return value
    return None


def replaced(body: Any, values: Mapping[str, Any]) -> Any:
    match body:
        case dict():
            return {
                name: values[name]
                if name in values and not isinstance(each, dict)
                else replaced(each, values)
                for name, each in body.items()
            }
        case list():
            return [replaced(each, values) for each in body]
        case _:
            return body
