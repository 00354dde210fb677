"""Fields of entities, parameters, members of bodies: what a value can be."""

from __future__ import annotations

from backwright.spec.grammar.takes import (
    NAME,
    SET,
    Choice,
    Defined,
    Either,
    Expr,
    Fixed,
    Flag,
    Key,
    Named,
    Several,
    Takes,
    Text,
    Whole,
    define,
)

TYPES = (
    "string", "text", "integer", "decimal", "double", "boolean", "date", "timestamp", "uuid", "email",
    "password", "slug", "token", "json", "bytes",
)  # fmt: skip
DELETIONS = ("restrict", "cascade", "set_null")
ENTITY = Text("an entity, with ? behind it if null is allowed")
LIKE = Text("a field, as `Entity.field`, with ? behind it if null is allowed")
VALUES = Several(Text("a value"), least=1)

PARAMETER = Defined("parameter", "a type, or a table with the keys of `parameter`")
MEMBER = Defined("member", "a type, or a table with the keys of `member`")
ELEMENT = Defined("element", "a type, or a table with the keys of `element`")


def _type(words: tuple[str, ...], example: str) -> Key:
    return Key(
        name="type",
        takes=Choice(words, nullable=True),
        example=example,
        description="The type; a ? behind it allows null. Words such as `enum`, `ref` and `list` are implied by the "
        "keys of their names, and written only to add the ?.",
    )


_REF = Key(
    name="ref",
    takes=ENTITY,
    example="User",
    description="A reference to a row of that entity, by its key. In input, the row must be one that the caller "
    "may read.",
)
_ENUM = Key(name="enum", takes=VALUES, example="[low, high]", description="The values that it can have.")
_MIN = Key(
    name="min",
    takes=Whole(),
    example="1",
    description="Least length in characters, least value of a number, or least size of a list. What a whole number "
    "cannot say is a check: `this.amount >= 0.01`.",
)
_MAX = Key(
    name="max",
    takes=Whole(),
    example="200",
    description="Greatest length in characters (default: string 255, text 65535, email 254, password 128, "
    "slug 80), greatest value of a number, most elements of a list (100), or most bytes (1048576).",
)
_SCALE = Key(
    name="scale",
    takes=Whole(0, 9),
    example="2",
    description="How many digits a decimal has behind its point (2).",
)
_MEDIA = Key(
    name="media",
    takes=Several(Text("a media type"), least=1),
    example="[image/png, image/jpeg]",
    description="The media types that bytes may have when they come as a file.",
)
_MATCHES = Key(
    name="matches",
    takes=Text("a regular expression (RE2)"),
    example="'[A-Z]{2}[0-9]{4}'",
    description="What the whole of a text must look like, in RE2 syntax; judged on input.",
)
_FOLDED = Key(
    name="folded",
    takes=Flag(),
    example="true",
    description="true: A to Z become lower case in input, so that case makes no difference (emails always are).",
)
_DEFAULT = Key(
    name="default",
    takes=Expr(),
    example="false",
    description="The value when a client sends none. A value of an enum may stand without quotes.",
)
_WIRE = Key(
    name="wire",
    takes=NAME,
    example="tagList",
    description="What it is called in requests and responses, where that is not what `service.names` makes of it.",
)
_HEADER = Key(
    name="header",
    takes=Text("the name of a header"),
    example="X-Tenant",
    description="It comes in the header of this name, and not in the query; one value, of a type that is written as "
    "text.",
)
_LIKE = Key(
    name="like",
    takes=LIKE,
    example="Article.title",
    description="Typed and limited like that field.",
)

_LIST = Key(
    name="list",
    takes=ELEMENT,
    example="{type: string, max: 30}",
    description="A list: what each element is. `min` and `max` are how many there are.",
)
_OBJECT = Key(
    name="object",
    takes=Named("member", MEMBER),
    example="{sku: string, quantity: {type: integer, min: 1}}",
    description="An object with these members.",
)

MOVE = Fixed(
    name="move",
    description="How a row gets from one state to another.",
    keys=(
        Key(
            name="from",
            takes=Either((NAME, Several(NAME, least=1))),
            required=True,
            example="[open, doing]",
            description="The states from which it goes.",
        ),
        Key(name="to", takes=NAME, required=True, example="done", description="The state in which it ends."),
        Key(
            name="may",
            takes=Expr(words=("public", "none")),
            example="this.assignee == caller",
            description="Who may; else 403. Default: who may update the row.",
        ),
        Key(
            name="when",
            takes=Expr(),
            example="this.ready",
            description="What must hold of the row; else 409 with code `not_ready`.",
        ),
        Key(
            name="set",
            takes=SET,
            example="{done_at: now}",
            description="Values that change together with the state.",
        ),
    ),
    planned=("emit",),
)

