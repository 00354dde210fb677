"""Builds the rules of entities from their `access`."""

from __future__ import annotations

from backwright.expr.typed import FALSE
from backwright.model.formulas import Formulas
from backwright.model.types import Assumption, Rule, Verb
from backwright.spec.nodes import At, EntityNode

VERBS: tuple[Verb, ...] = ("create", "read", "update", "delete")


def build_access(entity: EntityNode, formulas: Formulas) -> dict[Verb, Rule]:
    """A rule for each verb; what is not named, or wrong, is allowed to nobody."""
    written = written_rules(entity)
    built: dict[At[str], Rule] = {}
    for rule in dict.fromkeys(written.values()):
        built[rule] = formulas.rule(rule, formulas.scope(entity.name.value))
    nobody = Rule(source="none", condition=FALSE)
    return {verb: built[written[verb]] if verb in written else nobody for verb in VERBS}


def written_rules(entity: EntityNode) -> dict[Verb, At[str]]:
    """The author's rule for each verb that has one; `write` stands for what is not named itself."""
    access = entity.access
    if access is None:
        return {}
    if access.all is not None:
        return dict.fromkeys(VERBS, access.all)
    named = {verb.value: rule for verb, rule in access.verbs}
    found: dict[Verb, At[str]] = {}
    for verb in VERBS:
        rule = named.get(verb) or (named.get("write") if verb != "read" else None)
        if rule is not None:
            found[verb] = rule
    return found


def access_assumptions(entity: EntityNode) -> list[Assumption]:
    """The verbs that nobody was given, where the author named others."""
    missing = [verb for verb in VERBS if verb not in written_rules(entity)]
    if entity.access is None or not missing:
        return []
    text = f"Nobody may {' or '.join(missing)}: `access` does not name it."
    return [Assumption(subject=entity.name.value, text=text, role="security")]


def build_after(entity: EntityNode, formulas: Formulas) -> Rule | None:
    """What has to hold after an update, where the author says so (`check`)."""
    verbs = entity.access.verbs if entity.access is not None else ()
    written = next((rule for verb, rule in verbs if verb.value == "check"), None)
    return None if written is None else formulas.rule(written, formulas.scope(entity.name.value))
