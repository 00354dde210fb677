"""The model: what a specification means, with all sugar expanded and all names resolved.

Everything behind the front end sees only this. The values are frozen structs that encode to JSON, so that a
snapshot of the model can lie beside the migrations and be compared with the next one. Names are the
specification's own; `Place` says where each thing was written and is ignored when models are compared.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal as OneOf

from backwright.model.data import (
    LARGE_ROWS,
    Assignment,
    Audit,
    Check,
    Computed,
    Direction,
    Entity,
    Field,
    FieldType,
    Formula,
    Frozen,
    Generated,
    Index,
    InputField,
    ListType,
    ManyType,
    Move,
    OnDelete,
    OrderTerm,
    RecordType,
    ReferenceType,
    Rule,
    Scalar,
    ScalarType,
    States,
    Verb,
)
from backwright.model.environment import Integration, Setting
from backwright.model.interface import (
    MEDIA_OF_FAILURES,
    Argument,
    Array,
    Body,
    Cache,
    Column,
    Cookie,
    Demand,
    Deprecation,
    Each,
    ErrorAnswer,
    ErrorArray,
    ErrorMember,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
    Header,
    Media,
    Members,
    Method,
    Operation,
    PathParameter,
    Rate,
    Respond,
    Shape,
    ShapeMember,
    Show,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
    Value,
    View,
    Viewed,
    ViewField,
)
from backwright.model.logic import Logic, LogicExample
from backwright.model.steps import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Failing,
    Filter,
    Find,
    Group,
    Named,
    Paging,
    Require,
    Select,
    SignIn,
    SignOut,
    Sort,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)
from backwright.spec.diagnostics import NOWHERE, Place

__all__ = [
    "LARGE_ROWS",
    "MEDIA_OF_FAILURES",
    "Argument",
    "Array",
    "Assignment",
    "Assumption",
    "Audit",
    "Auth",
    "Body",
    "Cache",
    "Call",
    "Check",
    "Column",
    "Computed",
    "Cookie",
    "Create",
    "Delete",
    "DeleteAll",
    "Demand",
    "Deprecation",
    "Direction",
    "Each",
    "Ensure",
    "Entity",
    "ErrorAnswer",
    "ErrorArray",
    "ErrorMember",
    "ErrorMembers",
    "ErrorShape",
    "ErrorText",
    "ErrorWord",
    "Failing",
    "Field",
    "FieldType",
    "Filter",
    "Find",
    "Formula",
    "Frozen",
    "Generated",
    "Group",
    "Header",
    "Index",
    "InputField",
    "Integration",
    "ListType",
    "Logic",
    "LogicExample",
    "ManyType",
    "Media",
    "Members",
    "Method",
    "Model",
    "Move",
    "Named",
    "OnDelete",
    "Operation",
    "OrderTerm",
    "Paging",
    "PathParameter",
    "Rate",
    "RecordType",
    "ReferenceType",
    "Require",
    "Respond",
    "Rule",
    "Scalar",
    "ScalarType",
    "Security",
    "Select",
    "Service",
    "Setting",
    "Shape",
    "ShapeMember",
    "Show",
    "ShowCsv",
    "ShowFile",
    "ShowHtml",
    "ShowNothing",
    "ShowPage",
    "ShowRow",
    "ShowSession",
    "ShowShape",
    "ShowText",
    "SignIn",
    "SignOut",
    "Sort",
    "States",
    "Step",
    "Update",
    "UpdateAll",
    "Upsert",
    "Value",
    "Verb",
    "VerifyPassword",
    "View",
    "ViewField",
    "Viewed",
]


class Assumption(Frozen, frozen=True, kw_only=True):
    """A documented default, applied because the specification is silent (R4); the report lists them."""

    subject: str
    text: str
    role: OneOf["architect", "product-manager", "team-lead", "security"]


KEPT_DAYS = 90
"""For so many days what a migration drops is kept, where the specification says nothing else."""


class Service(Frozen, frozen=True, kw_only=True):
    """`package` is the Python package's name: the service's own, with underscores.

    `changes`: whether what the earlier version uses goes with the migration, or with a second one.
    `kept_days`: so long what a migration drops can be restored.
    `envelope`: every JSON answer is `{data, error, meta}`. `nulls`: whether members of views and shapes that are
    null are there. `answers` say how failures look, `failures` of which media type they are.
    """

    name: str
    version: str
    package: str
    description: str = ""
    unknown_fields: OneOf["ignore", "reject"] = "ignore"
    envelope: bool = True
    nulls: OneOf["show", "omit"] = "show"
    failures: OneOf["json", "problem_json"] = "json"
    answers: tuple[ErrorAnswer, ...] = ()
    max_body: int = 1024 * 1024
    changes: OneOf["at_once", "expand_then_contract"] = "at_once"
    kept_days: int = KEPT_DAYS
    place: Place = NOWHERE


class Deviation(Frozen, frozen=True, kw_only=True):
    """What may be otherwise than the contract says: a kind of change (`CD201`), of one operation or of any.

    `at` is the place in what it takes or answers, and all inside it; without one, all of it.
    """

    rule: str
    reason: str
    operation: str | None = None
    at: str | None = None


class HandedOver(Frozen, frozen=True, kw_only=True):
    """A contract that was handed over: an OpenAPI description in the project, and the digest of its files."""

    file: str
    sha256: str
    deviations: tuple[Deviation, ...] = ()
    place: Place = NOWHERE


class Auth(Frozen, frozen=True, kw_only=True):
    """Who callers are: rows of `identity`, found by the field `by`, proving themselves with `password`.

    `token_seconds` is how long an access token is valid. It comes in `Authorization: <scheme> <token>`, or in
    the cookie `cookie` (then writes need the header `x-csrf-token` or the form member `csrf_token`, or 403).
    """

    identity: str
    by: str
    password: str
    flows: tuple[str, ...]
    token_seconds: int = 3600
    scheme: str = "Bearer"
    cookie: str | None = None
    place: Place = NOWHERE


class Performance(Frozen, frozen=True, kw_only=True):
    """How fast it has to answer: 95 of 100 requests within `p95_ms`, while `count` come in each `seconds`."""

    p95_ms: int = 500
    count: int = 20
    seconds: int = 1
    place: Place = NOWHERE


class Security(Frozen, frozen=True, kw_only=True):
    """What guards the data behind the service's own queries.

    `row_level`: PostgreSQL judges every row that a caller reads or writes by the entities' access rules once more.
    """

    row_level: bool = False
    place: Place = NOWHERE


class Model(Frozen, frozen=True, kw_only=True, dict=True):
    """A whole service. Operations are in the order in which the specification gives them."""

    service: Service
    auth: Auth | None = None
    security: Security | None = None
    performance: Performance | None = None
    contract: HandedOver | None = None
    entities: tuple[Entity, ...] = ()
    views: tuple[View, ...] = ()
    operations: tuple[Operation, ...] = ()
    logic: tuple[Logic, ...] = ()
    settings: tuple[Setting, ...] = ()
    integrations: tuple[Integration, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    def entity(self, name: str) -> Entity:
        """The entity of that name. Raises KeyError when there is none."""
        return self._entities[name]

    def view(self, name: str) -> View:
        """The view of that name. Raises KeyError when there is none."""
        return self._views[name]

    def operation(self, name: str) -> Operation:
        """The operation of that name. Raises KeyError when there is none."""
        return self._operations[name]

    def function(self, name: str) -> Logic:
        """The custom logic of that name. Raises KeyError when there is none."""
        return {logic.name: logic for logic in self.logic}[name]

    # Looked up for every field and step: a search each time would take the square of the model's size.
    # Where two have one name (a diagnostic says so), the first counts.

    @cached_property
    def _entities(self) -> dict[str, Entity]:
        return {entity.name: entity for entity in reversed(self.entities)}

    @cached_property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The key fields of each entity."""
        return {entity.name: entity.keys for entity in self.entities}

    @cached_property
    def takes_forms(self) -> bool:
        """Whether there is an operation whose body is no JSON."""
        return any(each.body is not None and each.body.media != "json" for each in self.operations)

    @cached_property
    def sequences(self) -> tuple[tuple[str, str], ...]:
        """The fields that the database numbers, with their entities' names."""
        return tuple(
            (entity.name, field.name)
            for entity in self.entities
            for field in entity.fields
            if field.generated == "sequence"
        )

    @cached_property
    def references(self) -> dict[str, list[tuple[Entity, Field, ReferenceType]]]:
        """The references that lead to each entity, in the order of the model."""
        found: dict[str, list[tuple[Entity, Field, ReferenceType]]] = {}
        for holder in self.entities:
            for field in holder.fields:
                if isinstance(field.type, ReferenceType):
                    found.setdefault(field.type.entity, []).append((holder, field, field.type))
        return found

    @cached_property
    def _views(self) -> dict[str, View]:
        return {view.name: view for view in reversed(self.views)}

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        return {operation.name: operation for operation in reversed(self.operations)}
