"""Which operations of a service make accounts and sign people in, and where their answers hold the token."""

from __future__ import annotations

from backwright.expr.typed import Name
from backwright.model.types import (
    Create,
    Members,
    Model,
    Operation,
    Shape,
    ShowSession,
    ShowShape,
    SignIn,
    Value,
    VerifyPassword,
    Viewed,
)


def registration(model: Model) -> Operation | None:
    """The operation that makes an account and signs in."""
    return _with(model, Create)


def login(model: Model) -> Operation | None:
    """The operation that checks a password and signs in."""
    return _with(model, VerifyPassword)


def _with(model: Model, kind: type[Create | VerifyPassword]) -> Operation | None:
    for operation in model.operations:
        kinds = {type(step) for step in operation.steps}
        if {kind, SignIn} <= kinds:
            return operation
    return None


def token_path(operation: Operation, model: Model) -> tuple[str, ...] | None:
    """The members that lead to the token in the answer of an operation that signs in; None: it has none."""
    step = next(step for step in operation.steps if isinstance(step, SignIn))
    start = ("data",) if operation.respond.envelope else ()
    show = operation.respond.show
    if isinstance(show, ShowSession):
        return (*start, "token")
    found = _path(show.shape, {step.bind}, model) if isinstance(show, ShowShape) else None
    return None if found is None else (*start, *found)


def _path(shape: Shape, names: set[str], model: Model) -> tuple[str, ...] | None:
    """Where the value of one of the names is shown."""
    match shape:
        case Value(value=value):
            meaning = value.meaning
            named = isinstance(meaning, Name) and meaning.root == "binding" and meaning.binding in names
            return () if named else None
        case Members(members=members):
            for member in members:
                found = _path(member.shape, names, model)
                if found is not None:
                    return (member.wire, *found)
        case Viewed(view=view, arguments=arguments):
            passed = {each.name for each in arguments if isinstance(each.value.meaning, Name)
                      and each.value.meaning.binding in names}  # fmt: skip
            if passed:
                return _path(Members(members=model.view(view).shape), passed, model)
        case _:
            pass
    return None
