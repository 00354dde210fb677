"""Sugar to core: an entity's `crud` becomes operations with steps."""

from __future__ import annotations

from backwright.expr.typed import Type
from backwright.model.formulas import Formulas, type_of
from backwright.model.naming import article, plural, snake, words
from backwright.model.operations import finished
from backwright.model.types import (
    Assignment,
    Assumption,
    Body,
    Create,
    Delete,
    Entity,
    Field,
    Filter,
    Find,
    Formula,
    InputField,
    Operation,
    OrderTerm,
    Paging,
    PathParameter,
    Respond,
    ScalarType,
    Select,
    ShowNothing,
    ShowPage,
    ShowRow,
    Update,
)
from backwright.spec.grammar import OPERATIONS
from backwright.spec.nodes import CrudNode, EntityNode, TermNode

PAGE_DEFAULT, PAGE_MAX = 20, 100


def expand_crud(node: EntityNode, crud: CrudNode, entity: Entity, formulas: Formulas) -> list[Operation]:
    """The operations of an entity's `crud`, in the order list, create, get, update, delete."""
    writer = _Crud(node, crud, entity, formulas)
    makers = {
        "list": writer.list,
        "create": writer.create,
        "get": writer.get,
        "update": writer.update,
        "delete": writer.delete,
    }
    return [make() for name, make in makers.items() if name in writer.chosen]


def crud_assumptions(node: EntityNode, crud: CrudNode) -> list[Assumption]:
    """The defaults that a `crud` leaves to us."""
    subject = f"{node.name.value}.crud"
    found = []
    if crud.only is None:
        text = f"All operations are offered: {', '.join(OPERATIONS)}."
        found.append(Assumption(subject=subject, text=text, role="product-manager"))
    if crud.only is not None and "list" not in {word.value for word in crud.only}:
        return found
    if not crud.order:
        text = "The list is in the order of the key: oldest first."
        found.append(Assumption(subject=subject, text=text, role="product-manager"))
    if crud.paging_default is None or crud.paging_max is None:
        paging = page(crud)
        text = f"A page has {paging.default} rows unless asked otherwise, and at most {paging.max}."
        found.append(Assumption(subject=subject, text=text, role="team-lead"))
    return found


def page(crud: CrudNode) -> Paging:
    """How long a page is. What was not given gives way to what was."""
    given = crud.paging_default.value if crud.paging_default is not None else None
    most = crud.paging_max.value if crud.paging_max is not None else max(PAGE_MAX, given or 0)
    return Paging(default=min(PAGE_DEFAULT, most) if given is None else given, max=most)


def order_term(term: TermNode) -> OrderTerm:
    """One term of an order."""
    descends = term.direction is not None and term.direction.value == "desc"
    return OrderTerm(field=term.field.value, direction="desc" if descends else "asc")


def total(order: list[OrderTerm], entity: Entity) -> tuple[OrderTerm, ...]:
    """The order with the key behind it, in the direction of the last term."""
    if any(term.field == entity.key for term in order):
        return tuple(order)
    return (*order, OrderTerm(field=entity.key, direction=order[-1].direction if order else "asc"))


def create_body(entity: Entity) -> Body:
    """What a client sends to create a row: everything but the key and what the system sets."""
    return Body(
        fields=tuple(
            InputField(
                wire=field.name,
                name=field.name,
                type=field.type,
                nullable=field.nullable,
                required=not field.nullable and field.default is None,
                default=field.default,
                place=field.place,
            )
            for field in inputs(entity)
        )
    )


def inputs(entity: Entity) -> list[Field]:
    """The fields that clients may send."""
    return [field for field in entity.fields if field.input and field.set is None]


def create_step(entity: Entity, bind: str, body: Body, formulas: Formulas) -> Create:
    """The step that inserts a row from a body. Defaults were applied when the body was read."""
    stored = {field.name: field for field in entity.fields}
    members = {member.name: type_of(stored[member.name]) for member in body.fields}
    scope = formulas.scope(body=members)

    def value(field: Field) -> Formula:
        if field.set is not None:
            return field.set
        if field.input and field.set is None:
            return formulas.made(f"body.{field.name}", field.place, scope)
        return field.default or formulas.made("null", field.place, scope)

    values = [Assignment(field=f.name, value=value(f)) for f in entity.fields if f.name != entity.key]
    return Create(entity=entity.name, bind=bind, values=tuple(values), allowed=entity.access["create"])


