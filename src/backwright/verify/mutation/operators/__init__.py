"""The operators, by what they are about."""

from __future__ import annotations

from backwright.verify.mutation.operators import (
    answers,
    authentication,
    haste,
    operation,
    paging,
    rules,
    runtime,
    storage,
    validation,
    views,
    writing,
)
from backwright.verify.mutation.types import Operator

FAMILIES = (
    rules.FAMILY,
    authentication.FAMILY,
    validation.FAMILY,
    writing.FAMILY,
    paging.FAMILY,
    views.FAMILY,
    answers.FAMILY,
    storage.FAMILY,
    operation.FAMILY,
    haste.FAMILY,
    runtime.FAMILY,
)
OPERATORS: tuple[Operator, ...] = tuple(each for family in FAMILIES for each in family.operators)
