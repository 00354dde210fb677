"""Reads an operation once before its expressions: which entities its steps are about, and what its path means.

Expressions are checked with the types of all parameters known, so the path has to be understood first.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr.parse import parse
from backwright.model.expand.codes import NO_WAY, PARENT, TOLD
from backwright.model.expand.draft import Draft, Parent
from backwright.model.expand.headers import alike, in_header
from backwright.model.expand.inputs import declared
from backwright.model.expand.matching import Match, match, path_parameter
from backwright.model.expand.mentions import mentions
from backwright.model.formulas import type_of
from backwright.model.naming import snake
from backwright.model.types import Entity, Field, InputField, ListType, ReferenceType
from backwright.spec.diagnostics import SpecificationError
from backwright.spec.nodes import At, StepNode


def plan(draft: Draft, steps: list[StepNode]) -> None:
    """Fills the operation's parents, the matches of its finds, and the types of its parameters."""
    found = _Planning(draft, steps)
    found.parents()
    found.finds()
    found.parameters()


def binding_of(node: StepNode, entity: Entity) -> str:
    """The name that a step gives to what it makes."""
    if node.binding is not None:
        return node.binding.value
    many = node.verb.value == "select" or (node.verb.value == "create" and is_list(node.source))
    many = many or node.verb.value in ("update", "delete")
    return entity.plural if many else snake(entity.name)


def is_list(source: At[str] | None) -> bool:
    """Whether a step takes from something else than the whole body."""
    return source is not None and source.value.strip() != "body"


class _Planning:
    def __init__(self, draft: Draft, steps: list[StepNode]) -> None:
        self.draft = draft
        self.building = draft.building
        self.steps = steps
        self.used: set[str] = set()
        self.like: dict[str, Field] = {}
        self.rows: dict[str, str] = {}

    def parents(self) -> None:
        """The rows that the path goes through, each found by its parameter and, nested, by the one before."""
        found: list[Parent] = []
        for name, target in self.draft.node.parents:
            entity = self.building.entity(target)
            if entity is None:
                continue
            above = self._above(entity, found)
            given = frozenset(field for field, _ in above)
            by = self._match(entity, given, first=True)
            if by is None:
                message = f"nothing in `{self.draft.route.path}` says which {entity.name} is meant"
                mend = f"name a parameter after its key or a unique field: {{{snake(entity.name)}}}"
                self.draft.refuse(NO_WAY, name.place, message, mend)
            found.append(Parent(bind=name.value, entity=entity, field=None, match=by, place=name.place))
            self.rows[name.value] = entity.name
        self.draft.parents = tuple(self._joined(found))

    def _above(self, entity: Entity, parents: list[Parent]) -> list[tuple[str, str]]:
        """The references of a parent to the parents before it."""
        found = []
        for parent in parents:
            fields = references(entity, parent.entity.name)
            if len(fields) == 1:
                found.append((fields[0], parent.bind))
        return found

    def _joined(self, parents: list[Parent]) -> Iterator[Parent]:
        """Each parent with the reference to it of the operation's own entity.

        A parent that only other parents belong to needs none.
        """
        entity = self.draft.entity
        for number, parent in enumerate(parents):
            if entity is None:
                yield parent
                continue
            fields = references(entity, parent.entity.name)
            if len(fields) == 1:
                yield msgspec.structs.replace(parent, field=fields[0])
                continue
            between = any(references(other.entity, parent.entity.name) for other in parents[number + 1 :])
            named = [field for field in fields if field == parent.bind]
            if named:
                yield msgspec.structs.replace(parent, field=named[0])
            elif fields or not (between or self.draft.node.where is not None):
                many = " and ".join(f"`{field}`" for field in fields)
                message = f"{entity.name} refers to {parent.entity.name} by {many or 'nothing'}"
                mend = "call the parent like the reference that is meant, or give the operation a `where`"
                self.draft.refuse(PARENT, parent.place, message, mend)
                yield parent
            else:
                yield parent

    def finds(self) -> None:
        """The path parameters that each step finds its row by."""
        for node in self.steps:
            entity = self.building.entities.get(node.target.value)
            if entity is None:
                continue
            self.rows.setdefault(binding_of(node, entity), entity.name)
            if node.verb.value == "find" and node.where is None:
                given = frozenset(self.draft.given()) if entity is self.draft.entity else frozenset()
                found = self._match(entity, given)
                self.draft.matches[id(node)] = found
                if found is None:
                    message = f"nothing says which {entity.name} is to be found"
                    mend = f"add `where: …`, or a parameter to the path: {{{entity.key}}}"
                    self.draft.refuse(NO_WAY, node.target.place, message, mend)

    def _match(self, entity: Entity, given: frozenset[str], *, first: bool = False) -> Match | None:
        found = match(entity, self.draft.route.parameters, self.used, self.building, given=given, first=first)
        if found is None:
            return None
        self.used |= set(found.fields)
        fields = self.building.fields[entity.name]
        for name, field in found.fields.items():
            if field in fields:
                self.like.setdefault(name, fields[field])
        return found

    def parameters(self) -> None:
        """Declared parameters; others of the path are like what they find or are compared with."""
        own = {member.name: member for member in self._declared()}
        compared = self._compared()
        for segment in self.draft.route.parameters:
            said = own.pop(segment.name, None)
            if said is not None and said.header:
                message = f"`{said.name}` is in the path already"
                self.draft.refuse(
                    TOLD, said.place, message, "remove `header`, or name the parameter otherwise"
                )
            like = self.like.get(segment.name) if said is None else _as_field(said)
            like = like or compared.get(segment.name)
            parameter = path_parameter(segment, like, self.building)
            known = like or Field(name=segment.name, column=segment.name, type=parameter.type)
            kind = msgspec.structs.replace(type_of(known), nullable=False)
            self.draft.add_path(parameter, kind)
        for member in own.values():
            self.draft.add_query(member)
        twice = alike(own.values())
        if twice is not None:
            message = f"another parameter is called `{twice.wire}`, too"
            self.draft.refuse(TOLD, twice.place, message, "give one of them another name")

    def _declared(self) -> Iterator[InputField]:
        for node in self.draft.node.params:
            member = declared(node, self.building)
            if member is None:
                self.draft.unclear["params"].add(node.name.value)
            else:
                yield in_header(member, node, self.building)

    def _compared(self) -> dict[str, Field]:
        """What parameters of the path are compared with anywhere."""
        found: dict[str, Field] = {}
        if not self.draft.route.parameters:
            return found
        for written, this in self._conditions():
            try:
                tree = parse(written.value, written.place, written.turns).tree
            except SpecificationError:
                continue  # reported where the expression is built
            names = dict(self.rows)
            if this is not None:
                names["this"] = this
            if self.building.formulas.identity is not None:
                names["caller"] = self.building.formulas.identity
            for name, mention in mentions(tree, names, self.building).items():
                if mention.like is not None and not isinstance(mention.like.type, ListType):
                    found.setdefault(name, mention.like)
        return found

    def _conditions(self) -> Iterator[tuple[At[str], str | None]]:
        for node in self.steps:
            entity = node.target.value if node.target.value in self.building.entities else None
            if node.where is not None:
                yield node.where, entity
            for _, condition in node.filters:
                yield condition, entity
            if node.verb.value == "require":
                yield node.target, None


def references(entity: Entity, target: str) -> list[str]:
    """The references of an entity to another."""
    return [
        field.name
        for field in entity.fields
        if isinstance(field.type, ReferenceType) and field.type.entity == target
    ]


def _as_field(member: InputField) -> Field:
    return Field(name=member.name, column=member.name, type=member.type, folded=member.folded)
