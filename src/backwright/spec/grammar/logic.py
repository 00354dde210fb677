"""Custom logic: what the specification does not determine, declared by what goes in and what comes out."""

from __future__ import annotations

from backwright.spec.grammar.answers import CATEGORIES
from backwright.spec.grammar.fields import MEMBER
from backwright.spec.grammar.takes import (
    NAME,
    REASON,
    Choice,
    Defined,
    Either,
    Fixed,
    Key,
    Named,
    Several,
    Text,
    Whole,
    define,
)

USES = ("clock", "http", "files", "subprocess")

LITERAL = Defined("literal", "a value as JSON would have it")
define(LITERAL, Either((Text("a value", literal=True), Named("member", LITERAL), Several(LITERAL))))

LOGIC_ERROR = Fixed(
    name="logic.error",
    description="An error of custom logic, with more to say than the category.",
    keys=(
        Key(
            name="error",
            takes=Choice(CATEGORIES),
            required=True,
            example="conflict",
            description="The category, which decides the status.",
        ),
        Key(name="message", takes=Text("text"), example="Too many.", description="Words for people."),
        Key(
            name="field",
            takes=NAME,
            example="quantity",
            description="The member of the request that is at fault.",
        ),
    ),
)

LOGIC_EXAMPLE = Fixed(
    name="logic.example",
    description="What comes out for what goes in: a test of the code, and what stands in for it elsewhere.",
    keys=(
        Key(
            name="input",
            takes=Named("input", LITERAL),
            required=True,
            example="{quantity: 3, unit_price: '2.50'}",
            description="A value for each input that is required.",
        ),
        Key(
            name="output",
            takes=Named("output", LITERAL),
            example="{total: '7.50'}",
            description="What is returned.",
        ),
        Key(name="error", takes=NAME, example="too_many", description="Or the error that is raised."),
    ),
    one_of=("output", "error"),
)

LOGIC = Fixed(
    name="logic",
    description="A function that you write, in a file that is made once and then yours. A step `call` runs it.",
    keys=(
        Key(
            name="description",
            takes=Text("text"),
            example="The price of a line, after the discount table.",
            description="One sentence on what it does.",
        ),
        Key(
            name="input",
            takes=Named("input", MEMBER),
            example="{quantity: {type: integer, min: 1}, unit_price: decimal}",
            description="What goes in. A reference goes in as the key of its row.",
        ),
        Key(
            name="output",
            takes=Named("output", MEMBER),
            required=True,
            example="{total: decimal}",
            description="What comes out. It is held against these types and limits; what does not fit is a "
            "failure of the service (500).",
        ),
        Key(
            name="errors",
            takes=Named("error", Either((Choice(CATEGORIES), LOGIC_ERROR))),
            example="{too_many: invalid}",
            description="How it can fail: a code of your own, and its category or more.",
        ),
        Key(
            name="uses",
            takes=Several(NAME),
            example="[clock, rates, offer_days]",
            description="What it may use besides its input: the request's instant (`clock`), `settings` and "
            "`integrations` by their names, outgoing requests of its own (`http`), files below one folder (`files`), "
            "other programs (`subprocess`).",
        ),
        Key(
            name="reads",
            takes=Several(NAME, least=1),
            example="[Tariff]",
            description="The entities whose rows it may look at: by key, and by what an index finds; only rows that "
            "the caller may read, and of them what every reader may see.",
        ),
        Key(
            name="seconds",
            takes=Whole(1, 60),
            example="5",
            description="How long it may take (default: 10); then the answer is 503.",
        ),
        Key(
            name="trusted",
            takes=REASON,
            example="reads stock of all tenants for the forecast",
            description="Why it may go past the rules and use the database itself; it is in the report.",
        ),
        Key(
            name="examples",
            takes=Several(LOGIC_EXAMPLE),
            example="[{input: {quantity: 3, unit_price: '2.50'}, output: {total: '7.50'}}]",
            description=LOGIC_EXAMPLE.description,
        ),
    ),
)
