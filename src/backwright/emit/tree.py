"""The whole of what is emitted: one call per file, then one pass of the formatter."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.access import access_module
from backwright.emit.application import (
    app_module,
    main_module,
    marker_module,
    package_module,
    settings_module,
)
from backwright.emit.audit import audit_module, companions
from backwright.emit.callers import callers_module
from backwright.emit.contract import contract
from backwright.emit.entities import entities_module
from backwright.emit.errors import errors_module, has_errors
from backwright.emit.files import project_files
from backwright.emit.format import formatted
from backwright.emit.inputs import has_inputs, inputs_module
from backwright.emit.judge import is_public
from backwright.emit.logic import boundary_module, calls_module, partners_module, stub_files
from backwright.emit.names import Names, module_name, names
from backwright.emit.package import Package
from backwright.emit.removal import removal_module
from backwright.emit.routes import route_module
from backwright.emit.rules import rules_module
from backwright.emit.services.answers import Returned
from backwright.emit.services.function import service
from backwright.emit.source import Source, module
from backwright.emit.testing import test_files
from backwright.emit.vendored import runtime_files
from backwright.emit.views.batches import Views
from backwright.emit.views.functions import by_key_function
from backwright.model.types import Entity, Model, Operation, ShowHtml

FileTree = dict[str, str]
LOGIC = '"""Yours: what the specification does not determine. This folder is never overwritten."""\n'


def emit(model: Model, *, ejected: bool = False) -> FileTree:
    """Every file of the delivered project by its relative path: sorted, the same in every run.

    An `ejected` project has the runtime inside of it.
    """
    called = names(model)
    tree: FileTree = {}
    tree.update(package_files(model, called))
    tree.update(stub_files(model, called))
    tree.update(project_files(model, ejected=ejected))
    tree.update(test_files(model, called))
    tree = formatted(dict(sorted(tree.items())), called.package)
    return tree | runtime_files() if ejected else tree


def package_files(model: Model, called: Names) -> FileTree:
    """The service itself."""
    tags = operations_by_tag(model)
    package = Package(model, called)
    views = Views(package)
    functions: dict[str, list[Source]] = {tag: [] for tag in tags}
    returned: dict[str, Returned] = {}
    for operation in model.operations:
        written = service(operation, package, views)
        functions[operation.tag].append(written.text)
        returned[operation.name] = written.returned
    root = called.package
    tree = {
        "__init__.py": package_module(model, called),
        "__main__.py": main_module(model, called),
        "app.py": app_module(model, called, list(tags)),
        "settings.py": settings_module(model, called),
        "routes/__init__.py": marker_module("Where operations answer: one module per tag.", called),
        "services/__init__.py": marker_module("What operations do: one module per tag.", called),
        "logic/__init__.py": LOGIC,
        "openapi.json": contract(model, called),
        "py.typed": "",
    }
    for tag, operations in tags.items():
        name = module_name(tag)
        tree[f"routes/{name}.py"] = route_module(tag, operations, package, returned)
        about = f"What callers can do under /{tag}."
        tree[f"services/{name}.py"] = module(about, functions[tag], package=root)
    tree.update(beside(package, views))
    return {f"{root}/{path}": text for path, text in tree.items()}


def beside(package: Package, views: Views) -> FileTree:
    """The modules that operations use, as far as they use them."""
    model, called = package.model, package.names
    tree: FileTree = {}
    tree.update(templates(model))
    by_key = list(by_keys(views))
    pieces = [*views.pieces, *(write() for write in views.functions), *by_key]
    if pieces:
        tree["views.py"] = module("What callers see.", pieces, package=called.package)
    companions(package)
    if model.logic:
        tree["boundary.py"] = boundary_module(model, called)
        tree["calls.py"] = calls_module(package)
    if model.integrations:
        tree["partners.py"] = partners_module(model, called)
    if package.audited:
        tree["audit.py"] = audit_module(package)
    if package.removed:
        tree["removal.py"] = removal_module(package)
    if package.accesses:
        tree["access.py"] = access_module(package)
    if model.entities:
        tree["entities.py"] = entities_module(model, called)
        tree["repositories/__init__.py"] = marker_module("Stored rows: one module per entity.", called)
    repositories = [(entity, package.repository_pieces(entity)) for entity in model.entities]
    if package.repositories.rows:
        about = (
            "What is read of rows, where it is not the whole of them: one struct for each way to show them."
        )
        tree["rows.py"] = module(about, list(package.repositories.rows.values()), package=called.package)
    for entity, written in repositories:
        if written:
            path = f"repositories/{called.repository(entity.name)}.py"
            tree[path] = module(about_rows(entity), written, package=called.package)
    if model.auth is not None:
        tree["callers.py"] = callers_module(model, model.auth, called)
    if has_inputs(model):
        tree["inputs.py"] = inputs_module(model, called)
    if has_errors(model):
        tree["errors.py"] = errors_module(model, called)
    if package.rules:
        tree["rules.py"] = rules_module(package)
    return tree


def by_keys(views: Views) -> Iterator[Source]:
    """The functions that show rows by their keys; one may ask for another."""
    done: set[str] = set()
    while waiting := sorted(views.written - done):
        for name in waiting:
            done.add(name)
            yield by_key_function(views.known[name.removesuffix(":by_key")], views)


def templates(model: Model) -> FileTree:
    """The templates of pages, as their author wrote them."""
    shows = (operation.respond.show for operation in model.operations)
    return {f"templates/{show.template}": show.source for show in shows if isinstance(show, ShowHtml)}


def about_rows(entity: Entity) -> str:
    """The docstring of a repository."""
    rule = entity.access["read"]
    if is_public(rule):
        return f"Rows of `{entity.table}`."
    return f"Rows of `{entity.table}`. What callers read of them carries the read rule: {rule.source}."


def operations_by_tag(model: Model) -> dict[str, list[Operation]]:
    """The operations of each module, tags in the order of their first operation."""
    found: dict[str, list[Operation]] = {}
    for operation in model.operations:
        found.setdefault(operation.tag, []).append(operation)
    return found
