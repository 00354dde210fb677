"""The steps of an operation, one after the other, on a copy of the rows."""

from __future__ import annotations

from typing import assert_never

from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Group,
    Require,
    Select,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)
from backwright.reference import calling, removing, selecting, writing
from backwright.reference.evaluate import Page, Row
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure, failed
from backwright.reference.sessions import Session, expires


def take(step: Step, run: Execution) -> None:
    """One step. Raises Failure."""
    run.begin(step)
    if step.when is not None and run.value(step.when) is not True:
        skip(step, run)
        return
    match step:
        case Find():
            selecting.find(step, run)
        case Select():
            selecting.select(step, run)
        case Group():
            selecting.group(step, run)
        case Require():
            if run.value(step.condition) is not True:
                raise failed(step.otherwise)
        case Create():
            writing.create(step, run)
        case Update():
            writing.update(step, run)
        case UpdateAll():
            writing.update_all(step, run)
        case Ensure():
            writing.ensure(step, run)
        case Upsert():
            writing.upsert(step, run)
        case Delete():
            removing.delete(step, run)
        case DeleteAll():
            removing.delete_all(step, run)
        case VerifyPassword():
            verify_password(step, run)
        case SignIn():
            sign_in(step, run)
        case SignOut():
            sign_out(run)
        case Call():
            call(step, run)
        case _:
            assert_never(step)


def skip(step: Step, run: Execution) -> None:
    """What a step would have bound is null, or no rows; what earlier steps have bound stays."""
    if isinstance(step, Update | Delete | Require | VerifyPassword | SignOut):
        return
    match step:
        case Select():
            run.bindings[step.bind] = Page([])
        case Create() if step.each is not None:
            run.bindings[step.bind] = []
        case _:
            run.bindings[step.bind] = None
    if isinstance(step, Ensure | Upsert):
        run.bindings[f"{step.bind}_created"] = None


def verify_password(step: VerifyPassword, run: Execution) -> None:
    row: Row | None = run.bindings[step.bind]
    if row is None or row[step.field] != run.value(step.given):
        raise Failure("invalid_credentials") if step.otherwise is None else failed(step.otherwise)


def sign_in(step: SignIn, run: Execution) -> None:
    auth = run.model.auth
    assert auth is not None
    session = Session(
        token=run.fresh("token"),
        subject=run.bindings[step.row][run.entity(auth.identity).key],
        expires=expires(run.now, auth),
        csrf=None if auth.cookie is None else run.fresh("csrf"),
    )
    run.issued.append(session)
    run.bindings[step.bind] = session.token


def sign_out(run: Execution) -> None:
    if run.presented is not None:
        run.revoked.append(run.presented.token)


def call(step: Call, run: Execution) -> None:
    """Something stands in for custom logic. Raises Failure with what it says that is wrong."""
    logic = run.model.function(step.logic)
    given = {each.name: run.value(each.value) for each in step.values}
    if not calling.within(given, logic.input):
        raise Failure("invalid")
    outcome = calling.chosen(run.scripts[step.logic], step.logic, given)
    if outcome.error is not None:
        raise failed(logic.error(outcome.error))
    run.bindings[step.bind] = calling.read(logic.output, outcome.output or {})
