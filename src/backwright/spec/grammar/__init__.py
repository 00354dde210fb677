"""The keys of a specification: the one source of shape checking, the JSON Schema and the reference manual."""

from backwright.spec.grammar.answers import CATEGORIES
from backwright.spec.grammar.document import DOCUMENT, FLOWS
from backwright.spec.grammar.entities import OPERATIONS, VERBS
from backwright.spec.grammar.fields import TYPES
from backwright.spec.grammar.operations import SUGAR
from backwright.spec.grammar.steps import STEP_VERBS
from backwright.spec.grammar.takes import (
    Choice,
    Defined,
    Either,
    Expr,
    Fixed,
    Flag,
    Key,
    Named,
    Pattern,
    Several,
    Takes,
    Text,
    Whole,
    alternatives,
    resolved,
)

__all__ = [
    "CATEGORIES",
    "DOCUMENT",
    "FLOWS",
    "OPERATIONS",
    "STEP_VERBS",
    "SUGAR",
    "TYPES",
    "VERBS",
    "Choice",
    "Defined",
    "Either",
    "Expr",
    "Fixed",
    "Flag",
    "Key",
    "Named",
    "Pattern",
    "Several",
    "Takes",
    "Text",
    "Whole",
    "alternatives",
    "resolved",
]
