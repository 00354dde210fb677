"""What custom logic gets from outside: settings of the environment, and partners that it asks over HTTP."""

from __future__ import annotations

from backwright.spec.grammar.takes import Choice, Either, Fixed, Flag, Key, Text, Whole

SETTING_TYPES = ("string", "integer", "decimal", "boolean")

SETTING = Fixed(
    name="setting",
    description="A variable of the environment, which custom logic uses. It is checked when the service starts.",
    keys=(
        Key(
            name="type",
            takes=Choice(SETTING_TYPES),
            example="integer",
            description="Its type (default: string).",
        ),
        Key(
            name="description",
            takes=Text("text"),
            example="Days after which an offer ends.",
            description="What it is for; shown in `.env.example` and the README.",
        ),
        Key(
            name="default",
            takes=Text("a value", literal=True),
            example="30",
            description="What holds where the variable is not set; without one, the service does not start then.",
        ),
        Key(
            name="secret",
            takes=Flag(),
            example="true",
            description="true: it has no default, and is shown nowhere.",
        ),
    ),
)

INTEGRATION = Fixed(
    name="integration",
    description="A partner that custom logic asks over HTTP. Where it is, says the variable `<NAME>_URL`.",
    keys=(
        Key(
            name="description",
            takes=Text("text"),
            example="Exchange rates of the central bank.",
            description="Who it is; shown in `.env.example` and the README.",
        ),
        Key(
            name="header",
            takes=Text("the name of a header"),
            example="X-Api-Key",
            description="The header in which it wants the secret of the variable `<NAME>_KEY`; with `Authorization` "
            "the secret is a bearer token. Without one, no secret is sent.",
        ),
        Key(
            name="seconds",
            takes=Whole(1, 60),
            example="2",
            description="How long one attempt may take (default: 5).",
        ),
        Key(
            name="attempts",
            takes=Whole(1, 10),
            example="3",
            description="How often a request that may be repeated (GET, HEAD, PUT, DELETE) is tried (default: 3).",
        ),
        Key(
            name="private",
            takes=Flag(),
            example="true",
            description="true: it is in one's own network, and http is enough; else only public addresses are "
            "asked, by https.",
        ),
    ),
)

TYPE_OR_SETTING = Either((Choice(SETTING_TYPES), SETTING))
