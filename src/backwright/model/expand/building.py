"""What the parts of building operations share: the entities, the views, and the diagnostics found."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.expr.typed import Type
from backwright.model.expand.codes import UNKNOWN
from backwright.model.expand.words import wire
from backwright.model.formulas import Formulas
from backwright.model.types import Auth, Entity, Field, Logic, View
from backwright.spec.diagnostics import Code, Place, diagnose
from backwright.spec.nodes import At, EntityNode, FieldNode, SpecDocument
from backwright.spec.shape import nearest

RESERVED = frozenset({"this", "caller", "params", "body", "session", "now", "total", "next", "rows"})
"""Names that a binding cannot have."""


class ViewHead:
    """What can be said about a view before it is built: its entity and its arguments in order."""

    def __init__(self, name: str, entity: str, arguments: dict[str, Type]) -> None:
        self.name = name
        self.entity = entity
        self.arguments = arguments


class Building:
    """The specification and what was made of it so far, by name."""

    def __init__(
        self,
        document: SpecDocument,
        entities: Iterable[Entity],
        heads: dict[str, ViewHead],
        auth: Auth | None,
        formulas: Formulas,
    ) -> None:
        self.document = document
        self.entities = {entity.name: entity for entity in entities}
        self.fields: dict[str, dict[str, Field]] = {
            entity.name: {field.name: field for field in entity.fields} for entity in self.entities.values()
        }
        self.heads = heads
        self.views: dict[str, View] = {}
        self.logic: dict[str, Logic] = {}
        self.auth = auth
        self.formulas = formulas
        self.nodes: dict[str, EntityNode] = {node.name.value: node for node in document.entities}
        self.written: dict[tuple[str, str], FieldNode] = {
            (node.name.value, field.name.value): field for node in document.entities for field in node.fields
        }
        names = document.service.names
        self.camel_case = names is not None and names.value == "camelCase"
        envelope = document.service.envelope
        self.envelope = envelope is None or envelope.value

    def wire(self, name: str) -> str:
        """The name of a parameter or a member in requests and answers."""
        return wire(name, camel_case=self.camel_case)

    def field_wire(self, field: Field) -> str:
        """The name of a field in requests and answers: the author's own, or that of the field."""
        return field.wire or self.wire(field.name)

    def refuse(self, code: Code, place: Place, message: str, mend: str) -> None:
        """Records what is wrong."""
        self.formulas.found.append(diagnose(code, place, message, mend))

    def unknown(self, code: Code, name: At[str], what: str, known: Iterable[str]) -> None:
        """Records that nothing is called so, with the nearest name that something has."""
        choices = sorted(known)
        near = nearest(name.value, choices)
        mend = f"did you mean `{near}`?" if near else f"known here: {', '.join(choices) or 'none'}"
        self.refuse(code, name.place, f"there is no {what} `{name.value}`", mend)

    def entity(self, name: At[str]) -> Entity | None:
        """The entity of that name; where there is none, that is recorded."""
        found = self.entities.get(name.value)
        if found is None:
            self.unknown(UNKNOWN, name, "entity", self.entities)
        return found
