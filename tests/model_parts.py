"""Short ways to write parts of a model by hand; `models.py` puts them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backwright.expr.typed import (
    BOOLEAN,
    FALSE,
    TRUE,
    And,
    Compare,
    Comparison,
    Constant,
    Expression,
    Input,
    Kind,
    Member,
    Name,
    Type,
)
from backwright.model.types import (
    Assignment,
    Body,
    Create,
    Delete,
    Entity,
    Field,
    Filter,
    Find,
    Formula,
    InputField,
    Operation,
    OrderTerm,
    Paging,
    PathParameter,
    ReferenceType,
    Respond,
    Rule,
    Scalar,
    ScalarType,
    Select,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    SignIn,
    Step,
    Update,
    Verb,
    VerifyPassword,
    View,
    ViewField,
)

ALWAYS = Rule(source="public", condition=TRUE)
NEVER = Rule(source="none", condition=FALSE)
NOW = Formula(source="now", meaning=Name(type=Type("timestamp"), root="now"))
KINDS: dict[Scalar, Kind] = {
    "string": "string",
    "text": "string",
    "email": "string",
    "password": "string",
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "uuid": "uuid",
    "enum": "enum",
}


# Expressions -----------------------------------------------------------------------------------------


def type_of(kind: ScalarType | ReferenceType, nullable: bool = False) -> Type:
    """The type of a field's value in expressions."""
    if isinstance(kind, ReferenceType):
        return Type("entity", nullable, entity=kind.entity)
    return Type(KINDS[kind.scalar], nullable, values=kind.values)


def this(entity: str) -> Name:
    return Name(type=Type("entity", entity=entity), root="this")


def caller(identity: str, *, guarded: bool = False) -> Name:
    return Name(type=Type("entity", not guarded, entity=identity), root="caller")


def of_this(entity: str, field: Field) -> Member:
    return Member(type=type_of(field.type, field.nullable), of=this(entity), entity=entity, field=field.name)


def compare(left: Expression, op: Comparison, right: Expression) -> Compare:
    return Compare(type=BOOLEAN, op=op, left=left, right=right)


def signed_in(identity: str, branch: Expression) -> And:
    """A branch of a rule with its implied guard."""
    null = Constant(type=Type("null", nullable=True), value=None)
    return And(type=BOOLEAN, parts=(compare(caller(identity), "!=", null), branch))


def constant(value: bool | int | str, kind: Type) -> Formula:
    source = repr(value) if isinstance(value, str) else str(value).lower()
    return Formula(source=source, meaning=Constant(type=kind, value=value))


def from_body(field: InputField) -> Formula:
    meaning = Input(type=type_of(field.type, field.nullable), source="body", name=field.name)
    return Formula(source=f"body.{field.name}", meaning=meaning)


def as_caller(identity: str) -> Formula:
    return Formula(source="caller", meaning=caller(identity, guarded=True))


def filtered(entity: str, field: Field, op: Comparison, name: str) -> Filter:
    """A filter `this.<field> <op> params.<name>`."""
    right = Input(type=type_of(field.type), source="params", name=name)
    condition = compare(of_this(entity, field), op, right)
    return Filter(
        name=name, condition=Formula(source=f"this.{field.name} {op} params.{name}", meaning=condition)
    )


# Fields and inputs -----------------------------------------------------------------------------------

KEY = Field(name="id", column="id", type=ScalarType(scalar="uuid"), input=False)
EMAIL = Field(name="email", column="email", type=ScalarType(scalar="email", max=254), unique=True)
PASSWORD = Field(name="password", column="password", type=ScalarType(scalar="password", min=8, max=128))
FLAG = ScalarType(scalar="boolean")
CREATED_AT = Field(name="created_at", column="created_at", type=ScalarType(scalar="timestamp"), set=NOW)


def string(
    name: str, low: int | None = None, high: int = 255, *, nullable: bool = False, unique: bool = False
) -> Field:
    kind = ScalarType(scalar="string", min=low, max=high)
    return Field(name=name, column=name, type=kind, nullable=nullable, unique=unique)


def member(field: Field, *, partial: bool = False) -> InputField:
    """A field of a row as a member of a body."""
    return InputField(
        wire=field.name,
        name=field.name,
        type=field.type,
        nullable=field.nullable,
        required=not (partial or field.nullable or field.default),
        default=None if partial else field.default,
    )


def parameter(name: str, field: Field) -> InputField:
    """A query parameter that is compared with a field."""
    return InputField(wire=name, name=name, type=field.type)


def writable(entity: Entity) -> tuple[Field, ...]:
    return tuple(field for field in entity.fields if field.input and field.set is None)


def view(entity: Entity) -> View:
    shown = (f for f in entity.fields if not (isinstance(f.type, ScalarType) and f.type.scalar == "password"))
    fields = tuple(ViewField(wire=field.name, field=field.name) for field in shown)
    return View(name=entity.name, entity=entity.name, fields=fields)


# Operations ------------------------------------------------------------------------------------------


