"""The top level of a specification: the service, and who its callers are."""

from __future__ import annotations

from backwright.spec.grammar.answers import ERRORS
from backwright.spec.grammar.entities import ENTITY
from backwright.spec.grammar.environment import INTEGRATION, TYPE_OR_SETTING
from backwright.spec.grammar.logic import LOGIC
from backwright.spec.grammar.operations import LIMITS, OPERATION, P95
from backwright.spec.grammar.shapes import VIEW
from backwright.spec.grammar.takes import (
    NAME,
    PATH,
    RATE,
    REASON,
    ROUTE,
    Choice,
    Either,
    Fixed,
    Flag,
    Key,
    Named,
    Pattern,
    Several,
    Text,
    Whole,
)

FLOWS = ("register", "login", "logout", "me")
PLANNED_FLOWS = ("verify_email", "reset_password", "invite")

DEVIATION = Fixed(
    name="service.contract.deviation",
    description="Where the service is allowed not to keep the contract.",
    keys=(
        Key(
            name="rule",
            takes=Pattern("a rule of `backwright contract diff`, like `CD201`", r"^CD[0-9]{3}$"),
            required=True,
            example="CD201",
            description="What kind of deviation it is: what the gate `contract` calls it.",
        ),
        Key(
            name="operation",
            takes=Pattern("a method and a path", r"^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) /.*$"),
            example="GET /orders",
            description="Where it is, as the contract writes it (default: everywhere).",
        ),
        Key(
            name="at",
            takes=Pattern(
                "a place as the gate `contract` names it, like `answer 200.lines[].note`",
                r"^(body|answer|credentials|(query|path|header|cookie) parameter)([ .\[*].*)?$",
            ),
            example="answer 200.lines[].note",
            description="Which part of what the operation takes or answers, and all inside it: `body.note`, "
            "`query parameter colour`, `answer 200.lines[].note`, `answer 200 header etag`, `credentials basicAuth`; "
            "`*` stands for anything (default: all of it). Nothing else of the operation is free.",
        ),
        Key(
            name="reason",
            takes=REASON,
            required=True,
            example="Nobody filters by colour any more.",
            description="Why, for those who read the result.",
        ),
    ),
)

CONTRACT = Fixed(
    name="service.contract",
    description="An OpenAPI description that was handed over, and what may be otherwise.",
    keys=(
        Key(
            name="file",
            takes=PATH,
            required=True,
            example="contract/openapi.yaml",
            description="Where it is in the project. It may refer to other files of the project.",
        ),
        Key(
            name="deviations",
            takes=Several(DEVIATION),
            example="[{rule: CD201, operation: GET /orders, reason: Nobody filters by colour any more.}]",
            description="What is agreed to be otherwise.",
        ),
    ),
)

SERVICE = Fixed(
    name="service",
    description="What is built.",
    keys=(
        Key(name="name", takes=NAME, required=True, example="shop", description="The service's name."),
        Key(
            name="version",
            takes=Text("a version"),
            required=True,
            example="1.0.0",
            description="Its version.",
        ),
        Key(
            name="description",
            takes=Text("text"),
            example="Orders and stock",
            description="One sentence on what the service is for; shown in its OpenAPI document.",
        ),
        Key(
            name="names",
            takes=Choice(("snake_case", "camelCase")),
            example="camelCase",
            description="How fields, members and query parameters are called over HTTP (default: snake_case, as "
            "written). Names that the author writes into shapes, paths and `wire` stay as they are.",
        ),
        Key(
            name="envelope",
            takes=Flag(),
            example="false",
            description="false: answers are bare, without `data`, `error` and `meta` around them (default: true).",
        ),
        Key(
            name="unknown_fields",
            takes=Choice(("ignore", "reject")),
            example="reject",
            description="What happens to request members that no operation declares (default: ignore).",
        ),
        Key(
            name="nulls",
            takes=Choice(("show", "omit")),
            example="omit",
            description="Whether a member of an answer that is null is there with null (default), or left out.",
        ),
        Key(
            name="failures",
            takes=Choice(("json", "problem_json")),
            example="problem_json",
            description="The media type of failures: application/json (default), or application/problem+json "
            "(RFC 9457). What they say is for `errors`.",
        ),
        Key(
            name="changes",
            takes=Choice(("at_once", "expand_then_contract")),
            example="expand_then_contract",
            description="Whether a field that is dropped, renamed or converted goes with the migration (default), or "
            "is kept in step for the earlier version until a second migration has an approval of its own (PostgreSQL).",
        ),
        Key(
            name="kept_days",
            takes=Whole(1, 3650),
            example="30",
            description="For how many days what a migration drops is kept, so that it can be rolled back with its rows "
            "(default: 90). Then `migrate purge` may remove it.",
        ),
        Key(
            name="contract",
            takes=Either((PATH, CONTRACT)),
            example="contract/openapi.yaml",
            description="An OpenAPI description (3.0 or 3.1) that was handed over. The gate `contract` fails as long "
            "as the service does not keep it: answers that it does not allow, requests refused that it allows, "
            "operations and members that are missing.",
        ),
    ),
)

