"""Which parts of a model cannot be emitted yet: asked before anything is planned or written.

The reference, the mock and the scenarios know the whole language; the emitters know `emitted.py`. Here the
difference becomes diagnostics, one for each construct, at its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from backwright.emit.emitted import EMITTED, WITHOUT_EFFECT
from backwright.emit.forms import entity_forms, operation_forms, view_forms
from backwright.emit.wording import construct_words, setting_words, subject_of
from backwright.expr.typed import Constant, Input, Name, Type
from backwright.model.types import (
    Entity,
    Field,
    Formula,
    InputField,
    Model,
    Operation,
    Rule,
    ScalarType,
    View,
)
from backwright.spec.diagnostics import NOWHERE, Diagnostic, Place, diagnose, register

NOT_EMITTED = register(
    "BW803",
    "A part of the language that is not emitted yet",
    "The mock serves it as it is meant; a backend without it would quietly do something else.",
    "backwright build, for a field of type decimal",
)
MEND = "serve it with `backwright mock`; leave it out to build"
KINDS: dict[type, str] = {ScalarType: "scalar", Type: "kind", Name: "root", Input: "source"}
"""The setting that says what the others are about: where it is refused, they are not looked at."""
_WRITTEN_AS_TEXT = frozenset({"date", "timestamp", "uuid"})


def not_emitted(model: Model) -> list[Diagnostic]:
    """Every construct of the model that no emitter handles; none when the model can be built."""
    companions = {entity.audit.into for entity in model.entities if entity.audit is not None}
    seen = msgspec.structs.replace(
        model,
        entities=tuple(_as_emitted(entity) for entity in model.entities if entity.name not in companions),
        views=tuple(view for view in model.views if view.entity not in companions),
        assumptions=(),
    )
    walk = Refusals(model)
    walk.inside(seen, "the service", model.service.place)
    return walk.found


class Refusals:
    """Goes through a model with the nearest place and the name of what it is in."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.found: list[Diagnostic] = []
        self.said: set[tuple[Place, str]] = set()
        self.refused: set[str] = set()
        self.fine: set[int] = set()

    def visit(self, value: Any, subject: str, place: Place) -> None:
        """Look at a value of any kind. Whatever is no part of a model has nothing in it."""
        if isinstance(value, msgspec.Struct):
            if id(value) in self.fine:
                return
            known = EMITTED.get(type(value))
            place = placed(value, place)
            kind = KINDS.get(type(value))
            if known is None:
                self.refuse(construct_words(value), subject, place)
            elif kind is not None and not known[kind](getattr(value, kind)):
                self.refuse(setting_words(value, kind, getattr(value, kind)), subject, place)
            else:
                before = len(self.found)
                inner = subject_of(value, subject)
                self.inside(value, inner, place)
                if len(self.found) == before:
                    self.form(value, inner, place)
                # The rules of an entity are part of every operation that reaches it: once is enough.
                if isinstance(value, (Rule, Formula)) and len(self.found) == before:
                    self.fine.add(id(value))
                if isinstance(value, Entity) and len(self.found) > before:
                    self.refused.add(value.name)
        elif isinstance(value, tuple | list):
            for item in value:
                self.visit(item, subject, place)
        elif isinstance(value, dict):
            for item in value.values():
                self.visit(item, subject, place)

    def inside(self, value: msgspec.Struct, subject: str, place: Place) -> None:
        """Look at each setting of a construct that is emitted."""
        known = EMITTED[type(value)]
        for setting, default in settings(type(value)):
            given = getattr(value, setting)
            if setting in known:
                if known[setting](given):
                    if isinstance(given, str | int | None):
                        continue
                    self.visit(given, subject, place)
                else:
                    self.refuse(setting_words(value, setting, given), subject, placed(given, place))
            elif given != default and not _so_anyway(value, setting):
                for words, at in _refused_items(value, setting, given):
                    self.refuse(words, subject, placed(at, place))

    def form(self, value: msgspec.Struct, subject: str, place: Place) -> None:
        """Look at what only the whole of an entity, a view, an operation or a constant can tell.

        What an entity has that is refused makes its operations unlike their forms; that is said once.
        """
        match value:
            case Entity():
                words = entity_forms(value)
            case View() if value.entity not in self.refused:
                words = view_forms(value, self.model)
            case Operation() if not self.refused & {getattr(step, "entity", "") for step in value.steps}:
                words = operation_forms(value, self.model)
            case Constant() if value.type.kind in _WRITTEN_AS_TEXT and value.value is not None:
                words = iter([f"a {value.type.kind} that is written down"])
            case _:
                words = iter(())
        for each in words:
            self.refuse(each, subject, place)

    def refuse(self, words: str, subject: str, place: Place) -> None:
        """Say it once for each place: what a field has, its operations have again."""
        if (place, words) not in self.said:
            message = f"{subject} has {words}, which is not emitted yet"
            self.found.append(diagnose(NOT_EMITTED, place, message, MEND))
        if place != NOWHERE:
            self.said.add((place, words))


@cache
def settings(struct: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """The settings of a construct that have an effect, each with its default (NODEFAULT where it has none)."""
    found = (field for field in msgspec.structs.fields(struct) if field.name not in WITHOUT_EFFECT)
    return tuple((field.name, field.default) for field in found)


def placed(value: Any, place: Place) -> Place:
    """Where a construct is written: its own place, or that of what it is in."""
    own = getattr(value, "place", NOWHERE)
    return own if isinstance(own, Place) and own != NOWHERE else place


def _refused_items(holder: msgspec.Struct, setting: str, given: Any) -> Iterator[tuple[str, Any]]:
    """A setting that is refused: each of several constructs with a name at its own place, or the whole."""
    if isinstance(given, tuple) and all(hasattr(item, "name") for item in given):
        for item in given:
            yield f"`{setting}.{item.name}`", item
    else:
        yield setting_words(holder, setting, given), given


def _so_anyway(holder: msgspec.Struct, setting: str) -> bool:
    """Whether a setting says what holds in every backend: e-mail addresses are folded."""
    match holder, setting:
        case ((Field(type=kind) | InputField(type=kind)), "folded"):
            return isinstance(kind, ScalarType) and kind.scalar == "email"
        case _:
            return False


def _as_emitted(entity: Entity) -> Entity:
    """The entity without saying of its key that it never changes: no emitted key does."""
    fields = (
        msgspec.structs.replace(f, immutable=f.immutable and f.name != entity.key) for f in entity.fields
    )
    return msgspec.structs.replace(entity, fields=tuple(fields))