class _Crud:
    """Writes the operations of one `crud`."""

    def __init__(self, node: EntityNode, crud: CrudNode, entity: Entity, formulas: Formulas) -> None:
        self.crud = crud
        self.entity = entity
        self.formulas = formulas
        self.one = snake(entity.name)
        self.many = plural(node)
        self.noun = words(entity.name)
        self.path = crud.path.value.rstrip("/")
        self.chosen = [word.value for word in crud.only] if crud.only is not None else list(OPERATIONS)

    def list(self) -> Operation:
        filters: list[Filter] = []
        query: dict[str, InputField] = {}
        for name, written in self.crud.filters:
            params: dict[str, Field] = {}
            condition = self.formulas.filter(written, self.entity.name, params)
            if condition is None:
                continue
            filters.append(Filter(name=name.value, condition=condition))
            for param, like in params.items():
                if param not in query:
                    query[param] = InputField(wire=param, name=param, type=like.type, place=name.place)
        known = {field.name for field in self.entity.fields}
        terms = [order_term(term) for term in self.crud.order if term.field.value in known]
        step = Select(
            entity=self.entity.name,
            bind=self.many,
            readable=self.entity.access["read"],
            filters=tuple(filters),
            order=total(terms, self.entity),
            paging=page(self.crud),
        )
        return finished(
            Operation(
                name=f"list_{self.many}",
                tag="",
                summary=f"The {words(self.many)} that the caller may read, a page at a time.",
                method="GET",
                path=self.path,
                caller="none",
                query=tuple(query.values()),
                steps=(step,),
                respond=Respond(status=200, show=ShowPage(bind=self.many, view=self.entity.name)),
                origin="crud",
                place=self.crud.place,
            ),
            self.entity,
        )

    def create(self) -> Operation:
        body = create_body(self.entity)
        location = f"{self.path}/{{{self.entity.key}}}" if "get" in self.chosen else None
        show = ShowRow(bind=self.one, view=self.entity.name, location=location)
        return finished(
            Operation(
                name=f"create_{self.one}",
                tag="",
                summary=f"Create {article(self.noun)}.",
                method="POST",
                path=self.path,
                caller="none",
                body=body,
                steps=(create_step(self.entity, self.one, body, self.formulas),),
                respond=Respond(status=201, show=show),
                origin="crud",
                place=self.crud.place,
            ),
            self.entity,
        )

    def get(self) -> Operation:
        return finished(
            Operation(
                name=f"get_{self.one}",
                tag="",
                summary=f"Get one {self.noun}.",
                method="GET",
                path=self.row_path,
                caller="none",
                path_parameters=self.parameters,
                steps=(self.find(lock=False),),
                respond=Respond(status=200, show=ShowRow(bind=self.one, view=self.entity.name)),
                origin="crud",
                place=self.crud.place,
            ),
            self.entity,
        )

    def update(self) -> Operation:
        changed = inputs(self.entity)
        body = Body(
            fields=tuple(
                InputField(
                    wire=field.name,
                    name=field.name,
                    type=field.type,
                    nullable=field.nullable,
                    place=field.place,
                )
                for field in changed
            ),
            partial=True,
        )
        write = Update(
            entity=self.entity.name,
            bind=self.one,
            changes=tuple(field.name for field in changed),
            allowed=self.entity.access["update"],
        )
        return finished(
            Operation(
                name=f"update_{self.one}",
                tag="",
                summary=f"Change {article(self.noun)}; absent members stay as they are.",
                method="PATCH",
                path=self.row_path,
                caller="none",
                path_parameters=self.parameters,
                body=body,
                steps=(self.find(lock=True), write),
                respond=Respond(status=200, show=ShowRow(bind=self.one, view=self.entity.name)),
                origin="crud",
                place=self.crud.place,
            ),
            self.entity,
        )

    def delete(self) -> Operation:
        remove = Delete(entity=self.entity.name, bind=self.one, allowed=self.entity.access["delete"])
        return finished(
            Operation(
                name=f"delete_{self.one}",
                tag="",
                summary=f"Delete {article(self.noun)}.",
                method="DELETE",
                path=self.row_path,
                caller="none",
                path_parameters=self.parameters,
                steps=(self.find(lock=True), remove),
                respond=Respond(status=204, show=ShowNothing()),
                origin="crud",
                place=self.crud.place,
            ),
            self.entity,
        )

    @property
    def row_path(self) -> str:
        return f"{self.path}/{{{self.entity.key}}}"

    @property
    def parameters(self) -> tuple[PathParameter, ...]:
        return (PathParameter(name=self.entity.key, type=ScalarType(scalar="uuid")),)

    def find(self, *, lock: bool) -> Find:
        key = self.entity.key
        scope = self.formulas.scope(self.entity.name, params={key: Type("uuid")})
        where = self.formulas.made(f"this.{key} == params.{key}", self.crud.place, scope)
        return Find(
            entity=self.entity.name,
            bind=self.one,
            where=where,
            readable=self.entity.access["read"],
            lock=lock,
        )
