"""The whole of what is emitted: one call per file, then one pass of the formatter."""

from __future__ import annotations

from backwright.emit.access import uses
from backwright.emit.application import (
    app_module,
    main_module,
    marker_module,
    package_module,
    settings_module,
)
from backwright.emit.callers import callers_module
from backwright.emit.contract import contract
from backwright.emit.entities import entities_module
from backwright.emit.files import project_files
from backwright.emit.format import formatted
from backwright.emit.inputs import has_inputs, inputs_module
from backwright.emit.names import Names, module_name, names
from backwright.emit.repositories import repository_module
from backwright.emit.routes import route_module
from backwright.emit.rules import rule_functions, rules_module
from backwright.emit.services import service_module
from backwright.emit.testing import test_files
from backwright.emit.views import used_views, views_module
from backwright.model.types import Model, Operation

FileTree = dict[str, str]
LOGIC = '"""Yours: what the specification does not determine. This folder is never overwritten."""\n'


def emit(model: Model) -> FileTree:
    """Every file of the delivered project by its relative path: sorted, the same in every run."""
    called = names(model)
    tree: FileTree = {}
    tree.update(package_files(model, called))
    tree.update(project_files(model))
    tree.update(test_files(model, called))
    return formatted(dict(sorted(tree.items())), called.package)


def package_files(model: Model, called: Names) -> FileTree:
    """The service itself."""
    tags = operations_by_tag(model)
    root = called.package
    tree = {
        "__init__.py": package_module(model, called),
        "__main__.py": main_module(called),
        "app.py": app_module(model, called, list(tags)),
        "settings.py": settings_module(model, called),
        "routes/__init__.py": marker_module("Where operations answer: one module per tag.", called),
        "services/__init__.py": marker_module("What operations do: one module per tag.", called),
        "logic/__init__.py": LOGIC,
        "openapi.json": contract(model, called),
        "py.typed": "",
    }
    touched = uses(model)
    if touched:
        tree["entities.py"] = entities_module(model, called)
        tree["repositories/__init__.py"] = marker_module("Stored rows: one module per entity.", called)
    if model.auth is not None:
        tree["callers.py"] = callers_module(model, model.auth, called)
    if used_views(model):
        tree["views.py"] = views_module(model, called)
    if has_inputs(model):
        tree["inputs.py"] = inputs_module(model, called)
    if rule_functions(model):
        tree["rules.py"] = rules_module(model, called)
    for tag, operations in tags.items():
        name = module_name(tag)
        tree[f"routes/{name}.py"] = route_module(tag, operations, model, called)
        tree[f"services/{name}.py"] = service_module(tag, operations, model, called)
    for use in touched:
        name = called.repository(use.entity.name)
        tree[f"repositories/{name}.py"] = repository_module(use, model, called)
    return {f"{root}/{path}": text for path, text in tree.items()}


def operations_by_tag(model: Model) -> dict[str, list[Operation]]:
    """The operations of each module, tags in the order of their first operation."""
    found: dict[str, list[Operation]] = {}
    for operation in model.operations:
        found.setdefault(operation.tag, []).append(operation)
    return found
