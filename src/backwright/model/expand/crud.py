"""Sugar to sugar: an entity's `crud` becomes operations as an author would write them."""

from __future__ import annotations

import msgspec

from backwright.model.expand.liking import merged
from backwright.model.expand.orders import paging_of
from backwright.model.expand.planning import references
from backwright.model.naming import plural, snake
from backwright.model.types import Assumption, Entity
from backwright.spec.nodes import At, CrudNode, EntityNode, OperationNode

OPERATIONS = ("list", "create", "get", "update", "delete")


class CrudOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a `crud`. `location` is the path template of the rows that it creates."""

    node: OperationNode
    location: str | None = None


def crud_operations(node: EntityNode, crud: CrudNode, entity: Entity) -> list[CrudOperation]:
    """The operations of an entity's `crud`, in the order list, create, get, update, delete."""
    chosen = [word.value for word in crud.only] if crud.only is not None else list(OPERATIONS)
    said = {each.name.value: each for each in crud.operations}
    writer = _Crud(node, crud, entity)
    found = []
    for name in OPERATIONS:
        if name not in chosen:
            continue
        written = writer.operation(name)
        if name in said:
            own = msgspec.structs.replace(
                said[name], name=written.name, route=said[name].route or written.route, place=written.place
            )
            written = merged(written, own)
        location = writer.row_path if name == "create" and "get" in chosen and writer.is_plain else None
        found.append(CrudOperation(node=written, location=location))
    return found


def crud_assumptions(node: EntityNode, crud: CrudNode) -> list[Assumption]:
    """The defaults that a `crud` leaves to us."""
    subject = f"{node.name.value}.crud"
    found = []
    if crud.only is None:
        text = f"All operations are offered: {', '.join(OPERATIONS)}."
        found.append(Assumption(subject=subject, text=text, role="product-manager"))
    if crud.only is not None and "list" not in {word.value for word in crud.only}:
        return found
    if not crud.order and not crud.sort:
        text = "The list is in the order of the key: oldest first."
        found.append(Assumption(subject=subject, text=text, role="product-manager"))
    if crud.paging is None or crud.paging.default is None or crud.paging.max is None:
        paging = paging_of(crud.paging)
        text = f"A page has {paging.default} rows unless asked otherwise, and at most {paging.max}."
        found.append(Assumption(subject=subject, text=text, role="team-lead"))
    return found


class _Crud:
    """Writes the operations of one `crud`."""

    def __init__(self, node: EntityNode, crud: CrudNode, entity: Entity) -> None:
        self.crud = crud
        self.entity = entity
        self.one = snake(entity.name)
        self.many = plural(node)
        self.path = crud.path.value.rstrip("/")
        self.replaces = crud.replace is not None and crud.replace.value

    @property
    def row_path(self) -> str:
        """The path of one row: by its key, or by the unique field that `key` names.

        What a parent says already is not said again: `/orders/{order}/lines/{position}`.
        """
        names = [self.crud.key.value] if self.crud.key is not None else list(self.entity.keys)
        if len(names) > 1:
            names = [name for name in names if name not in self.given] or names
        return "/".join([self.path, *(f"{{{name}}}" for name in names)])

    @property
    def given(self) -> set[str]:
        """The references that the parents fill: the only one that leads there, or the one that is called like it."""
        found: set[str] = set()
        for bind, target in self.crud.parents:
            leading = references(self.entity, target.value)
            found |= set(leading) if len(leading) == 1 else {bind.value} & set(leading)
        return found

    @property
    def is_plain(self) -> bool:
        """Whether a row's fields are all that its path names."""
        return "{" not in self.path

    def operation(self, name: str) -> OperationNode:
        """One operation, as `operations` would have it."""
        crud = self.crud
        routes = {
            "list": f"GET {self.path}",
            "create": f"POST {self.path}",
            "get": f"GET {self.row_path}",
            "update": f"{'PUT' if self.replaces else 'PATCH'} {self.row_path}",
            "delete": f"DELETE {self.row_path}",
        }
        found = OperationNode(
            place=crud.place,
            name=At(f"{name}_{self.many if name == 'list' else self.one}", crud.place),
            route=At(routes[name], crud.path.place),
            verb=At("read" if name == "get" else name, crud.place),
            target=At(self.entity.name, crud.place),
            parents=crud.parents,
            limits=crud.limits,
        )
        if name != "delete":
            found = msgspec.structs.replace(found, wrap=crud.wrap, view=crud.view)
        match name:
            case "list":
                return msgspec.structs.replace(
                    found, where=crud.where, filters=crud.filters, order=crud.order, sort=crud.sort,
                    paging=crud.paging,
                )  # fmt: skip
            case "update":
                return msgspec.structs.replace(found, replace=crud.replace, if_match=crud.if_match)
            case "delete":
                return msgspec.structs.replace(found, if_match=crud.if_match)
            case _:
                return found
