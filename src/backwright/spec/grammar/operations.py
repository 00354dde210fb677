"""Operations: route, input, who may call, steps, answer; and what holds around them."""

from __future__ import annotations

from backwright.spec.grammar.answers import ERRORS, RESPOND
from backwright.spec.grammar.fields import MEMBER, PARAMETER
from backwright.spec.grammar.lists import LISTED, WHERE_LISTED
from backwright.spec.grammar.steps import STEP
from backwright.spec.grammar.takes import (
    DATE,
    NAME,
    RATE,
    REASON,
    ROUTE,
    RULE,
    SET,
    Choice,
    Either,
    Fixed,
    Flag,
    Key,
    Named,
    Several,
    Text,
    Whole,
)

SUGAR = ("list", "read", "create", "update", "delete", "move")
DEMAND = Choice(("required",), flag=True)

LIMITS = Fixed(
    name="limits",
    description="How much may be asked.",
    keys=(
        Key(
            name="rate",
            takes=RATE,
            example="10/minute",
            description="Most requests in a second, minute, hour or day; beyond that 429.",
        ),
        Key(
            name="by",
            takes=Choice(("caller", "address")),
            example="address",
            description="Whose requests are counted together (default: the caller's; without auth the address's).",
        ),
        Key(
            name="body",
            takes=Whole(1, 2**31 - 1),
            example="65536",
            description="Most bytes of a request body; beyond that 413.",
        ),
    ),
)

P95 = Key(
    name="p95_ms",
    takes=Whole(1, 600_000),
    example="200",
    description="Within how many milliseconds 95 of 100 requests have to be answered (default: 500).",
)
PERFORMANCE = Fixed(
    name="operation.performance",
    description="How fast this operation has to answer, instead of what holds for the service.",
    keys=(P95,),
)

CACHE = Fixed(
    name="cache",
    description="How long an answer to GET may be kept. `cache: 60` is short for `cache: {seconds: 60}`.",
    keys=(
        Key(
            name="seconds",
            takes=Whole(0, 2**31 - 1),
            required=True,
            example="60",
            description="For how long.",
        ),
        Key(
            name="scope",
            takes=Choice(("public", "private")),
            example="public",
            description="By whom: public (proxies as well) or private (default: only the caller).",
        ),
    ),
)

DEPRECATED = Fixed(
    name="deprecated",
    description="That an operation is going away. `deprecated: 2026-01-01` is short for `{since: 2026-01-01}`.",
    keys=(
        Key(name="since", takes=DATE, required=True, example="2026-01-01", description="Since when."),
        Key(name="sunset", takes=DATE, example="2027-01-01", description="Until when it answers."),
        Key(
            name="link",
            takes=Text("a link"),
            example="https://shop.example/changes",
            description="Where to read what to do instead.",
        ),
    ),
)

PARENT = Key(
    name="parent",
    takes=Named("binding", NAME),
    example="{article: Article}",
    description="A row that is found first, by the path, and bound. A list then shows only its rows, create refers to "
    "it, read, update and delete find only its rows.",
)
BODY = Either((Named("member", MEMBER), Several(Either((NAME, Named("member", MEMBER))))))
WRAP = Key(
    name="wrap",
    takes=NAME,
    example="article",
    description="The member under which the body comes, and the row or page goes.",
)
BARE = Key(
    name="bare",
    takes=NAME,
    example="lines",
    description="The one member of the body, a list, that comes without a name: the body is `[…]`, and in expressions "
    "`body.lines`.",
)
REPLACE = Key(
    name="replace",
    takes=Flag(),
    example="true",
    description="update: the body is the whole row (PUT): what is absent becomes its default or null.",
)
IF_MATCH = Key(
    name="if_match",
    takes=DEMAND,
    example="required",
    description="If-Match names the version that is changed; another one is 412. `required`: absent is 428. Needs an "
    "entity with `version`.",
)
VIEW = Key(
    name="view", takes=NAME, example="ArticleItem", description="The view of the row or page that is shown."
)
LIMITS_KEY = Key(
    name="limits", takes=LIMITS, example="{rate: 10/minute, by: address}", description=LIMITS.description
)

