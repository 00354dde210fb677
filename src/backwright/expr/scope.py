"""What an expression can name where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from backwright.expr.typed import Expression, Type


def _no_names(_: str) -> Iterable[str]:
    return ()


def _nothing(_entity: str, _name: str) -> None:
    return None


def _never(_name: str) -> bool:
    return False


def _nowhere(_value: Expression) -> bool:
    return False


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What an expression can name.

    `this` is the entity of the row, `caller` the identity entity (None: not available). `lookup` answers the
    type of an entity's field; `fields` lists an entity's field names, for suggestions. `guarded` says that a
    caller is certain: `caller` is not null.

    `related` answers the entity and the reference behind the name of an entity's reverse relation; `unnamed`
    how to name one that would be called so. `computed` answers the meaning of an entity's computed value.

    `session` has the types of what the caller's session tells, `variables` those of names that are bound around the
    expression, such as `item`. `is_entity` says whether a name is that of an entity, whose rows it then stands
    for. `selection` is the binding and the entity of the operation's only selection, which `items`, `total` and
    `next` tell about; `group` the entity of the rows that `rows` stands for in a grouped selection.

    `hides` says of a value that is never null as it is stored whether somebody may see null instead of it.
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
    session: Mapping[str, Type] = {}
    variables: Mapping[str, Type] = {}
    is_entity: Callable[[str], bool] = _never
    selection: tuple[str, str] | None = None
    group: str | None = None
    guarded: bool = False
    hides: Callable[[Expression], bool] = _nowhere

    def names(self) -> list[str]:
        """Every name that can start an expression here, but for the entities."""
        found = ["now", *self.bindings, *self.variables]
        found += ["this"] if self.this else []
        found += ["caller"] if self.caller else []
        found += ["params"] if self.params else []
        found += ["body"] if self.body else []
        found += ["session"] if self.session else []
        found += ["items", "total", "next"] if self.selection else []
        return found + (["rows"] if self.group else [])

    def names_something(self, name: str) -> bool:
        """Whether `names` has it, or an entity is called so."""
        match name:
            case "now":
                return True
            case "this" if self.this:
                return True
            case "caller" if self.caller:
                return True
            case "params" if self.params:
                return True
            case "body" if self.body:
                return True
            case "session" if self.session:
                return True
            case "items" | "total" | "next" if self.selection:
                return True
            case "rows" if self.group:
                return True
            case _:
                return name in self.bindings or name in self.variables or self.is_entity(name)
