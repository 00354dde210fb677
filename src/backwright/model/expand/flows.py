"""Sugar to sugar: `auth.flows` become operations as an author would write them."""

from __future__ import annotations

from backwright.model.expand.building import Building
from backwright.model.expand.operation import build_operation
from backwright.model.naming import snake
from backwright.model.types import Auth, Operation, Show, ShowRow, ShowSession
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import (
    At,
    BodyNode,
    ElseNode,
    FieldNode,
    FlowNode,
    OperationNode,
    RespondNode,
    ShapeNode,
    StepNode,
)

TOKEN = "token"  # noqa: S105 - the name of a binding
ROUTES = {
    "register": "POST /auth/register",
    "login": "POST /auth/login",
    "logout": "POST /auth/logout",
    "me": "GET /auth/me",
}
SUMMARIES = {
    "register": "Create an account and sign in.",
    "login": "Sign in.",
    "logout": "Sign out.",
    "me": "Who the caller is.",
}
SIGNING_IN = "sign-in finds the account that is to be proved"


def build_flows(building: Building, auth: Auth) -> list[Operation]:
    """The operations of `auth.flows`, in the order given."""
    written = building.document.auth
    routes = {} if written is None else {flow.name.value: flow for flow in written.flows}
    found = []
    for name in auth.flows:
        flow = _Flow(name, building, auth, routes.get(name))
        operation = build_operation(flow.node(), building, origin="auth.flows", show=flow.show())
        found += [operation] if operation is not None else []
    return found


class _Flow:
    """Writes one of the ready-made operations."""

    def __init__(self, name: str, building: Building, auth: Auth, written: FlowNode | None) -> None:
        self.name = name
        self.building = building
        self.auth = auth
        self.place: Place = auth.place
        self.written = written
        self.bind = snake(auth.identity)

    def at(self, value: str) -> At[str]:
        return At(value, self.place)

    def step(self, verb: str, target: str) -> StepNode:
        return StepNode(place=self.place, verb=self.at(verb), target=self.at(target))

    def show(self) -> Show | None:
        """The account with its token; only the account where the token comes in a cookie."""
        if self.name not in ("register", "login"):
            return None
        if self.auth.cookie is not None:
            return ShowRow(bind=self.bind, view=self.auth.identity)
        return ShowSession(row=self.bind, view=self.auth.identity, token=TOKEN)

    def node(self) -> OperationNode:
        """The operation, as `operations` would have it."""
        sign_in = StepNode(
            place=self.place, verb=self.at("sign_in"), target=self.at(self.bind), binding=self.at(TOKEN)
        )
        signed_in = self.at("caller != null")
        match self.name:
            case "register":
                verb = self.at("create")
                return self._node(verb=verb, target=self.at(self.auth.identity), steps=(sign_in,))
            case "login":
                return self._node(body=self._credentials(), steps=(*self._proof(), sign_in))
            case "logout":
                nothing = RespondNode(place=self.place, nothing=True)
                sign_out = self.step("sign_out", "caller")
                return self._node(access=signed_in, steps=(sign_out,), respond=nothing)
            case _:
                shown = ShapeNode(place=self.place, text=self.at(f"{self.auth.identity}(caller)"))
                return self._node(access=signed_in, respond=RespondNode(place=self.place, body=shown))

    def _node(
        self,
        *,
        verb: At[str] | None = None,
        target: At[str] | None = None,
        access: At[str] | None = None,
        body: BodyNode | None = None,
        steps: tuple[StepNode, ...] = (),
        respond: RespondNode | None = None,
    ) -> OperationNode:
        route = self.written.route if self.written is not None else None
        return OperationNode(
            place=self.place,
            name=self.at(self.name),
            route=route or self.at(ROUTES[self.name]),
            summary=self.at(SUMMARIES[self.name]),
            verb=verb,
            target=target,
            access=access,
            body=body,
            steps=steps,
            respond=respond,
        )

    def _credentials(self) -> BodyNode:
        """What proves who someone is: always required, with the limits of the fields."""
        names = (self.auth.by, self.auth.password)
        return BodyNode(
            place=self.place,
            fields=tuple(
                FieldNode(place=self.place, name=self.at(name), like=self.at(f"{self.auth.identity}.{name}"))
                for name in names
            ),
        )

    def _proof(self) -> tuple[StepNode, StepNode]:
        find = StepNode(
            place=self.place,
            verb=self.at("find"),
            target=self.at(self.auth.identity),
            where=self.at(f"this.{self.auth.by} == body.{self.auth.by}"),
            otherwise=ElseNode(place=self.place, category=self.at("invalid_credentials")),
            trusted=self.at(SIGNING_IN),
        )
        verify = StepNode(
            place=self.place,
            verb=self.at("verify_password"),
            target=self.at(self.bind),
            source=self.at(f"body.{self.auth.password}"),
        )
        return find, verify
