"""Sugar to core: `auth.flows` become operations with steps."""

from __future__ import annotations

from backwright.model.expand import create_body, create_step
from backwright.model.formulas import Formulas, type_of
from backwright.model.naming import snake
from backwright.model.operations import finished
from backwright.model.types import (
    Auth,
    Body,
    Entity,
    Find,
    InputField,
    Operation,
    Respond,
    ShowSession,
    SignIn,
    VerifyPassword,
)

TOKEN = "token"  # noqa: S105 - the name of a binding
REGISTER_PATH = "/auth/register"
LOGIN_PATH = "/auth/login"


def expand_flows(auth: Auth, identity: Entity, formulas: Formulas) -> list[Operation]:
    """The operations of `auth.flows`, in the order given."""
    makers = {"register": _register, "login": _login}
    return [makers[flow](auth, identity, formulas) for flow in auth.flows]


def _register(auth: Auth, identity: Entity, formulas: Formulas) -> Operation:
    bind = snake(identity.name)
    body = create_body(identity)
    return finished(
        Operation(
            name="register",
            tag="",
            summary="Create an account and sign in.",
            method="POST",
            path=REGISTER_PATH,
            caller="none",
            body=body,
            steps=(create_step(identity, bind, body, formulas), SignIn(row=bind, bind=TOKEN)),
            respond=Respond(status=201, show=ShowSession(row=bind, view=identity.name, token=TOKEN)),
            origin="auth.flows",
            place=auth.place,
        ),
        identity,
    )


def _login(auth: Auth, identity: Entity, formulas: Formulas) -> Operation:
    bind = snake(identity.name)
    by, password = identity.field(auth.by), identity.field(auth.password)
    members = {by.name: type_of(by), password.name: type_of(password)}
    scope = formulas.scope(identity.name, body=members)
    find = Find(
        entity=identity.name,
        bind=bind,
        where=formulas.made(f"this.{by.name} == body.{by.name}", auth.place, scope),
        readable=None,
        trusted="sign-in finds the account that is to be proved",
        error="invalid_credentials",
    )
    verify = VerifyPassword(
        bind=bind,
        field=password.name,
        given=formulas.made(f"body.{password.name}", auth.place, scope),
    )
    return finished(
        Operation(
            name="login",
            tag="",
            summary="Sign in.",
            method="POST",
            path=LOGIN_PATH,
            caller="none",
            body=Body(
                fields=tuple(
                    InputField(wire=f.name, name=f.name, type=f.type, required=True, place=f.place)
                    for f in (by, password)
                )
            ),
            steps=(find, verify, SignIn(row=bind, bind=TOKEN)),
            respond=Respond(status=200, show=ShowSession(row=bind, view=identity.name, token=TOKEN)),
            origin="auth.flows",
            place=auth.place,
        ),
        identity,
    )
