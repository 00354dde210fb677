"""Who decides what: `backwright.roles.yaml`, or the defaults that stand for it.

The four roles are fixed, since events and questions name them; which of them decides, who stands in, who holds a role,
and whose veto a failed gate is, is the team's. A file that is not as it must be is refused: falling back to the
defaults would let somebody decide who should not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal as OneOf
from typing import get_args

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError, diagnose, register
from backwright.spec.grammar import Choice, Fixed, Key, Named, Several, Takes, Text
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.shape import shape_problems
from backwright.spec.yamltext import parse
from backwright.task import documents
from backwright.task.asked import Clarification
from backwright.task.clarifications import ROLES
from backwright.task.events import Role

FILE = "backwright.roles.yaml"

NO_GATE = register(
    "BW917",
    "A veto is about a gate that there is not",
    "Whoever was meant to be asked while it fails would not be.",
    "vetoes: {laod: architect}",
)
Deferred = OneOf["requirement", "clarification", "scenario", "acceptance criteria", "stack"]

DECIDES: Mapping[str, Role] = {
    "access": "security",
    "requirement": "product-manager",
    "scenario": "product-manager",
    "spec.md": "product-manager",
    "plan.md": "architect",
    "tasks.md": "team-lead",
    "stack": "architect",
    "acceptance criteria": "product-manager",
    "requirement reference": "product-manager",
    "dependencies": "team-lead",
    "priority": "team-lead",
    "plan": "team-lead",
}
"""What a question is about, and who decides it."""

TOPICS: Mapping[Role, tuple[str, ...]] = {
    "security": (
        "authenticat", "authoriz", "authoris", "auth method", "permission", "password", "sign-in", "sign in", "login",
        "log in", "oauth", "sso", "session", "token", "encrypt", "secret", "personal data", "privacy", "gdpr",
        "retention", "retain", "who may", "who can",
    ),
    "architect": (
        "database", "storage", "framework", "protocol", "message queue", "cache", "latency", "throughput", "concurren",
        "deployment",
    ),
}  # fmt: skip
"""Beginnings of words that take a clarification to somebody else than the file's usual decider."""

VETOES: Mapping[str, Role] = {
    "contract": "architect",
    "query-budget": "architect",
    "load": "architect",
    "memory": "architect",
    "acceptance": "product-manager",
    "criteria": "product-manager",
    "authorization": "security",
    "static-analysis": "security",
    "secrets": "security",
    "log-redaction": "security",
    "vulnerabilities": "security",
}
"""Who decides what changes while a gate fails; for the others it is the team lead. Nobody can answer one away."""

DEFERS: frozenset[Deferred] = frozenset(("scenario",))

_ROLE = Choice(ROLES)


def _by_role(name: str, takes: Takes, description: str, example: str) -> Key:
    """A key whose value is a table with the roles as keys."""
    keys = tuple(Key(name=role, takes=takes, description=description, example=example) for role in ROLES)
    return Key(
        name=name,
        takes=Fixed(name=name, description=description, keys=keys),
        description=description,
        example=f"{{security: {example}}}",
    )


