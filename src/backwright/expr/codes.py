"""The diagnostic codes of expressions (BW4xx). Codes are stable and never reused."""

from __future__ import annotations

from backwright.spec.diagnostics import register

TOO_LARGE = register(
    "BW401",
    "Expression is too long or too deeply nested",
    "Expressions are reviewed by people and compiled into single statements; the limits keep both possible.",
    "((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))",
)
SYNTAX = register(
    "BW402",
    "Expression cannot be read",
    "Expressions follow the grammar of CEL, the Common Expression Language.",
    "this.owner = caller",
)
UNKNOWN_NAME = register(
    "BW403",
    "Unknown name in an expression",
    "this, caller, params, body, session, now, entities and the bindings of earlier steps can be named.",
    "owner == caller",
)
UNKNOWN_FIELD = register(
    "BW404",
    "Unknown field in an expression",
    "Expressions name fields as the specification declares them.",
    "this.ownr == caller",
)
UNKNOWN_INPUT = register(
    "BW405",
    "Unknown member of params, body or session",
    "params, body and the objects in it have the members that the operation declares and no others.",
    "this.done == params.dun",
)
OPERAND_TYPE = register(
    "BW406",
    "Operand has the wrong type",
    "Values are never converted silently: a comparison across types would always have the same answer.",
    "this.title == 3",
)
NULL_COMPARISON = register(
    "BW407",
    "Comparison with null has only one answer",
    "A value that cannot be null never equals null; the condition hides a mistake.",
    "this.title == null",
)
RESULT_TYPE = register(
    "BW408",
    "Expression has the wrong result type",
    "A rule or filter is true or false; a default or set value must fit its field.",
    "this.title",
)
UNKNOWN_VALUE = register(
    "BW409",
    "Unknown enum value",
    "An enum has only the values it declares; inside expressions they are quoted strings.",
    "this.status == 'opne'",
)
MAY_BE_NULL = register(
    "BW410",
    "Value may be null where null is not possible",
    "What null should mean here is for the specification to say, not for the compiler to guess.",
    "!this.confirmed",
)
INTEGER_RANGE = register(
    "BW411",
    "Integer is outside 64 bits",
    "Integers are 64 bit everywhere: in JSON, in Python and in the databases.",
    "this.views < 9223372036854775808",
)
NO_CALLER = register(
    "BW413",
    "There is no caller",
    "caller is a row of the identity entity; without `auth` nobody can sign in.",
    "this.owner == caller",
)
NUMBER_RANGE = register(
    "BW414",
    "Number cannot be held",
    "Decimals have 18 digits and doubles are finite, in JSON, in Python and in the databases.",
    "this.price < 1234567890123456789.5",
)
LEFT_OUT = register(
    "BW415",
    "Construct of CEL that this language leaves out",
    "It would mean different things in different databases, or there is a plainer way to say it.",
    "this.title.matches('[a-z]+')",
)
WRONG_TEXT = register(
    "BW416",
    "Text is not a date, timestamp or duration",
    "Constants are read when the specification is, so that no request can fail over them.",
    "this.due < date('2026-02-30')",
)
UNKNOWN_FUNCTION = register(
    "BW417",
    "Unknown function",
    "Expressions call the functions of this language and no others; custom code has its own place.",
    "len(this.title) > 3",
)