FIELD = Fixed(
    name="field",
    description="One stored value. `title: string` is short for `title: {type: string}`.",
    keys=(
        _type((*TYPES, "enum", "ref", "list"), "date?"),
        _REF,
        Key(
            name="refs",
            takes=NAME,
            example="Label",
            description="References to many rows of that entity (many to many); assigned and shown as a list of "
            "keys. `max` limits how many (100).",
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
            name="on_delete",
            takes=Choice(DELETIONS),
            example="cascade",
            description="What happens when the row that is referred to is deleted: refused with 409 (restrict, the "
            "default; rows that go along hold nothing), this row goes too (cascade), or the reference becomes null "
            "(set_null).",
        ),
        Key(
            name="same",
            takes=NAME,
            example="org",
            description="A field that both rows must agree in: a task of one org cannot get another org's label.",
        ),
        _ENUM,
        Key(
            name="states",
            takes=VALUES,
            example="[open, doing, done]",
            description="The states of a row. The first is the initial one; only `moves` change it.",
        ),
        Key(
            name="moves",
            takes=Named("move", MOVE),
            example="{finish: {from: doing, to: done}}",
            description="The ways from state to state; an operation offers one with `move: Task.finish`.",
        ),
        Key(name="list", takes=ELEMENT, example=_LIST.example, description=_LIST.description),
        _MIN,
        _MAX,
        _SCALE,
        _MEDIA,
        _MATCHES,
        Key(
            name="source",
            takes=NAME,
            example="title",
            description="The field that a slug is made of; the slug is made again when it changes, unless it is a "
            "key or `immutable`, and is never input.",
        ),
        Key(name="unique", takes=Flag(), example="true", description="No two rows have the same value."),
        _DEFAULT,
        Key(
            name="set",
            takes=Expr(),
            example="caller",
            description="The value that the system gives when a row is created; it is never input.",
        ),
        Key(
            name="on_update",
            takes=Expr(),
            example="now",
            description="The value that the system gives when a row is created and whenever it is updated.",
        ),
        Key(
            name="input",
            takes=Flag(),
            example="false",
            description="false: clients cannot send it (default: true).",
        ),
        Key(
            name="read",
            takes=Expr(),
            example="this.person == caller",
            description="Who sees the value; to others it is null, in views, filters and sorting alike.",
        ),
        Key(
            name="write",
            takes=Expr(),
            example="caller.role == 'clerk'",
            description="Who may send the value; others get 403 when they do.",
        ),
        Key(
            name="immutable",
            takes=Flag(),
            example="true",
            description="true: it keeps the value that the row was created with.",
        ),
        _FOLDED,
        Key(
            name="personal",
            takes=Flag(),
            example="true",
            description="true: it says something about a person; logs and errors never show it.",
        ),
        Key(
            name="encrypted",
            takes=Flag(),
            example="true",
            description="true: it is stored encrypted.",
        ),
        _WIRE,
        Key(
            name="was",
            takes=NAME,
            example="name",
            description="The field's name before a rename: its data moves along. Also a field of another entity, "
            "`Order.street`: its values move from each order to the row that refers to it (by a reference that is "
            "`unique`), or back from there.",
        ),
    ),
)

PARAMETER_TABLE = Fixed(
    name="parameter",
    description="A parameter of the query, the path or a header, or an argument of a view. `q: string?` is short for "
    "`q: {type: string?}`. Without ? and `default` it is required.",
    keys=(
        _type((*TYPES, "enum", "ref", "list"), "string?"),
        _LIKE,
        _REF,
        _ENUM,
        Key(
            name="list",
            takes=ELEMENT,
            example="{enum: [open, done]}",
            description="A list: the parameter is repeated.",
        ),
        _MIN,
        _MAX,
        _SCALE,
        _MATCHES,
        _FOLDED,
        _DEFAULT,
        _WIRE,
        _HEADER,
    ),
)

MEMBER_TABLE = Fixed(
    name="member",
    description="A member of a request body. `n: integer?` is short for `n: {type: integer?}`.",
    keys=(
        _type((*TYPES, "enum", "ref", "list", "object"), "integer"),
        _LIKE,
        _REF,
        _ENUM,
        _LIST,
        _OBJECT,
        _MIN,
        _MAX,
        _SCALE,
        _MEDIA,
        _MATCHES,
        _FOLDED,
        _DEFAULT,
        _WIRE,
    ),
)

ELEMENT_TABLE = Fixed(
    name="element",
    description="What each element of a list is. References and objects: in bodies and parameters only.",
    keys=(
        _type((*TYPES, "enum", "ref", "object"), "string"),
        _LIKE,
        _REF,
        _ENUM,
        _OBJECT,
        _MIN,
        _MAX,
        _SCALE,
        _MATCHES,
        _FOLDED,
    ),
)


def _written(table: Fixed) -> Takes:
    return Either((Choice(TYPES, nullable=True), table))


define(PARAMETER, _written(PARAMETER_TABLE))
define(MEMBER, _written(MEMBER_TABLE))
define(ELEMENT, _written(ELEMENT_TABLE))
FIELD_TAKES = _written(FIELD)