def auth_flows(identity: Entity) -> tuple[Operation, Operation]:
    """`flows: [register, login]`."""
    name, bind = identity.name, identity.table
    email, password = member(EMAIL), member(PASSWORD)
    given = writable(identity)
    values = tuple(
        Assignment(field=field.name, value=from_body(member(field)) if field in given else initial(field))
        for field in identity.fields[1:]
    )
    matching = compare(of_this(name, EMAIL), "==", from_body(email).meaning)
    show = ShowSession(row=bind, view=name, token="token")
    sign_in = SignIn(row=bind, bind="token")
    register = Operation(
        name="register",
        tag="auth",
        summary="Create an account and sign in.",
        method="POST",
        path="/auth/register",
        caller="none",
        body=Body(fields=tuple(member(field) for field in given)),
        steps=(Create(entity=name, bind=bind, values=values, allowed=identity.access["create"]), sign_in),
        respond=Respond(status=201, show=show),
        errors=("invalid", "conflict"),
        origin="auth.flows",
    )
    login = Operation(
        name="login",
        tag="auth",
        summary="Sign in.",
        method="POST",
        path="/auth/login",
        caller="none",
        body=Body(fields=(email, password)),
        steps=(
            Find(
                entity=name,
                bind=bind,
                where=Formula(source="this.email == body.email", meaning=matching),
                readable=None,
                trusted="sign-in finds the account that is to be proved",
                error="invalid_credentials",
            ),
            VerifyPassword(bind=bind, field="password", given=from_body(password)),
            sign_in,
        ),
        respond=Respond(status=200, show=show),
        errors=("invalid", "invalid_credentials"),
        origin="auth.flows",
    )
    return register, login


def initial(field: Field) -> Formula:
    """The value of a field that is not input."""
    value = field.set or field.default
    assert value is not None
    return value


class Crud:
    """The operations of one entity under one path, as `crud:` expands."""

    def __init__(self, entity: Entity, path: str, callers: Mapping[str, str], plural: str) -> None:
        self.entity, self.path, self.callers, self.plural = entity, path, callers, plural
        self.name, self.bind = entity.name, entity.table

    def operation(
        self, verb: str, method: str, steps: Sequence[Step], respond: Respond, **more: object
    ) -> Operation:
        name = f"{verb}_{self.plural if verb == 'list' else self.bind}"
        one = verb in {"get", "update", "delete"}
        return Operation(
            name=name,
            tag=self.path.split("/")[1],
            summary=f"{verb.capitalize()} {self.plural if verb == 'list' else self.bind}.",
            method=method,  # type: ignore[arg-type]
            path=self.path + ("/{id}" if one else ""),
            caller=self.callers[verb],  # type: ignore[arg-type]
            path_parameters=(PathParameter(name="id", type=ScalarType(scalar="uuid")),) if one else (),
            steps=tuple(steps),
            respond=respond,
            origin="crud",
            **more,  # type: ignore[arg-type]
        )

    def find(self, *, lock: bool = False) -> Find:
        key = Input(type=Type("uuid"), source="params", name="id")
        return Find(
            entity=self.name,
            bind=self.bind,
            where=Formula(source="this.id == params.id", meaning=compare(of_this(self.name, KEY), "==", key)),
            readable=self.entity.access["read"],
            lock=lock,
        )

    def list(
        self,
        order: Sequence[OrderTerm],
        filters: Sequence[Filter] = (),
        query: Sequence[InputField] = (),
        paging: Paging | None = None,
    ) -> Operation:
        select = Select(
            entity=self.name,
            bind=self.plural,
            readable=self.entity.access["read"],
            filters=tuple(filters),
            order=tuple(order),
            paging=paging or Paging(default=20, max=100),
        )
        respond = Respond(status=200, show=ShowPage(bind=self.plural, view=self.name))
        return self.operation("list", "GET", [select], respond, query=tuple(query), errors=("invalid",))

    def create(self) -> Operation:
        given = writable(self.entity)
        values = tuple(
            Assignment(field=field.name, value=from_body(member(field)) if field in given else initial(field))
            for field in self.entity.fields[1:]
        )
        step = Create(entity=self.name, bind=self.bind, values=values, allowed=self.entity.access["create"])
        respond = Respond(
            status=201, show=ShowRow(bind=self.bind, view=self.name, location=self.path + "/{id}")
        )
        body = Body(fields=tuple(member(field) for field in given))
        return self.operation("create", "POST", [step], respond, body=body, errors=("invalid",))

    def get(self) -> Operation:
        respond = Respond(status=200, show=ShowRow(bind=self.bind, view=self.name))
        return self.operation("get", "GET", [self.find()], respond, errors=("not_found",))

    def update(self) -> Operation:
        given = writable(self.entity)
        step = Update(
            entity=self.name,
            bind=self.bind,
            changes=tuple(field.name for field in given),
            allowed=self.entity.access["update"],
        )
        respond = Respond(status=200, show=ShowRow(bind=self.bind, view=self.name))
        body = Body(fields=tuple(member(field, partial=True) for field in given), partial=True)
        steps: tuple[Step, ...] = (self.find(lock=True), step)
        return self.operation("update", "PATCH", steps, respond, body=body, errors=("not_found", "invalid"))

    def delete(self) -> Operation:
        step = Delete(entity=self.name, bind=self.bind, allowed=self.entity.access["delete"])
        respond = Respond(status=204, show=ShowNothing())
        return self.operation(
            "delete", "DELETE", [self.find(lock=True), step], respond, errors=("not_found",)
        )


def signed_in_for(*verbs: str) -> dict[str, str]:
    """Callers are required for all five operations."""
    return dict.fromkeys(verbs or ("list", "create", "get", "update", "delete"), "required")


def same_rule(rule: Rule) -> dict[Verb, Rule]:
    return {"create": rule, "read": rule, "update": rule, "delete": rule}
