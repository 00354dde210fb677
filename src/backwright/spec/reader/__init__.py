"""Reads the specification of a project: files → one table → shape check → typed nodes."""

from __future__ import annotations

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, SpecificationError
from backwright.spec.grammar import DOCUMENT
from backwright.spec.nodes import AuthNode, FlowNode, OperationNode, SecurityNode, ServiceNode, SpecDocument
from backwright.spec.pieces import gather
from backwright.spec.raw import Scalar, Table
from backwright.spec.reader.contract import read_contract, with_digest
from backwright.spec.reader.entities import read_entity
from backwright.spec.reader.environment import read_integration, read_setting
from backwright.spec.reader.logic import read_logic
from backwright.spec.reader.operations import read_errors, read_limits, read_operation, read_performance
from backwright.spec.reader.raws import (
    entries,
    flag,
    inner,
    names,
    read_by,
    required,
    text,
    whole,
    words_of,
)
from backwright.spec.reader.shapes import read_view
from backwright.spec.reader.templates import read_templates
from backwright.spec.shape import shape_problems


def read(project: Project) -> SpecDocument:
    """The specification of a project. Raises SpecificationError with all that is wrong in its files."""
    table, files, found = gather(project)
    if table is not None:
        # What YAML made of a trap is not what the author wrote: one diagnostic for one place is enough.
        trapped = {problem.place for problem in found}
        shape = shape_problems(table, DOCUMENT, "the specification")
        found = [*found, *(problem for problem in shape if problem.place not in trapped)]
    if table is None or any(problem.severity == "error" for problem in found):
        raise SpecificationError(found)
    document = read_document(table, files)
    texts, problems = read_templates(project.root, _all_operations(document))
    service = document.service
    contract = None if service.contract is None else with_digest(service.contract, project.root)
    if isinstance(contract, Diagnostic):
        problems, contract = [*problems, contract], None
    if problems:
        raise SpecificationError([*found, *problems])
    service = msgspec.structs.replace(service, contract=contract)
    return msgspec.structs.replace(document, service=service, templates=texts)


def read_document(table: Table, files: tuple[str, ...]) -> SpecDocument:
    """The nodes of a table whose shape is right."""
    service = inner(table, "service")
    assert service is not None, "the grammar requires service"
    return SpecDocument(
        place=table.place,
        service=_service(service),
        auth=read_by(table, "auth", _auth),
        entities=tuple(read_entity(name, value) for name, value in _tables(table, "entities")),
        views=tuple(read_view(name, value) for name, value in _tables(table, "views")),
        operations=tuple(read_operation(name, value) for name, value in _tables(table, "operations")),
        logic=tuple(read_logic(name, value) for name, value in _tables(table, "logic")),
        settings=tuple(read_setting(entry.key, entry.value) for entry in entries(table, "settings")),
        integrations=tuple(read_integration(name, value) for name, value in _tables(table, "integrations")),
        errors=read_errors(table),
        limits=read_by(table, "limits", read_limits),
        security=read_by(table, "security", _security),
        performance=read_by(table, "performance", read_performance),
        files=files,
    )


def _all_operations(document: SpecDocument) -> list[OperationNode]:
    inside = [o for e in document.entities if e.crud is not None for o in e.crud.operations]
    return [*document.operations, *inside]


def _tables(table: Table, key: str) -> list[tuple[Scalar, Table]]:
    return [(entry.key, entry.value) for entry in entries(table, key) if isinstance(entry.value, Table)]


def _service(table: Table) -> ServiceNode:
    return ServiceNode(
        place=table.place,
        name=required(table, "name"),
        version=required(table, "version"),
        description=text(table, "description"),
        unknown_fields=text(table, "unknown_fields"),
        names=text(table, "names"),
        envelope=flag(table, "envelope"),
        nulls=text(table, "nulls"),
        failures=text(table, "failures"),
        changes=text(table, "changes"),
        kept_days=whole(table, "kept_days"),
        contract=read_contract(table),
    )


def _security(table: Table) -> SecurityNode:
    return SecurityNode(place=table.place, row_level=text(table, "row_level"))


def _auth(table: Table) -> AuthNode:
    token = inner(table, "token")
    return AuthNode(
        place=table.place,
        identity=required(table, "identity"),
        by=required(table, "by"),
        flows=_flows(table),
        token_minutes=None if token is None else whole(token, "minutes"),
        scheme=text(table, "scheme"),
        cookie=text(table, "cookie"),
    )


def _flows(table: Table) -> tuple[FlowNode, ...]:
    flows = table.get("flows")
    if isinstance(flows, Table):
        return tuple(
            FlowNode(place=name.place, name=name, route=route) for name, route in names(table, "flows")
        )
    return tuple(FlowNode(place=name.place, name=name) for name in words_of(flows))
