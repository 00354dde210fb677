"""The keys of a specification: the one source of shape checking, the JSON Schema and the reference manual."""

from __future__ import annotations

import msgspec

TYPES = ("string", "text", "integer", "boolean", "date", "timestamp", "uuid", "email", "password")
VERBS = ("create", "read", "update", "delete")
OPERATIONS = ("list", "create", "get", "update", "delete")
FLOWS = ("register", "login")


class Text(msgspec.Struct, frozen=True):
    """Plain text. `says` is what it is, for messages and the manual."""

    says: str


class Expr(msgspec.Struct, frozen=True):
    """An expression of the expression language. `words` are the single words that may stand instead."""

    words: tuple[str, ...] = ()


class Whole(msgspec.Struct, frozen=True):
    """A whole number within bounds."""

    least: int = -(2**63)
    most: int = 2**63 - 1


class Flag(msgspec.Struct, frozen=True):
    """true or false."""


class Choice(msgspec.Struct, frozen=True):
    """One of some words; with `nullable`, a trailing ? may follow."""

    values: tuple[str, ...]
    nullable: bool = False


class Several(msgspec.Struct, frozen=True):
    """A list."""

    of: Takes


class Named(msgspec.Struct, frozen=True):
    """A table whose keys are the user's own names. `says` is what the names are."""

    says: str
    of: Takes


class Either(msgspec.Struct, frozen=True):
    """Alternatives that differ in kind: text, list or table."""

    options: tuple[Takes, ...]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: what it takes, what it is for, and an example of its value."""

    name: str
    takes: Takes
    description: str
    example: str
    required: bool = False


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A table with fixed keys. `planned` are keys of the language that this version does not build yet."""

    name: str
    description: str
    keys: tuple[Key, ...]
    planned: tuple[str, ...] = ()

    def key(self, name: str) -> Key | None:
        """The key of that name, if the shape has it."""
        return next((key for key in self.keys if key.name == name), None)


Takes = Text | Expr | Whole | Flag | Choice | Several | Named | Either | Shape

NAME = Text("a name")
ORDER_TERM = Text("a field, with `asc` or `desc` behind it if wanted")
RULE = Expr(words=("public", "none"))

SERVICE = Shape(
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
            name="unknown_fields",
            takes=Choice(("ignore", "reject")),
            example="reject",
            description="What happens to request members that no operation declares (default: ignore).",
        ),
    ),
    planned=("names", "errors", "limits"),
)

AUTH = Shape(
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
            takes=Several(Choice(FLOWS)),
            example="[register, login]",
            description="Ready-made operations: POST /auth/register and POST /auth/login.",
        ),
        Key(
            name="token",
            takes=Shape(
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
    ),
    planned=("sessions", "verify_email", "reset_password", "invite", "providers"),
)

FIELD = Shape(
    name="field",
    description="One stored value. `title: string` is short for `title: {type: string}`.",
    keys=(
        Key(
            name="type",
            takes=Choice((*TYPES, "enum", "ref"), nullable=True),
            example="date?",
            description="The type; a trailing ? allows null. `enum` and `ref` are implied by those keys.",
        ),
        Key(
            name="ref",
            takes=Text("an entity, with ? behind it if null is allowed"),
            example="User",
            description="A reference to a row of that entity, which then cannot be deleted.",
        ),
        Key(
            name="inverse",
            takes=NAME,
            example="members",
            description="What the other entity calls the rows that refer to it, for expressions such as "
            "this.members.exists(m, m.user == caller). Default: the plural of this entity, if it has one "
            "reference to the other.",
        ),
        Key(
            name="enum",
            takes=Several(Text("a value")),
            example="[low, high]",
            description="The values that the field can have.",
        ),
        Key(
            name="min",
            takes=Whole(),
            example="1",
            description="Least length in characters, or least value of an integer.",
        ),
        Key(
            name="max",
            takes=Whole(),
            example="200",
            description="Greatest length in characters (default: string 255, text 65535, email 254, "
            "password 128), or greatest value of an integer.",
        ),
        Key(name="unique", takes=Flag(), example="true", description="No two rows have the same value."),
        Key(
            name="default",
            takes=Expr(),
            example="false",
            description="The value when a client creates a row without it.",
        ),
        Key(
            name="set",
            takes=Expr(),
            example="caller",
            description="The value that the system gives when a row is created; it is never input.",
        ),
        Key(
            name="input",
            takes=Flag(),
            example="false",
            description="false: clients cannot send it (default: true).",
        ),
        Key(
            name="was",
            takes=NAME,
            example="name",
            description="The field's name before a rename: its data moves along.",
        ),
    ),
    planned=(
        "read",
        "write",
        "computed",
        "stored",
        "same",
        "states",
        "list",
        "encrypted",
        "personal",
        "check",
    ),
)

