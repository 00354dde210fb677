"""What emission can write: the settings and constructs of the model that the emitters read, and nothing else.

`refusals.py` compares a model with this table before anything is written. A construct that is not listed is
refused, and so is a setting that is not listed where it has another value than its default. So nothing that
the language gains later can be emitted by halves: whoever teaches the emitters adds it here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backwright.expr import typed
from backwright.model import types as model
from backwright.model.types import FieldType, ReferenceType, ScalarType

Accepts = Callable[[Any], bool]
SCALARS = frozenset(
    {"string", "text", "integer", "boolean", "date", "timestamp", "uuid", "email", "password", "enum"}
)
KINDS = frozenset(
    {"null", "boolean", "integer", "string", "date", "timestamp", "uuid", "enum", "entity", "rows"}
)
ROOTS = frozenset({"this", "caller", "now", "variable"})
SOURCES = frozenset({"params", "body"})
FLOWS = frozenset({"register", "login"})


class NotEmitted(TypeError):
    """A construct that should have been refused came to an emitter: a defect of ours."""

    def __init__(self, construct: object) -> None:
        super().__init__(f"not emitted, and not refused either: {construct!r}")


def column_type(kind: FieldType) -> ScalarType | ReferenceType:
    """A type that is one column. Raises NotEmitted for others."""
    if isinstance(kind, ReferenceType) or (isinstance(kind, ScalarType) and kind.scalar in SCALARS):
        return kind
    raise NotEmitted(kind)


def scalar_type(kind: FieldType) -> ScalarType:
    """A type that is one column and no reference. Raises NotEmitted for others."""
    if isinstance(kind, ScalarType) and kind.scalar in SCALARS:
        return kind
    raise NotEmitted(kind)


def _any(value: Any) -> bool:
    """Every value is emitted; what is inside it is looked at on its own."""
    return True


def _one_of(known: frozenset[str]) -> Accepts:
    return lambda value: value in known


def _given(value: Any) -> bool:
    """Defaults are constants or `now`."""
    return value is None or isinstance(value.meaning, typed.Constant) or _is_now(value.meaning)


def _is_now(meaning: Any) -> bool:
    return isinstance(meaning, typed.Name) and meaning.root == "now"


def _settings(names: str, **particular: Accepts) -> Mapping[str, Accepts]:
    return {**dict.fromkeys(names.split(), _any), **particular}


EMITTED: Mapping[type, Mapping[str, Accepts]] = {
    # The whole
    model.Model: _settings("service auth entities views operations assumptions"),
    model.Service: _settings("name version package description unknown_fields"),
    model.Auth: _settings("identity by password token_seconds", flows=FLOWS.issuperset),
    # What is stored
    model.Entity: _settings("name plural table key fields indexes access computed was"),
    model.Field: _settings("name column type nullable unique set input was", default=_given),
    model.ScalarType: _settings("min max values", scalar=_one_of(SCALARS)),
    model.ReferenceType: _settings("entity inverse"),
    model.OrderTerm: _settings("field direction"),
    model.Index: _settings("name terms unique"),
    model.Rule: _settings("source condition"),
    model.Formula: _settings("source meaning"),
    model.Computed: _settings("name value"),
    model.Assignment: _settings("field value"),
    # What callers see and send
    model.View: _settings("name entity fields"),
    model.ViewField: _settings("wire field"),
    model.InputField: _settings("wire name type nullable required", default=_given),
    model.Body: _settings("fields partial"),
    model.PathParameter: _settings("name type"),
    # What happens
    model.Operation: _settings(
        "name tag summary method path caller path_parameters query body steps respond errors origin"
    ),
    model.Filter: _settings("name condition"),
    model.Paging: _settings("default max"),
    model.Find: _settings("entity bind where readable trusted error lock"),
    model.Select: _settings("entity bind readable trusted filters order paging"),
    model.Create: _settings("entity bind values allowed trusted"),
    model.Update: _settings("entity bind changes allowed trusted"),
    model.Delete: _settings("entity bind allowed trusted"),
    model.VerifyPassword: _settings("bind field given"),
    model.SignIn: _settings("row bind"),
    # What is answered
    model.Respond: _settings("status show"),
    model.ShowRow: _settings("bind view location"),
    model.ShowPage: _settings("bind view"),
    model.ShowSession: _settings("row view token"),
    model.ShowNothing: _settings(""),
    # Expressions
    typed.Type: _settings("nullable entity values", kind=_one_of(KINDS)),
    typed.Constant: _settings("type value"),
    typed.Name: _settings("type binding", root=_one_of(ROOTS)),
    typed.Input: _settings("type name", source=_one_of(SOURCES)),
    typed.Member: _settings("type of entity field"),
    typed.Compare: _settings("type op left right"),
    typed.And: _settings("type parts"),
    typed.Or: _settings("type parts"),
    typed.Not: _settings("type of"),
    typed.In: _settings("type item options"),
    typed.Arithmetic: _settings("type op left right"),
    typed.Conditional: _settings("type when then otherwise"),
    typed.Size: _settings("type of"),
    typed.Related: _settings("type of entity field"),
    typed.Filtered: _settings("type of variable condition"),
    typed.Quantified: _settings("type quantifier of variable condition"),
}
"""For each construct that is emitted, the settings that are, each with the values that are."""

WITHOUT_EFFECT = frozenset({"place"})
"""Settings that say where something is written, and nothing about the service."""
