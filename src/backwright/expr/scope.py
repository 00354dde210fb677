"""What an expression can name where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from backwright.expr.typed import Expression, Type


def _no_names(_: str) -> Iterable[str]:
    return ()


def _nothing(_entity: str, _name: str) -> None:
    return None


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What an expression can name.

    `this` is the entity of the row, `caller` the identity entity (None: not available). `lookup` answers the
    type of an entity's field; `fields` lists an entity's field names, for suggestions. `guarded` says that a
    caller is certain: `caller` is not null.

    `related` answers the entity and the reference behind the name of an entity's reverse relation; `unnamed`
    how to name one that would be called so. `computed` answers the meaning of an entity's computed value.
    """

    this: str | None = None
    caller: str | None = None
    params: Mapping[str, Type] = {}
    body: Mapping[str, Type] = {}
    bindings: Mapping[str, Type] = {}
    lookup: Callable[[str, str], Type | None]
    fields: Callable[[str], Iterable[str]] = _no_names
    related: Callable[[str, str], tuple[str, str] | None] = _nothing
    unnamed: Callable[[str, str], str | None] = _nothing
    computed: Callable[[str, str], Expression | None] = _nothing
    guarded: bool = False

    def names(self) -> list[str]:
        """Every name that can start an expression here."""
        found = ["now", *self.bindings]
        found += ["this"] if self.this else []
        found += ["caller"] if self.caller else []
        found += ["params"] if self.params else []
        return found + (["body"] if self.body else [])
