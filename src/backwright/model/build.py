"""Specification → model: names resolved, sugar expanded, rules guarded, defaults applied and listed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.model.access import access_assumptions, build_access, build_after
from backwright.model.audit import audit_of, with_companions
from backwright.model.auth import TOKEN_MINUTES, build_auth
from backwright.model.check import QUESTIONS, check
from backwright.model.expand import (
    build_answers,
    build_environment,
    build_logic,
    build_operations,
    crud_assumptions,
)
from backwright.model.expand.orders import order_term
from backwright.model.expand.policies import handed_over, performance
from backwright.model.fields import (
    DELETED,
    VERSION,
    build_fields,
    field_assumptions,
    has_own_key,
    made_key,
    with_rules,
    with_values,
)
from backwright.model.formulas import Formulas
from backwright.model.naming import index_name, package, plural, table
from backwright.model.states import build_checks, build_states
from backwright.model.types import (
    KEPT_DAYS,
    Assumption,
    Entity,
    Field,
    Index,
    ManyType,
    Model,
    OrderTerm,
    ReferenceType,
    Security,
    Service,
)
from backwright.model.views import build_views
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError
from backwright.spec.nodes import At, EntityNode, SpecDocument

MAX_BODY = 1024 * 1024


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
    document = with_companions(document)
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
        self.found = found

    def model(self) -> Model:
        entities = self.entities()
        views = build_views(self.document, entities, self.formulas)
        auth = build_auth(self.document, entities)
        settings, integrations = build_environment(self.document, self.formulas)
        logic = build_logic(self.document, entities, auth, self.formulas)
        operations = build_operations(self.document, entities, views, logic, auth, self.formulas)
        return Model(
            service=self.service(),
            auth=auth,
            security=self.security(),
            performance=performance(self.document.performance),
            contract=handed_over(self.document.service.contract),
            entities=entities,
            views=views,
            operations=operations,
            logic=logic,
            settings=settings,
            integrations=integrations,
            assumptions=tuple(self.assumptions(entities)),
        )

    def service(self) -> Service:
        node = self.document.service
        limits = self.document.limits
        return Service(
            name=node.name.value,
            version=node.version.value,
            package=package(node.name.value),
            description=node.description.value if node.description is not None else "",
            unknown_fields="reject"
            if node.unknown_fields is not None and node.unknown_fields.value == "reject"
            else "ignore",
            envelope=node.envelope is None or node.envelope.value,
            nulls="omit" if node.nulls is not None and node.nulls.value == "omit" else "show",
            failures="problem_json"
            if node.failures is not None and node.failures.value == "problem_json"
            else "json",
            answers=build_answers(self.document.errors, self.found),
            max_body=MAX_BODY if limits is None or limits.body is None else limits.body.value,
            changes="expand_then_contract"
            if node.changes is not None and node.changes.value == "expand_then_contract"
            else "at_once",
            kept_days=KEPT_DAYS if node.kept_days is None else node.kept_days.value,
            place=node.place,
        )

    def security(self) -> Security | None:
        node = self.document.security
        if node is None or node.row_level is None or node.row_level.value != "on":
            return None
        return Security(row_level=True, place=node.row_level.place)

    def entities(self) -> tuple[Entity, ...]:
        """Every entity: types first, then rules, then all that may only see what rules let through."""
        formulas, nodes = self.formulas, self.document.entities
        for node in nodes:
            formulas.declared[node.name.value] = {field.name.value for field in node.fields}
            formulas.entities[node.name.value] = self.fields(node)
        for node in nodes:
            formulas.rules[node.name.value] = build_access(node, formulas)
        for node in nodes:
            fields = formulas.entities[node.name.value]
            for written in node.fields:
                field = fields.get(written.name.value)
                if field is not None:
                    fields[field.name] = with_rules(field, written, node.name.value, formulas)
        return tuple(self.entity(node) for node in nodes)

    def fields(self, node: EntityNode) -> dict[str, Field]:
        """The fields of an entity; a tenant's rows only refer to rows of the same tenant."""
        built = build_fields(node, self.document)
        if node.tenancy is None:
            return built
        tenant = node.tenancy.value
        mine = built.get(tenant)
        if mine is None or not isinstance(mine.type, ReferenceType):
            return built
        for name, field in built.items():
            kind = field.type
            if field.same is None and isinstance(kind, ReferenceType | ManyType) and name != tenant:
                other = self.document.entity(kind.entity)
                theirs = None if other is None or other.tenancy is None else other.field(other.tenancy.value)
                same = theirs is not None and theirs.name.value == tenant
                if (
                    same
                    and theirs is not None
                    and theirs.ref is not None
                    and theirs.ref.value == mine.type.entity
                ):
                    built[name] = msgspec.structs.replace(field, same=tenant)
        return built

    def entity(self, node: EntityNode) -> Entity:
        formulas, name = self.formulas, node.name.value
        fields = formulas.entities[name]
        for written in node.fields:
            field = fields.get(written.name.value)
            if field is not None:
                fields[field.name] = with_values(field, written, formulas)
        own = [key.value for key in node.keys] if has_own_key(node) else []
        made = made_key(node)
        known = [key for key in own if key in fields]
        built = Entity(
            name=name,
            plural=plural(node),
            table=table(node),
            key=made if made is not None else known[0] if known else next(iter(fields), "id"),
            fields=tuple(fields.values()),
            indexes=tuple(_indexes(node, fields)),
            access=formulas.rules[name],
            after=build_after(node, formulas),
            computed=formulas.computed_values(node),
            composite=tuple(known) if len(own) > 1 else (),
            checks=build_checks(node, formulas),
            version=VERSION if _is(node.version) else None,
            soft_delete=DELETED if _is(node.soft_delete) else None,
            tenancy=None if node.tenancy is None else node.tenancy.value,
            audit=audit_of(node),
            immutable=_is(node.immutable) or node.records is not None,
            expected_rows=None if node.expected_rows is None else node.expected_rows.value,
            was=None if node.was is None else node.was.value,
            place=node.place,
        )
        return msgspec.structs.replace(built, states=build_states(node, built, formulas))

    def assumptions(self, entities: tuple[Entity, ...]) -> list[Assumption]:
        found: list[Assumption] = []
        if self.document.service.envelope is None:
            text = "Every response is an envelope of data, error and meta."
            found.append(Assumption(subject="responses", text=text, role="architect"))
        if self.document.service.unknown_fields is None:
            text = "Request members that no operation declares are ignored."
            found.append(Assumption(subject="service.unknown_fields", text=text, role="architect"))
        if self.auth is not None and self.auth.token_minutes is None:
            text = f"An access token is valid for {TOKEN_MINUTES} minutes."
            found.append(Assumption(subject="auth.token", text=text, role="security"))
        for node, entity in zip(self.document.entities, entities, strict=True):
            if node.records is not None:
                continue
            if not node.keys:
                text = "The key is a uuid7 that the service makes."
                found.append(Assumption(subject=f"{entity.name}.{entity.key}", text=text, role="architect"))
            for field in entity.fields:
                written = node.field(field.name)
                found += field_assumptions(node, written, field) if written is not None else []
            found += access_assumptions(node)
            found += crud_assumptions(node, node.crud) if node.crud is not None else []
        return found


def _is(flag: At[bool] | None) -> bool:
    return flag is not None and flag.value


def _indexes(node: EntityNode, fields: dict[str, Field]) -> Iterator[Index]:
    """The indexes of an entity: `unique` first, as declared."""
    for names in node.unique:
        terms = tuple(OrderTerm(field=name.value) for name in names if name.value in fields)
        yield _index(node, terms, fields, unique=True, place=names[0].place)
    for index in node.indexes:
        known = tuple(order_term(term) for term in index.terms if term.field.value in fields)
        yield _index(node, known, fields, unique=index.unique, place=index.place)


def _index(
    node: EntityNode, terms: tuple[OrderTerm, ...], fields: dict[str, Field], *, unique: bool, place: Place
) -> Index:
    columns = [fields[term.field].column for term in terms]
    name = index_name(table(node), columns, unique=unique)
    return Index(name=name, terms=terms, unique=unique, place=place)
