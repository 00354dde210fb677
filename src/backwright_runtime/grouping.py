"""What belongs together, in order."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


def grouped(keys: Iterable[Key], items: Iterable[Item], *, limit: int | None = None) -> dict[Key, list[Item]]:
    """The items of each key, in their order; of each at most `limit`. Keys and items go in pairs."""
    found: dict[Key, list[Item]] = {}
    for key, item in zip(keys, items, strict=True):
        members = found.setdefault(key, [])
        if limit is None or len(members) < limit:
            members.append(item)
    return found