PAGING = Shape(
    name="crud.paging",
    description="How long a page of a list is.",
    keys=(
        Key(
            name="default",
            takes=Whole(1, 1000),
            example="20",
            description="Rows if not asked (20).",
        ),
        Key(name="max", takes=Whole(1, 1000), example="100", description="Most rows of one page (100)."),
    ),
    planned=("style",),
)

CRUD = Shape(
    name="crud",
    description="The usual operations of an entity.",
    keys=(
        Key(
            name="path",
            takes=Text("a path"),
            required=True,
            example="/orders",
            description="Where the operations live; one row is at `<path>/{id}`.",
        ),
        Key(
            name="only",
            takes=Several(Choice(OPERATIONS)),
            example="[list, get]",
            description="Which of the operations there are (default: list, create, get, update, delete).",
        ),
        Key(
            name="filters",
            takes=Named("filter", Expr()),
            example='{paid: "this.paid == params.paid"}',
            description="Conditions on the list, each applied when its parameters are present.",
        ),
        Key(
            name="order",
            takes=Either((ORDER_TERM, Several(ORDER_TERM))),
            example="created_at desc",
            description="The order of the list; the key ends it (default: the key).",
        ),
        Key(name="paging", takes=PAGING, example="{default: 20, max: 100}", description=PAGING.description),
    ),
    planned=("parent", "steps", "where", "sort", "view", "body", "respond", "wrap", "replace"),
)

ACCESS = Shape(
    name="access",
    description="A rule for each verb; a verb that is not named is allowed to nobody.",
    keys=(
        *(
            Key(name=verb, takes=RULE, example="this.owner == caller", description=f"Who may {verb} a row.")
            for verb in VERBS
        ),
        Key(
            name="write",
            takes=RULE,
            example="this.owner == caller",
            description="Short for create, update and delete where these are not named.",
        ),
    ),
    planned=("check",),
)

INDEX = Shape(
    name="index",
    description="An index with more to say than its fields.",
    keys=(
        Key(
            name="on",
            takes=Several(ORDER_TERM),
            required=True,
            example="[owner, title]",
            description="Its fields, in order.",
        ),
        Key(
            name="unique",
            takes=Flag(),
            example="true",
            description="No two rows have the same values; null equals nothing here.",
        ),
    ),
    planned=("where",),
)

COMPUTED = Shape(
    name="computed",
    description="A computed value with more to say than its expression.",
    keys=(
        Key(
            name="value",
            takes=Expr(),
            required=True,
            example="size(this.tasks)",
            description="The expression; `this` is the row that has the value.",
        ),
    ),
    planned=("stored",),
)

ENTITY = Shape(
    name="entity",
    description="A kind of row. Every entity has the key `id`, a uuid7.",
    keys=(
        Key(
            name="fields",
            takes=Named("field", Either((Choice(TYPES, nullable=True), FIELD))),
            required=True,
            example="{title: string, due: date?}",
            description="What is stored, in the order of the columns.",
        ),
        Key(
            name="access",
            takes=Either((RULE, ACCESS)),
            example="this.owner == caller",
            description="Who may do what: one rule for all verbs, or a rule for each. `public` is everyone, "
            "`none` is nobody. Without it nothing is built: role security is asked.",
        ),
        Key(
            name="computed",
            takes=Named("computed value", Either((Expr(), COMPUTED))),
            example='{is_member: "this.members.exists(m, m.user == caller)"}',
            description="Values that are named once and used in rules and filters, of this entity and of "
            "others: this.org.is_member. `caller` is who calls where the value is used.",
        ),
        Key(
            name="indexes",
            takes=Several(Either((ORDER_TERM, Several(ORDER_TERM), INDEX))),
            example="[[owner, created_at desc]]",
            description="Indexes, each over one or more fields: a field, a list of them, or a table.",
        ),
        Key(
            name="crud",
            takes=CRUD,
            example="{path: /orders}",
            description="Offers the usual operations over HTTP.",
        ),
        Key(
            name="was",
            takes=NAME,
            example="Order",
            description="The entity's name before a rename: its rows move along.",
        ),
        Key(
            name="plural",
            takes=NAME,
            example="people",
            description="The plural for operation and module names, where English is irregular.",
        ),
    ),
    planned=(
        "key", "states", "unique", "checks", "version", "soft_delete", "tenancy", "audit",
        "immutable", "personal", "encrypted",
    ),
)  # fmt: skip

DOCUMENT = Shape(
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
            name="include",
            takes=Several(Text("a path relative to the project, which may contain *")),
            example="[spec/*.yaml]",
            description="Files that are merged in; a name that is defined twice is an error.",
        ),
    ),
    planned=(
        "views", "operations", "logic", "jobs", "events", "integrations", "webhooks", "summaries", "security",
        "errors", "limits", "performance", "stack",
    ),
)  # fmt: skip
