"""The model: what a specification means, with all sugar expanded and all names resolved.

Everything behind the front end sees only this. The values are frozen structs that encode to JSON, so that a
snapshot of the model can lie beside the migrations and be compared with the next one. Names are the
specification's own; `Place` says where each thing was written and is ignored when models are compared.
"""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.expr.typed import Expression
from backwright.spec.diagnostics import NOWHERE, Place

Verb = OneOf["create", "read", "update", "delete"]
Method = OneOf["GET", "POST", "PUT", "PATCH", "DELETE"]
Scalar = OneOf[
    "string", "text", "integer", "boolean", "date", "timestamp", "uuid", "email", "password", "enum"
]
Direction = OneOf["asc", "desc"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Common settings of every model value."""


class Formula(Frozen, frozen=True, kw_only=True):
    """An expression of the specification: its own words, and what they mean."""

    source: str
    meaning: Expression
    place: Place = NOWHERE


class Assumption(Frozen, frozen=True, kw_only=True):
    """A documented default, applied because the specification is silent (R4); the report lists them."""

    subject: str
    text: str
    role: OneOf["architect", "product-manager", "team-lead", "security"]


# Data ------------------------------------------------------------------------------------------------


class ScalarType(Frozen, frozen=True, kw_only=True, tag="scalar"):
    """A column of one value.

    `min` and `max` bound the length of text in code points (string, text, email, password) or the value of an
    integer; both inclusive. They are always set for text: every input is limited.
    """

    scalar: Scalar
    min: int | None = None
    max: int | None = None
    values: tuple[str, ...] = ()


class ReferenceType(Frozen, frozen=True, kw_only=True, tag="reference"):
    """A column that holds the key of another entity's row (a foreign key).

    `inverse` is what the author calls the rows that point to one; None: the plural, where it is clear.
    """

    entity: str
    inverse: str | None = None


class Field(Frozen, frozen=True, kw_only=True):
    """A stored value of an entity.

    `column` is the database's name: the field's own, with `_id` behind it for references.
    `default` may be overridden by the client; `set` is the system's and never input.
    `initial` fills the rows that exist when the field is added (the default, where that is a constant).
    `was` is the name before a rename.
    """

    name: str
    column: str
    type: ScalarType | ReferenceType
    nullable: bool = False
    unique: bool = False
    default: Formula | None = None
    set: Formula | None = None
    input: bool = True
    was: str | None = None
    place: Place = NOWHERE


class OrderTerm(Frozen, frozen=True, kw_only=True):
    """One term of an order: a field name and its direction. The key ends every order."""

    field: str
    direction: Direction = "asc"


class Index(Frozen, frozen=True, kw_only=True):
    """An index over fields in order. `name` is the database's name for it."""

    name: str
    terms: tuple[OrderTerm, ...]
    unique: bool = False
    place: Place = NOWHERE


class Rule(Frozen, frozen=True, kw_only=True):
    """Who may do something. `condition` includes the implied `caller != null` of each `||` branch.

    `source` is the specification's own text, shown beside the clause that it became. `public` rules are the
    constant true, `none` rules the constant false.
    """

    source: str
    condition: Expression
    place: Place = NOWHERE


class Computed(Frozen, frozen=True, kw_only=True):
    """A named value of a row, for rules and filters. `value` is kept to be shown: its uses are expanded."""

    name: str
    value: Formula
    place: Place = NOWHERE


class Entity(Frozen, frozen=True, kw_only=True):
    """A kind of row. `key` names the key field, which is the first of `fields`.

    `plural` names many of them in snake case, for operations and modules.

    `access` has a rule for each verb (deny by default: a verb that is not named has the rule `none`).
    """

    name: str
    plural: str
    table: str
    key: str
    fields: tuple[Field, ...]
    indexes: tuple[Index, ...] = ()
    access: dict[Verb, Rule]
    computed: tuple[Computed, ...] = ()
    was: str | None = None
    place: Place = NOWHERE

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name}.{name}")


# Interface -------------------------------------------------------------------------------------------


class ViewField(Frozen, frozen=True, kw_only=True):
    """One member of a view: its wire name and the field of the row it shows. A reference shows as its key."""

    wire: str
    field: str


class View(Frozen, frozen=True, kw_only=True):
    """What callers see of an entity: passwords never appear in one."""

    name: str
    entity: str
    fields: tuple[ViewField, ...]


class InputField(Frozen, frozen=True, kw_only=True):
    """One member of a request: wire name, type, and what its absence means.

    `required`: absence is an error. Otherwise `default` (a constant or `now`) applies, and without one the
    value is null (`nullable`) or, in a change, unchanged.
    """

    wire: str
    name: str
    type: ScalarType | ReferenceType
    nullable: bool = False
    required: bool = False
    default: Formula | None = None
    place: Place = NOWHERE


class Body(Frozen, frozen=True, kw_only=True):
    """A JSON request body. In a `partial` body (PATCH) an absent member means unchanged."""

    fields: tuple[InputField, ...]
    partial: bool = False


class Filter(Frozen, frozen=True, kw_only=True):
    """A condition that applies when all parameters it mentions are present."""

    name: str
    condition: Formula


class Paging(Frozen, frozen=True, kw_only=True):
    """Keyset paging: `limit` and `after` are query parameters; `default` and `max` are numbers of rows."""

    default: int
    max: int


# Steps: a closed union. Each names its binding in `bind`. -------------------------------------------


class Assignment(Frozen, frozen=True, kw_only=True):
    """A field and the value it gets."""

    field: str
    value: Formula


