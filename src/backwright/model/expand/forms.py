"""The form of each step: its verb, and the keys that it takes."""

from __future__ import annotations

from backwright.model.expand.building import Building
from backwright.model.expand.codes import OPERATION_FORM, STEP_FORM
from backwright.spec.nodes import OperationNode, StepNode
from backwright.spec.shape import nearest

PLANNED = ("emit", "enqueue")
_KEYS = {
    "binding": "as", "where": "where", "set": "set", "source": "from", "by": "by", "condition": "if",
    "otherwise": "else", "if_exists": "if_exists", "trusted": "trusted", "optional": "optional",
    "filters": "filters", "order": "order", "sort": "sort", "paging": "paging", "group": "group",
    "values": "values",
}  # fmt: skip
_TAKES = {
    "find": ("binding", "where", "condition", "otherwise", "trusted", "optional"),
    "select": (
        "binding", "where", "condition", "trusted", "filters", "order", "sort", "paging", "group", "values",
    ),
    "require": ("condition", "otherwise"),
    "create": ("binding", "set", "source", "condition", "trusted"),
    "update": ("binding", "where", "set", "source", "condition", "trusted"),
    "delete": ("binding", "where", "condition", "trusted"),
    "ensure": ("binding", "set", "by", "condition", "trusted"),
    "upsert": ("binding", "set", "by", "condition", "otherwise", "if_exists", "trusted"),
    "verify_password": ("source", "condition", "otherwise"),
    "sign_in": ("binding", "condition"),
    "sign_out": ("condition",),
    "call": ("binding", "set", "source", "condition"),
}  # fmt: skip


def has_form(node: StepNode, building: Building) -> bool:
    """Whether a step has the form of its verb; what does not fit is recorded."""
    verb = node.verb.value
    takes = _TAKES.get(verb)
    if takes is None:
        if verb in PLANNED:
            message, mend = f"`{verb}` is not built yet", "leave the step out for now"
        else:
            near = nearest(verb, _TAKES)
            message = f"`{verb}` is not a step"
            mend = f"did you mean `{near}`?" if near else f"write one of {', '.join(_TAKES)}"
        building.refuse(STEP_FORM, node.verb.place, message, mend)
        return False
    right = True
    for name, key in _KEYS.items():
        if name not in takes and _is_written(getattr(node, name)):
            message = f"`{verb}` does not take `{key}`"
            mend = f"it takes {', '.join(_KEYS[each] for each in takes)}"
            building.refuse(STEP_FORM, node.place, message, mend)
            right = False
    if verb == "verify_password" and node.source is None:
        message = "`verify_password` needs `from`"
        building.refuse(STEP_FORM, node.place, message, "say what was given: `from: body.password`")
        right = False
    if verb == "upsert" and not node.by:
        building.refuse(STEP_FORM, node.place, "`upsert` needs `by`", "name the fields of a unique key")
        right = False
    if node.trusted is not None and not node.trusted.value.strip():
        message = "`trusted` goes past the rules without a reason"
        building.refuse(STEP_FORM, node.trusted.place, message, "say why: it is in the report")
        right = False
    return right


_OPERATION_KEYS = ("where", "set", "filters", "sort", "order", "paging", "view", "replace", "body")
_OPERATION_TAKES: dict[str | None, tuple[str, ...]] = {
    "list": ("where", "filters", "sort", "order", "paging", "view"),
    "read": ("where", "view"),
    "create": ("set", "view", "body"),
    "update": ("where", "set", "view", "replace", "body"),
    "delete": ("where",),
    "move": ("where", "view", "body"),
    None: ("body", "replace"),
}


def check_operation(node: OperationNode, building: Building) -> None:
    """Records keys of an operation that have no effect beside its verb, and a `trusted` without a reason."""
    verb = None if node.verb is None else node.verb.value
    takes = _OPERATION_TAKES.get(verb, _OPERATION_KEYS)
    with_steps = ("body", "replace") if node.steps else ()
    for key in _OPERATION_KEYS:
        if key not in (*takes, *with_steps) and _is_written(getattr(node, key)):
            kind = f"`{verb}`" if verb is not None else "an operation of steps"
            message = f"{kind} does not take `{key}`"
            mend = f"it takes {', '.join(takes)}" if verb is not None else "say it at the step that is meant"
            building.refuse(OPERATION_FORM, node.place, message, mend)
    if node.trusted is not None and (verb is None or not node.trusted.value.strip()):
        message = "`trusted` goes past the rules without a reason"
        message = "`trusted` stands where no step is meant" if verb is None else message
        building.refuse(STEP_FORM, node.trusted.place, message, "say why, at the step that needs it")


def _is_written(value: object) -> bool:
    return value is not None and value != ()