FLOWS_TABLE = Fixed(
    name="auth.flows",
    description="Ready-made operations with routes of one's own.",
    keys=tuple(
        Key(
            name=flow,
            takes=ROUTE,
            example="GET /users/me" if flow == "me" else f"POST /users/{flow}",
            description=f"Where `{flow}` lives.",
        )
        for flow in FLOWS
    ),
    planned=PLANNED_FLOWS,
)

AUTH = Fixed(
    name="auth",
    description="Who callers are, and how they sign in.",
    keys=(
        Key(
            name="identity",
            takes=NAME,
            required=True,
            example="User",
            description="The entity whose rows are callers; it has one field of type password.",
        ),
        Key(
            name="by",
            takes=NAME,
            required=True,
            example="email",
            description="The unique field that finds the row when someone signs in.",
        ),
        Key(
            name="flows",
            takes=Either((Several(Choice(FLOWS, planned=PLANNED_FLOWS)), FLOWS_TABLE)),
            example="[register, login, logout, me]",
            description="Ready-made operations: POST /auth/register, POST /auth/login, POST /auth/logout, "
            "GET /auth/me; a table gives them other routes.",
        ),
        Key(
            name="token",
            takes=Fixed(
                name="auth.token",
                description="Access tokens.",
                keys=(
                    Key(
                        name="minutes",
                        takes=Whole(1, 60 * 24 * 365),
                        example="60",
                        description="How long an access token is valid (default: 60).",
                    ),
                ),
            ),
            example="{minutes: 30}",
            description="Access tokens.",
        ),
        Key(
            name="scheme",
            takes=NAME,
            example="Token",
            description="The word before the token in the header Authorization (default: Bearer).",
        ),
        Key(
            name="cookie",
            takes=NAME,
            example="session",
            description="Callers come with this cookie instead of a header; see cookie sessions.",
        ),
    ),
    at_most_one=("scheme", "cookie"),
    planned=("sessions", "verify_email", "reset_password", "invite", "providers", "api_keys"),
)

SECURITY = Fixed(
    name="security",
    description="What guards the data behind the service's own queries.",
    keys=(
        Key(
            name="row_level",
            takes=Choice(("on", "off")),
            example="on",
            description="on: PostgreSQL judges every row by the entities' `access` once more, for the caller of the "
            "request, so that a query which forgot its rule still answers nothing (default: off). SQLite has no "
            "such thing: there the rules inside the queries are the only ones.",
        ),
    ),
)

PERFORMANCE = Fixed(
    name="performance",
    description="How fast it has to answer, and how much at once; the gate `load` judges it.",
    keys=(
        P95,
        Key(
            name="rate",
            takes=RATE,
            example="50/second",
            description="The requests that it has to bear while it does (default: 20/second).",
        ),
    ),
)

DOCUMENT = Fixed(
    name="backwright.yaml",
    description="The top level of a specification.",
    keys=(
        Key(
            name="service",
            takes=SERVICE,
            required=True,
            example="{name: shop, version: 1.0.0}",
            description=SERVICE.description,
        ),
        Key(
            name="auth",
            takes=AUTH,
            example="{identity: User, by: email, flows: [register, login]}",
            description=AUTH.description,
        ),
        Key(
            name="entities",
            takes=Named("entity", ENTITY),
            required=True,
            example="{Order: {fields: {number: string}, access: none}}",
            description="What is stored, and who may reach it.",
        ),
        Key(
            name="views",
            takes=Named("view", VIEW),
            example="{Profile: {of: User, fields: [name]}}",
            description="What callers see of rows. An entity has a view of its own name, with all its fields, "
            "unless one is declared.",
        ),
        Key(
            name="operations",
            takes=Named("operation", OPERATION),
            example='{get_user: {route: "GET /users/{id}", read: User}}',
            description="What callers can do, besides `auth.flows` and `crud`.",
        ),
        Key(
            name="logic",
            takes=Named("function", LOGIC),
            example="{quote_price: {input: {quantity: integer}, output: {total: decimal}}}",
            description="Functions that you write, because the specification does not determine what they do.",
        ),
        Key(
            name="settings",
            takes=Named("setting", TYPE_OR_SETTING),
            example="{offer_days: {type: integer, default: 30}}",
            description="Variables of the environment that custom logic uses.",
        ),
        Key(
            name="integrations",
            takes=Named("integration", INTEGRATION),
            example="{rates: {header: X-Api-Key, seconds: 2}}",
            description="Partners that custom logic asks over HTTP.",
        ),
        Key(
            name="errors",
            takes=ERRORS,
            example="{body: {message: message}, invalid: 400}",
            description="How failures are answered.",
        ),
        Key(
            name="limits",
            takes=LIMITS,
            example="{rate: 300/minute, by: address}",
            description="How much may be asked of every operation.",
        ),
        Key(
            name="security",
            takes=SECURITY,
            example="{row_level: on}",
            description=SECURITY.description,
        ),
        Key(
            name="performance",
            takes=PERFORMANCE,
            example="{p95_ms: 200, rate: 50/second}",
            description=PERFORMANCE.description,
        ),
        Key(
            name="include",
            takes=Several(Text("a path relative to the project, which may contain *")),
            example="[spec/*.yaml]",
            description="Files that are merged in; a name that is defined twice is an error.",
        ),
    ),
    planned=(
        "jobs", "events", "webhooks", "summaries", "stack",
        "graphql",
    ),
)  # fmt: skip
