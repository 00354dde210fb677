"""Checks of a specification: one rule per file, found by being there.

A rule is a module with a registered `CODE` and a function `check(document, model)` that yields diagnostics.
The model is what could be built; where something could not, a rule about the document says why.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Protocol, cast

from backwright.model.types import Model
from backwright.spec.diagnostics import Code, Diagnostic
from backwright.spec.nodes import SpecDocument

QUESTIONS = frozenset({"BW501"})
"""Codes that a person's answer settles: the task protocol asks them."""


class Rule(Protocol):
    """What a rule's module offers."""

    CODE: Code

    def check(self, document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
        """Every place that breaks the rule."""


def rules() -> list[Rule]:
    """Every rule, in the order of its code."""
    modules = [
        cast(Rule, importlib.import_module(f"{__name__}.{found.name}"))
        for found in pkgutil.iter_modules(__path__)
    ]
    return sorted(modules, key=lambda rule: rule.CODE.code)


def check(document: SpecDocument, model: Model) -> list[Diagnostic]:
    """What every rule finds."""
    return [problem for rule in rules() for problem in rule.check(document, model)]