class Find(Frozen, frozen=True, kw_only=True, tag="find"):
    """Binds one row. The row must match `where` and the entity's `read` rule, unless the step is trusted.

    `error` is the code answered when there is none ("not_found", or "invalid_credentials" in sign-in).
    `lock` is set when a later step of the operation writes the row.
    """

    entity: str
    bind: str
    where: Formula
    readable: Rule | None
    trusted: str | None = None
    error: str = "not_found"
    lock: bool = False


class Select(Frozen, frozen=True, kw_only=True, tag="select"):
    """Binds a page of rows: those the caller may read that match the filters, in a total order."""

    entity: str
    bind: str
    readable: Rule | None
    trusted: str | None = None
    filters: tuple[Filter, ...] = ()
    order: tuple[OrderTerm, ...]
    paging: Paging


class Create(Frozen, frozen=True, kw_only=True, tag="create"):
    """Inserts a row: `values` covers every field but the key. The `create` rule judges the candidate."""

    entity: str
    bind: str
    values: tuple[Assignment, ...]
    allowed: Rule | None
    trusted: str | None = None


class Update(Frozen, frozen=True, kw_only=True, tag="update"):
    """Writes an earlier binding; afterwards the binding is the row after.

    `changes` are fields taken from the partial body when present there; `values` are set by the system.
    The `update` rule must hold before and after.
    """

    entity: str
    bind: str
    changes: tuple[str, ...] = ()
    values: tuple[Assignment, ...] = ()
    allowed: Rule | None
    trusted: str | None = None


class Delete(Frozen, frozen=True, kw_only=True, tag="delete"):
    """Removes an earlier binding's row."""

    entity: str
    bind: str
    allowed: Rule | None
    trusted: str | None = None


class VerifyPassword(Frozen, frozen=True, kw_only=True, tag="verify_password"):
    """Checks `given` against the password field of a binding; takes as long when the row is missing.

    Answers "invalid_credentials" (401) when it does not match.
    """

    bind: str
    field: str
    given: Formula


class SignIn(Frozen, frozen=True, kw_only=True, tag="sign_in"):
    """Issues an access token for the identity row in `row`; binds the token as a string."""

    row: str
    bind: str


Step = Find | Select | Create | Update | Delete | VerifyPassword | SignIn


class ShowRow(Frozen, frozen=True, kw_only=True, tag="row"):
    """Responds with a view of one binding. `location` is the path template of the created row, if any."""

    bind: str
    view: str
    location: str | None = None


class ShowPage(Frozen, frozen=True, kw_only=True, tag="page"):
    """Responds with a page: a list of views, and the cursor of the next page in the envelope's `meta`."""

    bind: str
    view: str


class ShowSession(Frozen, frozen=True, kw_only=True, tag="session"):
    """Responds with the identity row and its token: `{<row>: view, token: string}`."""

    row: str
    view: str
    token: str


class ShowNothing(Frozen, frozen=True, kw_only=True, tag="nothing"):
    """Responds with no body (204)."""


Show = ShowRow | ShowPage | ShowSession | ShowNothing


class Respond(Frozen, frozen=True, kw_only=True):
    """The success answer: HTTP status and what is shown."""

    status: int
    show: Show


class PathParameter(Frozen, frozen=True, kw_only=True):
    """A `{name}` of the route. A value that cannot be parsed is answered as a missing row (404)."""

    name: str
    type: ScalarType


class Operation(Frozen, frozen=True, kw_only=True):
    """One thing a caller can do: route, typed input, who may call, steps, response.

    `caller` says whether credentials are looked at: "none" (never: nothing mentions the caller),
    "optional", or "required" (401 without, because no anonymous caller could pass).
    `tag` groups operations into a module: the first literal segment of the path.
    `origin` is the sugar it was expanded from ("crud", "auth.flows") or "operations".
    """

    name: str
    tag: str
    summary: str
    method: Method
    path: str
    caller: OneOf["none", "optional", "required"]
    path_parameters: tuple[PathParameter, ...] = ()
    query: tuple[InputField, ...] = ()
    body: Body | None = None
    steps: tuple[Step, ...]
    respond: Respond
    errors: tuple[str, ...] = ()
    origin: str = "operations"
    place: Place = NOWHERE


# The whole -------------------------------------------------------------------------------------------


class Service(Frozen, frozen=True, kw_only=True):
    """`package` is the Python package's name: the service's own, with underscores."""

    name: str
    version: str
    package: str
    description: str = ""
    unknown_fields: OneOf["ignore", "reject"] = "ignore"
    place: Place = NOWHERE


class Auth(Frozen, frozen=True, kw_only=True):
    """Who callers are: rows of `identity`, found by the field `by`, proving themselves with `password`.

    `token_seconds` is how long an access token is valid.
    """

    identity: str
    by: str
    password: str
    flows: tuple[str, ...]
    token_seconds: int = 3600
    place: Place = NOWHERE


class Model(Frozen, frozen=True, kw_only=True):
    """A whole service. Operations are in the order in which the specification gives them."""

    service: Service
    auth: Auth | None = None
    entities: tuple[Entity, ...] = ()
    views: tuple[View, ...] = ()
    operations: tuple[Operation, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    def entity(self, name: str) -> Entity:
        """The entity of that name. Raises KeyError when there is none."""
        for entity in self.entities:
            if entity.name == name:
                return entity
        raise KeyError(name)

    def view(self, name: str) -> View:
        """The view of that name. Raises KeyError when there is none."""
        for view in self.views:
            if view.name == name:
                return view
        raise KeyError(name)

    def operation(self, name: str) -> Operation:
        """The operation of that name. Raises KeyError when there is none."""
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(name)
