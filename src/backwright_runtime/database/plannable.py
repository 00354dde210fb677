"""Statements in words that PostgreSQL plans once.

It goes on planning at every execution where a plan for any values looks dearer than one for these: for a list of keys,
which it takes for ten, and for a LIMIT that it does not know, which it takes for a tenth of all rows. That planning
costs more than many statements. So a list of one key is compared with that key, and the limits that a statement is
asked with first are written into it, without an OFFSET of nothing. The rows are the same.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

LIMITS = 4
"""How many different limits of one statement are written into it; a connection keeps each prepared."""

_LISTED = re.compile(r"=\s*ANY\s*\(\s*:(\w+)\s*\)", re.IGNORECASE)
_LIMIT = re.compile(r"\bLIMIT\s+:limit\b", re.IGNORECASE)
_OFFSET = re.compile(r"\s*\bOFFSET\s+:offset\b", re.IGNORECASE)


class Choice(Struct, frozen=True):
    """In which words: these lists as one value, this limit, and whether without an offset."""

    single: tuple[str, ...] = ()
    limit: int | None = None
    from_first: bool = False


AS_IT_IS = Choice()


class Words:
    """What there is to choose of a statement. (A parameter that is mentioned once is no part of a string.)"""

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        once = {name for name in names if len(re.findall(rf":{name}\b", text)) == 1}
        self._lists = tuple(name for name in _LISTED.findall(text) if name in once)
        self._has_limit = "limit" in once and _LIMIT.search(text) is not None
        self._has_offset = self._has_limit and "offset" in once and _OFFSET.search(text) is not None
        self._limits: set[int] = set()
        self.are_fixed = not self._lists and not self._has_limit

    def choice(self, params: Mapping[str, object]) -> Choice:
        """The words for these parameters."""
        single = tuple([name for name in self._lists if _is_one(params.get(name))])
        limit = params.get("limit") if self._has_limit else None
        if not isinstance(limit, int) or limit < 0 or not self._may_be_written(limit):
            return Choice(single)
        return Choice(single, limit, self._has_offset and params.get("offset") == 0)

    def _may_be_written(self, limit: int) -> bool:
        if limit not in self._limits and len(self._limits) < LIMITS:
            self._limits.add(limit)
        return limit in self._limits


def in_words(text: str, choice: Choice) -> str:
    """The text of a statement in other words."""
    text = _LISTED.sub(lambda found: f"= :{found[1]}" if found[1] in choice.single else found[0], text)
    if choice.limit is not None:
        text = _LIMIT.sub(f"LIMIT {choice.limit}", text)
    return _OFFSET.sub("", text) if choice.from_first else text


def _is_one(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1
