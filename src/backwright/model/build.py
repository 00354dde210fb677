"""Specification → model: names resolved, sugar expanded, rules guarded, defaults applied and listed."""

from __future__ import annotations

from backwright.model.access import access_assumptions, build_access
from backwright.model.check import QUESTIONS, check
from backwright.model.expand import crud_assumptions, expand_crud, order_term
from backwright.model.fields import build_fields, field_assumptions, with_values
from backwright.model.flows import expand_flows
from backwright.model.formulas import Formulas
from backwright.model.naming import index_name, package, plural, table
from backwright.model.types import (
    Assumption,
    Auth,
    Entity,
    Field,
    Index,
    Model,
    Operation,
    Service,
    View,
    ViewField,
)
from backwright.spec.diagnostics import Diagnostic, SpecificationError
from backwright.spec.nodes import EntityNode, IndexNode, SpecDocument

TOKEN_MINUTES = 60


def build(document: SpecDocument) -> Model:
    """What a specification means. Raises SpecificationError with every diagnostic and open question."""
    model, found = examine(document)
    if model is None or any(problem.severity == "error" for problem in found):
        raise SpecificationError(found)
    return model


def examine(document: SpecDocument) -> tuple[Model | None, list[Diagnostic]]:
    """The model and every diagnostic, without raising.

    The model is None when something is wrong. It is there when nothing but a person's answer is missing
    (an entity without `access` is then open to nobody), so that questions can be asked in context.
    """
    found: list[Diagnostic] = []
    model = _Building(document, found).model()
    found.extend(check(document, model))
    found = sorted(dict.fromkeys(found), key=lambda problem: (problem.place, problem.code, problem.message))
    wrong = any(problem.severity == "error" and problem.code not in QUESTIONS for problem in found)
    return (None if wrong else model), found


class _Building:
    """The state of one build. What cannot be resolved is left out; a check or the expression says why."""

    def __init__(self, document: SpecDocument, found: list[Diagnostic]) -> None:
        self.document = document
        self.auth = document.auth
        self.formulas = Formulas(document, found)

    def model(self) -> Model:
        for node in self.document.entities:
            self.formulas.entities[node.name.value] = build_fields(node, self.document)
            self.formulas.declared[node.name.value] = {field.name.value for field in node.fields}
        entities = tuple(self.entity(node) for node in self.document.entities)
        auth = self.authentication(entities)
        return Model(
            service=self.service(),
            auth=auth,
            entities=entities,
            views=tuple(_view(entity) for entity in entities),
            operations=tuple(self.operations(entities, auth)),
            assumptions=tuple(self.assumptions(entities)),
        )

    def service(self) -> Service:
        node = self.document.service
        return Service(
            name=node.name.value,
            version=node.version.value,
            package=package(node.name.value),
            description=node.description.value if node.description is not None else "",
            unknown_fields="reject"
            if node.unknown_fields is not None and node.unknown_fields.value == "reject"
            else "ignore",
            place=node.place,
        )

    def entity(self, node: EntityNode) -> Entity:
        name = node.name.value
        fields = []
        for field in self.formulas.entities[name].values():
            written = node.field(field.name)
            fields.append(field if written is None else with_values(field, written, self.formulas))
        return Entity(
            name=name,
            plural=plural(node),
            table=table(node),
            key=fields[0].name,
            fields=tuple(fields),
            indexes=tuple(_index(node, index, self.formulas.entities[name]) for index in node.indexes),
            access=build_access(node, self.formulas),
            computed=self.formulas.computed_values(node),
            was=None if node.was is None else node.was.value,
            place=node.place,
        )

    def authentication(self, entities: tuple[Entity, ...]) -> Auth | None:
        node = self.auth
        identity = next((e for e in entities if node is not None and e.name == node.identity.value), None)
        if node is None or identity is None:
            return None
        names = [field.name for field in identity.fields]
        passwords = [field.name for field in identity.fields if _is_password(field)]
        if node.by.value not in names or not passwords:
            return None
        minutes = node.token_minutes.value if node.token_minutes is not None else TOKEN_MINUTES
        return Auth(
            identity=identity.name,
            by=node.by.value,
            password=passwords[0],
            flows=tuple(dict.fromkeys(flow.value for flow in node.flows)),
            token_seconds=minutes * 60,
            place=node.place,
        )

    def operations(self, entities: tuple[Entity, ...], auth: Auth | None) -> list[Operation]:
        found: list[Operation] = []
        by_name = {entity.name: entity for entity in entities}
        if auth is not None:
            found += expand_flows(auth, by_name[auth.identity], self.formulas)
        for node in self.document.entities:
            if node.crud is not None:
                found += expand_crud(node, node.crud, by_name[node.name.value], self.formulas)
        return found

    def assumptions(self, entities: tuple[Entity, ...]) -> list[Assumption]:
        found = [
            Assumption(
                subject="responses",
                text="Every response is an envelope of data, error and meta.",
                role="architect",
            )
        ]
        if self.document.service.unknown_fields is None:
            text = "Request members that no operation declares are ignored."
            found.append(Assumption(subject="service.unknown_fields", text=text, role="architect"))
        if self.auth is not None and self.auth.token_minutes is None:
            text = f"An access token is valid for {TOKEN_MINUTES} minutes."
            found.append(Assumption(subject="auth.token", text=text, role="security"))
        for node, entity in zip(self.document.entities, entities, strict=True):
            text = "The key is a uuid7 that the service makes."
            found.append(Assumption(subject=f"{entity.name}.{entity.key}", text=text, role="architect"))
            for field in entity.fields:
                written = node.field(field.name)
                found += field_assumptions(node, written, field) if written is not None else []
            found += access_assumptions(node)
            found += crud_assumptions(node, node.crud) if node.crud is not None else []
        return found


def _is_password(field: Field) -> bool:
    return getattr(field.type, "scalar", None) == "password"


def _view(entity: Entity) -> View:
    """All fields but passwords, under their own names."""
    shown = [field for field in entity.fields if not _is_password(field)]
    return View(
        name=entity.name,
        entity=entity.name,
        fields=tuple(ViewField(wire=field.name, field=field.name) for field in shown),
    )


def _index(entity: EntityNode, index: IndexNode, fields: dict[str, Field]) -> Index:
    known = [term for term in index.terms if term.field.value in fields]
    columns = [fields[term.field.value].column for term in known]
    return Index(
        name=index_name(table(entity), columns, unique=index.unique),
        terms=tuple(order_term(term) for term in known),
        unique=index.unique,
        place=index.place,
    )
