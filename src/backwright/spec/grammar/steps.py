"""The steps of operations."""

from __future__ import annotations

from backwright.spec.grammar.answers import CATEGORIES
from backwright.spec.grammar.lists import LISTED
from backwright.spec.grammar.takes import (
    NAME,
    REASON,
    SET,
    Choice,
    Either,
    Expr,
    Fixed,
    Flag,
    Key,
    Named,
    Several,
    Text,
)

STEP_VERBS = (
    "find", "select", "require", "create", "update", "delete", "ensure", "upsert", "verify_password", "sign_in",
    "sign_out", "call",
)  # fmt: skip
_ENTITY_OR_BINDING = Text("a binding, or an entity")

ELSE = Fixed(
    name="else",
    description="How a step fails, with more to say than the category.",
    keys=(
        Key(
            name="error",
            takes=Choice(CATEGORIES),
            required=True,
            example="conflict",
            description="The category, which decides the status.",
        ),
        Key(
            name="code",
            takes=NAME,
            example="out_of_stock",
            description="A code for programs (default: the category).",
        ),
        Key(name="message", takes=Text("text"), example="Nothing is left.", description="Words for people."),
        Key(
            name="field",
            takes=NAME,
            example="quantity",
            description="The member of the request that is at fault.",
        ),
    ),
)

STEP = Fixed(
    name="step",
    description="One step: its verb and what it is about, and the keys that the verb takes.",
    one_of=STEP_VERBS,
    keys=(
        Key(
            name="find",
            takes=NAME,
            example="Article",
            description="One row of an entity: by `where`, or by the path; 404 if there is none that the caller may "
            "read. Takes where, as, optional, else, trusted, if.",
        ),
        Key(
            name="select",
            takes=NAME,
            example="Task",
            description="A page of rows, or with `group` and `values`, groups of rows; with `values` alone, one record "
            "about all of them. Takes where, filters, order, sort, paging, group, values, as, trusted, if.",
        ),
        Key(
            name="require",
            takes=Expr(),
            example="stock.quantity >= body.quantity",
            description="Goes on only if this holds. Takes else (default: invalid), if.",
        ),
        Key(
            name="create",
            takes=NAME,
            example="Comment",
            description="A row, or with `from: body.lines` one for each element, which is `item`; also for "
            "each of some rows, bound or named: `from: cart.lines`. Takes set, from, as, trusted, if.",
        ),
        Key(
            name="update",
            takes=_ENTITY_OR_BINDING,
            example="article",
            description="Changes a row that was found, or with `where` all rows of an entity that it selects "
            "(`as` is then how many there were). Takes "
            "set, from, where, as, trusted, if.",
        ),
        Key(
            name="delete",
            takes=_ENTITY_OR_BINDING,
            example="article",
            description="Deletes a row that was found, or with `where` all rows of an entity that it selects "
            "(`as` is then how many there were). Takes "
            "where, as, trusted, if.",
        ),
        Key(
            name="ensure",
            takes=NAME,
            example="Favorite",
            description="The row with these values of a unique key, created if there is none. Takes set, by, as, "
            "trusted, if.",
        ),
        Key(
            name="upsert",
            takes=NAME,
            example="Setting",
            description="Creates a row, or changes the one with the same values in `by`. Takes by, set, if_exists, "
            "else, as, trusted, if.",
        ),
        Key(
            name="verify_password",
            takes=NAME,
            example="user",
            description="The row's password is that in `from`, else 401 invalid_credentials. Takes from, else, if.",
        ),
        Key(
            name="sign_in",
            takes=NAME,
            example="user",
            description="Makes an access token for the row; with auth.cookie, sets the cookie. Takes as (the "
            "token), if.",
        ),
        Key(
            name="sign_out",
            takes=Expr(),
            example="caller",
            description="The caller's token is worth nothing any more. Takes if.",
        ),
        Key(
            name="call",
            takes=NAME,
            example="quote_price",
            description="Runs custom logic (see `logic`) and binds what comes out, before anything is written. "
            "Takes set (its inputs), from, as, if.",
        ),
        Key(
            name="as",
            takes=NAME,
            example="author",
            description="The name for what the step finds or makes (default: the entity in lower case, its plural "
            "for several).",
        ),
        Key(
            name="where",
            takes=Expr(),
            example="this.email == body.email",
            description="Which rows; `this` is each of them.",
        ),
        Key(
            name="set",
            takes=SET,
            example="{views: this.views + 1}",
            description="Values. In an update, `this` is the row as it is stored.",
        ),
        Key(
            name="from",
            takes=Expr(),
            example="body",
            description="Where values come from: members of `body`, or of each element of `body.lines`, that have "
            "the name of a field (or of an input). For verify_password: the password.",
        ),
        Key(
            name="by",
            takes=Either((NAME, Several(NAME, least=1))),
            example="[org, account]",
            description="The fields of a unique key.",
        ),
        Key(
            name="if",
            takes=Expr(),
            example="caller != null",
            description="Only then is the step done; what it binds is null otherwise, several rows are none.",
        ),
        Key(
            name="else",
            takes=Either((Choice(CATEGORIES), ELSE)),
            example="{error: conflict, code: out_of_stock}",
            description="How it fails: a category, or more.",
        ),
        Key(
            name="if_exists",
            takes=Expr(),
            example="this.token == body.token",
            description="upsert: what must hold of the stored row, else `else`.",
        ),
        Key(
            name="optional",
            takes=Flag(),
            example="true",
            description="find: no row is no failure, the binding is null.",
        ),
        Key(
            name="trusted",
            takes=REASON,
            example="the founder owns what he founds",
            description="Why this step goes past the access rules; every such place is in the report.",
        ),
        *LISTED,
        Key(
            name="group",
            takes=Named("group", Expr()),
            example="{status: this.status}",
            description="select: what rows are grouped by. Groups are in the order of `order`, which names keys and "
            "values of the groups, and then of their keys; `paging: {max: 5}` gives the first five (default: 1000).",
        ),
        Key(
            name="values",
            takes=Named("value", Expr()),
            example="{n: size(rows)}",
            description="select: what is computed of the `rows` of each group. Without `group`, of all rows that "
            "match: the step binds one record then (`totals.n`).",
        ),
    ),
    planned=("emit", "enqueue"),
)
