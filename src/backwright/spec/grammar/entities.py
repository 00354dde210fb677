"""Entities: what is stored, who may reach it, and the usual operations on it."""

from __future__ import annotations

from backwright.spec.grammar.fields import FIELD_TAKES
from backwright.spec.grammar.lists import LISTED, WHERE_LISTED
from backwright.spec.grammar.operations import (
    CRUD_OPERATION,
    IF_MATCH,
    LIMITS_KEY,
    PARENT,
    REPLACE,
    VIEW,
    WRAP,
)
from backwright.spec.grammar.takes import (
    NAME,
    ORDER_TERM,
    PATH,
    RULE,
    Choice,
    Either,
    Expr,
    Fixed,
    Flag,
    Key,
    Named,
    Several,
    Whole,
)

VERBS = ("create", "read", "update", "delete")
OPERATIONS = ("list", "create", "get", "update", "delete")
GENERATED_KEYS = ("sequence", "uuid", "token")

CRUD = Fixed(
    name="crud",
    description="The usual operations of an entity.",
    keys=(
        Key(
            name="path",
            takes=PATH,
            required=True,
            example="/orders",
            description="Where the operations live; one row is at `<path>/{id}`.",
        ),
        Key(
            name="key",
            takes=NAME,
            example="slug",
            description="The unique field that paths name rows by (default: the key).",
        ),
        Key(
            name="only",
            takes=Several(Choice(OPERATIONS)),
            example="[list, get]",
            description="Which of the operations there are (default: list, create, get, update, delete).",
        ),
        PARENT,
        WHERE_LISTED,
        *LISTED,
        VIEW,
        WRAP,
        REPLACE,
        IF_MATCH,
        LIMITS_KEY,
        *(
            Key(
                name=name,
                takes=CRUD_OPERATION,
                example="{body: [title]}" if name in ("create", "update") else "{access: caller != null}",
                description=f"What is different about `{name}`.",
            )
            for name in OPERATIONS
        ),
    ),
)

ACCESS = Fixed(
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
        Key(
            name="check",
            takes=RULE,
            example="this.org.is_member",
            description="What must hold of a row after an update, instead of the update rule.",
        ),
    ),
)

INDEX = Fixed(
    name="index",
    description="An index with more to say than its fields.",
    keys=(
        Key(
            name="on",
            takes=Several(ORDER_TERM, least=1),
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

CHECK = Fixed(
    name="check",
    description="What must hold of every row, with more to say than the condition.",
    keys=(
        Key(
            name="that",
            takes=Expr(),
            required=True,
            example="this.starts < this.ends",
            description="The condition; `this` is the row.",
        ),
        Key(
            name="field", takes=NAME, example="ends", description="The field that callers are told is wrong."
        ),
        Key(
            name="code",
            takes=NAME,
            example="before_start",
            description="How it is wrong, for programs (default: the check's name).",
        ),
    ),
)

COMPUTED = Fixed(
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
        Key(
            name="stored",
            takes=Flag(),
            example="true",
            description="true: it may be kept instead of computed anew. This never changes its meaning; `caller` and "
            "`now` cannot be in it. So far it is computed where it is asked for, and needs no migration.",
        ),
    ),
)

AUDIT = Fixed(
    name="audit",
    description="Which changes are recorded, and who may read the records.",
    keys=(
        Key(
            name="on",
            takes=Several(Choice(("create", "update", "delete")), least=1),
            example="[update, delete]",
            description="Which changes (default: all).",
        ),
        Key(
            name="read",
            takes=RULE,
            example="caller.role == 'clerk'",
            description="Who may read the records (default: none); `this` is the record.",
        ),
    ),
)

ENTITY = Fixed(
    name="entity",
    description="A kind of row. Unless `key` says otherwise it has the key `id`, a uuid7 that the service makes.",
    keys=(
        Key(
            name="key",
            takes=Either((NAME, Several(NAME, least=1), Named("key field", Choice(GENERATED_KEYS), most=1))),
            example="{id: sequence}",
            description="The key. A declared field (`sku`), several (`[org, account]`), or one that the service "
            "makes: `{id: sequence}`, `{id: uuid}`, `{code: token}`. A key never changes.",
        ),
        Key(
            name="fields",
            takes=Named("field", FIELD_TAKES),
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
            description="Values that are named once and used in rules, filters, orders and views, of this entity and "
            "of others: this.org.is_member. `caller` is who calls where the value is used.",
        ),
        Key(
            name="unique",
            takes=Several(Several(NAME, least=1)),
            example="[[org, name]]",
            description="Fields whose values no two rows share; null equals nothing here.",
        ),
        Key(
            name="indexes",
            takes=Several(Either((ORDER_TERM, Several(ORDER_TERM, least=1), INDEX))),
            example="[[owner, created_at desc]]",
            description="Indexes, each over one or more fields: a field, a list of them, or a table.",
        ),
        Key(
            name="checks",
            takes=Named("check", Either((Expr(), CHECK))),
            example="{in_order: {that: this.starts < this.ends, field: ends}}",
            description="What must hold of every row; else 422.",
        ),
        Key(
            name="version",
            takes=Flag(),
            example="true",
            description="true: each row has a `version` that counts its updates; it is the ETag, for If-Match.",
        ),
        Key(
            name="soft_delete",
            takes=Flag(),
            example="true",
            description="true: deleted rows stay, with `deleted_at`, and are invisible to everything. To rows that "
            "refer to one, `on_delete` does what it does when a row really goes. What a deleted row refers to with "
            "`on_delete: restrict` cannot really go while it is kept.",
        ),
        Key(
            name="tenancy",
            takes=NAME,
            example="org",
            description="The reference that says to whom a row belongs. It never changes, and rows refer only to rows "
            "of the same.",
        ),
        Key(
            name="audit",
            takes=Either((Flag(), AUDIT)),
            example="{read: this.org.is_admin}",
            description="Records who changed what, in an entity `<Name>Audit` with the fields row (the key, as text), "
            "action (created, updated or deleted), at, caller, operation, request_id, before and after, and the tenant "
            "where there is one. It is listed like any entity.",
        ),
        Key(
            name="immutable",
            takes=Flag(),
            example="true",
            description="true: rows are never updated.",
        ),
        Key(
            name="expected_rows",
            takes=Whole(0, 2**53),
            example="1000000",
            description="How many rows there will be. From 100000 on, no request may read the table from end to end: "
            "`plan` says which filters and orders no index serves, and the gate `query-budget` fails where a statement "
            "has no index that helps. The gate `load` puts in so many, and at most 10,000.",
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
)