_ABOUT = (
    Key(
        name="route",
        takes=ROUTE,
        example="POST /articles/{slug}/favorite",
        description="Method and path. A parameter in braces that has the name of a key or unique field finds the row.",
    ),
    Key(
        name="summary",
        takes=Text("text"),
        example="Mark an article as a favorite.",
        description="One sentence; shown in the OpenAPI document.",
    ),
)
_SUGAR = (
    Key(name="list", takes=NAME, example="Article", description="Selects rows and shows a page of them."),
    Key(name="read", takes=NAME, example="Article", description="Finds a row and shows it."),
    Key(name="create", takes=NAME, example="Article", description="Creates a row from the body; 201."),
    Key(
        name="update",
        takes=NAME,
        example="Article",
        description="Finds a row and changes what the body has: absent is unchanged, null clears.",
    ),
    Key(name="delete", takes=NAME, example="Article", description="Finds a row and deletes it; 204."),
    Key(
        name="move",
        takes=Text("a move, as `Entity.move`"),
        example="Task.finish",
        description="Finds a row and moves it: 404, 403 (`may`), 409 (wrong state), 409 (`when`), in this order.",
    ),
)
_LIKE = Key(
    name="like",
    takes=NAME,
    example="get_articles",
    description="Another operation: what is not said here is as there (but name, route, summary, deprecated).",
)
_INSIDE = (
    Key(
        name="access",
        takes=RULE,
        example="caller != null",
        description="Who may call it, about `caller` alone. The rules of entities hold besides.",
    ),
    PARENT,
    Key(
        name="params",
        takes=Named("parameter", PARAMETER),
        example="{q: string?, n: {type: integer, default: 10}}",
        description="Parameters of the query and of headers, and types of path parameters. Filters may use parameters "
        "without this.",
    ),
    Key(
        name="body",
        takes=BODY,
        example="[title, text]",
        description="What the request carries: fields of the entity by name, or members with types of their own. "
        "Default for create and update: every field that can be input.",
    ),
    Key(
        name="accepts",
        takes=Choice(("json", "form", "multipart")),
        example="form",
        description="How the body comes: JSON (default), a form, or a form with files.",
    ),
    WRAP,
    BARE,
    REPLACE,
    WHERE_LISTED,
    Key(
        name="set",
        takes=SET,
        example="{edited_at: now}",
        description="create, update: values that the operation gives; they are then not in the usual body.",
    ),
    *LISTED,
    VIEW,
    Key(
        name="trusted",
        takes=REASON,
        example="sign-in finds the account that is to be proved",
        description="Why the sugar's steps go past the access rules; every such place is in the report.",
    ),
    Key(
        name="steps",
        takes=Several(STEP),
        example="[{find: Article}, {ensure: Favorite, set: {article: article}}]",
        description="What is done, in order and all or nothing; after what the sugar does.",
    ),
    Key(
        name="respond",
        takes=Either((Whole(200, 399), RESPOND)),
        example="{status: 201, body: {id: order.id}}",
        description="What success looks like (default: the row or page, else 204).",
    ),
    Key(
        name="errors",
        takes=ERRORS,
        example="{conflict: 400}",
        description="How failures of this operation are answered, over those of the service.",
    ),
    LIMITS_KEY,
    Key(
        name="cache",
        takes=Either((Whole(0, 2**31 - 1), CACHE)),
        example="60",
        description="How long the answer may be kept, in seconds, or more.",
    ),
    Key(
        name="deprecated",
        takes=Either((DATE, DEPRECATED)),
        example="2026-01-01",
        description="Since when it is deprecated, or more.",
    ),
    Key(
        name="idempotent",
        takes=DEMAND,
        example="true",
        description="The header Idempotency-Key makes repeating harmless: the first answer is given again for 24 "
        "hours. `required`: absent is 400.",
    ),
    IF_MATCH,
    Key(
        name="performance",
        takes=PERFORMANCE,
        example="{p95_ms: 200}",
        description=PERFORMANCE.description,
    ),
)

OPERATION = Fixed(
    name="operation",
    description="One thing that callers can do: a route, input, who may, steps, an answer. At most one of list, "
    "read, create, update, delete and move, which write the usual steps.",
    keys=(*_ABOUT, *_SUGAR, _LIKE, *_INSIDE),
    at_most_one=SUGAR,
)

CRUD_OPERATION = Fixed(
    name="crud.operation",
    description="What is different about one operation of `crud`; see `operation`.",
    keys=(*_ABOUT, *_INSIDE),
)