_ABOUT = Fixed(
    name="decides",
    description="what a question is about, and who decides it",
    keys=tuple(
        Key(name=about, takes=_ROLE, description="who decides", example=role)
        for about, role in DECIDES.items()
    ),
)
GRAMMAR = Fixed(
    name=FILE,
    description="who decides what",
    keys=(
        Key(name="decides", takes=_ABOUT, description=_ABOUT.description, example="{plan.md: architect}"),
        _by_role(
            "topics",
            Several(Text("the beginning of a word")),
            "words that take a mark to a role",
            "[password]",
        ),
        _by_role(
            "deputies", Several(_ROLE, 1), "roles that may decide in the place of this one", "[team-lead]"
        ),
        _by_role(
            "people", Several(Text("a name"), 1), "who holds the role; without it, whoever says so", "[sam]"
        ),
        Key(
            name="vetoes",
            takes=Named("gate", _ROLE),
            description="who decides what changes while a gate fails",
            example="{load: architect}",
        ),
        Key(
            name="defers",
            takes=Several(Choice(get_args(Deferred))),
            description="questions that do not stop the build",
            example="[scenario]",
        ),
    ),
)


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides, stands in, holds a role and vetoes."""

    decides: Mapping[str, Role] = msgspec.field(default_factory=lambda: DECIDES)
    topics: Mapping[Role, tuple[str, ...]] = msgspec.field(default_factory=lambda: TOPICS)
    deputies: Mapping[Role, tuple[Role, ...]] = {}
    people: Mapping[Role, tuple[str, ...]] = {}
    vetoes: Mapping[str, Role] = msgspec.field(default_factory=lambda: VETOES)
    vetoes_at: Mapping[str, Place] = {}
    defers: frozenset[Deferred] = DEFERS

    def clarifies(self, unclear: Clarification) -> Role:
        """Who is asked about a mark: whom it names, else by its words, else by its file."""
        if unclear.role:
            return unclear.role
        for role, words in self.topics.items():
            if any(re.search(rf"(?<!\w){re.escape(word)}", unclear.text, re.IGNORECASE) for word in words):
                return role
        return self.decides[unclear.file]

    def may_decide(self, role: str, asked: Role) -> bool:
        """Whether a role may decide what another was asked."""
        return role == asked or role in self.deputies.get(asked, ())

    def vetoed_by(self, gate: str) -> Role:
        """Who decides what changes while a gate fails."""
        return self.vetoes.get(gate, "team-lead")

    def holds(self, person: str, role: Role) -> bool:
        """Whether somebody holds a role, where it is said who does. A name is no proof of who somebody is."""
        held_by = self.people.get(role)
        return held_by is None or person.strip().casefold() in {name.casefold() for name in held_by}


DEFAULT = Roles()


def read(project: Project) -> Roles:
    """The roles of a project. Raises SpecificationError with everything that is wrong in the file."""
    file = documents.read(project, project.root, FILE)
    if not file.there:
        return DEFAULT
    root, found = parse(file.text, FILE) if not file.diagnostics else (None, list(file.diagnostics))
    if root is None or found:
        raise SpecificationError(found)
    problems: list[Diagnostic] = list(shape_problems(root, GRAMMAR, f"`{FILE}`"))
    if problems:
        raise SpecificationError(problems)
    return Roles(
        decides={**DECIDES, **_roles(root.get("decides"))},
        topics={
            role: words for role in ROLES if (words := _words(root.get("topics"), role, TOPICS.get(role, ())))
        },
        deputies={
            role: others for role in ROLES if (others := _known(_words(root.get("deputies"), role, ())))
        },
        people={role: names for role in ROLES if (names := _words(root.get("people"), role, ()))},
        vetoes={**VETOES, **_roles(root.get("vetoes"))},
        vetoes_at=_places(root.get("vetoes")),
        defers=_defers(root.get("defers")),
    )


def unknown_gates(roles: Roles, known: Iterable[str]) -> tuple[Diagnostic, ...]:
    """What is wrong with the vetoes, for those who know which gates there are."""
    names = sorted(known)
    return tuple(
        diagnose(NO_GATE, place, f"there is no gate {gate}", f"The gates are {', '.join(names)}.", "warning")
        for gate, place in roles.vetoes_at.items()
        if gate not in names
    )


def _places(raw: Raw | None) -> dict[str, Place]:
    entries = raw.entries if isinstance(raw, Table) else ()
    return {entry.key.value: entry.key.place for entry in entries}


def _roles(raw: Raw | None) -> dict[str, Role]:
    entries = raw.entries if isinstance(raw, Table) else ()
    found: dict[str, Role] = {}
    for entry in entries:
        if isinstance(entry.value, Scalar):
            found |= dict.fromkeys([entry.key.value], *_known((entry.value.value,)))
    return found


def _known(names: tuple[str, ...]) -> tuple[Role, ...]:
    return tuple(role for name in names for role in ROLES if role == name)


def _words(raw: Raw | None, key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    value = raw.get(key) if isinstance(raw, Table) else None
    if not isinstance(value, Items):
        return otherwise
    return tuple(
        item.value.strip() for item in value.items if isinstance(item, Scalar) and item.value.strip()
    )


def _defers(raw: Raw | None) -> frozenset[Deferred]:
    if not isinstance(raw, Items):
        return DEFERS
    words = {item.value for item in raw.items if isinstance(item, Scalar)}
    return frozenset(each for each in get_args(Deferred) if each in words)
