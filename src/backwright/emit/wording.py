"""What the parts of a model are called where they are refused: as the specification writes them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from backwright.expr import typed
from backwright.model import types as model

_CONSTRUCTS: dict[type, str] = {
    model.ManyType: "the type `refs`",
    model.ListType: "the type `list`",
    model.RecordType: "the type `object`",
    model.UpdateAll: "the step `update` of many rows",
    model.DeleteAll: "the step `delete` of many rows",
    model.Group: "the step `select` with `group`",
    model.ShowShape: "an answer of its own `body`",
    model.ShowText: "a `text` answer",
    model.ShowHtml: "an `html` answer",
    model.ShowCsv: "a `csv` answer",
    model.ShowFile: "a `file` answer",
    typed.Within: "`in` of a list",
    typed.Rows: "all rows of an entity in an expression",
    typed.Linked: "a `refs` field in an expression",
    typed.Mapped: "`.map` in an expression",
    typed.ListOf: "a list in an expression",
    typed.Part: "a member of an object in an expression",
}
_SETTINGS: dict[tuple[type, str], str] = {
    (model.Service, "envelope"): "answers without an envelope (`envelope: false`)",
    (model.Service, "answers"): "its own `errors`",
    (model.Service, "max_body"): "`limits.body`",
    (model.Auth, "flows"): "other flows than `register` and `login`",
    (model.Entity, "after"): "`access.check`",
    (model.Entity, "composite"): "a key of several fields",
    (model.Entity, "states"): "`states`",
    (model.Field, "default"): "a default that is neither a constant nor `now`",
    (model.Field, "generated"): "a value that the service makes",
    (model.InputField, "default"): "a default that is neither a constant nor `now`",
    (model.OrderTerm, "value"): "an order by something else than a stored field",
    (model.Operation, "answers"): "its own `errors`",
    (model.Operation, "rates"): "`limits.rate`",
    (model.Operation, "max_body"): "`limits.body`",
    (model.Body, "media"): "`accepts`",
    (model.Create, "each"): "a `create` of many rows",
    (model.Update, "values"): "an `update` that sets values",
    (model.Update, "after"): "an `update` with a rule of its own for the row after it",
    (model.Update, "match"): "`if_match`",
    (model.Delete, "match"): "`if_match`",
    (model.PathParameter, "wire"): "a path parameter with another name in its route",
    (model.Respond, "choose"): "a `status` that is computed",
    (model.Respond, "envelope"): "an answer without an envelope",
    (typed.Name, "root"): "a value of an earlier step in an expression",
    (typed.Input, "source"): "`session` in an expression",
}
_STEPS_IF = "`if` on a step"
_STEPS_ELSE = "`else` on a step"


def construct_words(construct: msgspec.Struct) -> str:
    """A construct in words: `the step require`."""
    known = _CONSTRUCTS.get(type(construct))
    if known is not None:
        return known
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(construct).__name__).lower()
    if isinstance(construct, typed.Node):
        return f"`{_function(construct) or name}` in an expression"
    return f"the step `{name}`" if hasattr(construct, "bind") or hasattr(construct, "when") else f"`{name}`"


def setting_words(holder: msgspec.Struct, setting: str, value: Any) -> str:
    """A setting in words, with its value where that is a word: `on_delete: cascade`."""
    if isinstance(holder, typed.Type):
        return f"a {value} in an expression" if setting == "kind" else f"`{setting}` in an expression"
    if isinstance(holder, model.ScalarType) and setting == "scalar":
        return f"the type {value}"
    known = _SETTINGS.get((type(holder), setting))
    if known is not None:
        return known
    if setting == "when":
        return _STEPS_IF
    if setting == "otherwise":
        return _STEPS_ELSE
    if isinstance(value, bool | int | str):
        return f"`{setting}: {str(value).lower() if isinstance(value, bool) else value}`"
    return f"`{setting}`"


def subject_of(construct: msgspec.Struct, around: str) -> str:
    """What diagnostics call the part that a construct is in: an entity, its field, an operation."""
    match construct:
        case model.Service() | model.Model():
            return "the service"
        case model.Auth():
            return "`auth`"
        case model.Entity(name=name):
            return name
        case model.Field(name=name) | model.Computed(name=name):
            return f"{around}.{name}"
        case model.View(name=name):
            return f"the view {name}"
        case model.Operation(name=name):
            return f"the operation {name}"
        case _:
            return around


def _function(node: typed.Node) -> str | None:
    """The function that an expression calls, where it is named after one."""
    match node:
        case typed.Aggregate(function=function) | typed.Text(function=function):
            return function
        case typed.Convert(to=to):
            return to
        case typed.Distinct():
            return "distinct"
        case typed.Sorted():
            return "sort"
        case typed.Flattened():
            return "flatten"
        case _:
            return None
