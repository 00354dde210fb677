"""openapi.json is valid, describes every operation, and keeps a contract that was handed over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec

from backwright.verify.agreed import shape
from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.handed_over import kept_contract
from backwright.verify.results import Finding
from backwright.verify.schemas import document_path

NAME = "contract"
TITLE = "OpenAPI contract"
WHY = "Clients, mocks and tests of others are made from openapi.json: what is wrong in it is wrong in all of them."
EXAMPLE = (
    "A $ref that leads nowhere, an operation that the document lacks, an answer that a contract which was handed over "
    "does not allow, a route for debugging that was left over: failed."
)
DATABASE = False

METHODS = {"get", "post", "put", "patch", "delete"}


def judge(given: GateInput) -> Verdict:
    """Valid by the specification's own schema, and the same operations as the model's and as the routes of the package.

    Where a contract was handed over (`service.contract`), it is compared with what is built: no answer that it does
    not allow, no request refused that it allows, nothing missing that it promises, nothing open to anyone that it
    is not. Limits where it sets none, further failures, members and operations are the service's own. That answers
    are as openapi.json says is what the gate `behaviour` looks at.
    """
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415 (takes seconds)

    path = document_path(given.project, given.model)
    where = path.relative_to(given.project.root).as_posix()
    document = msgspec.json.decode(path.read_bytes())
    errors = OpenAPIV31SpecValidator(document).iter_errors()
    findings = [
        Finding(what=error.message, where="/".join([where, *map(str, error.path)])) for error in errors
    ]
    findings += [
        Finding(what=f"the reference {reference} leads nowhere", where=where)
        for reference in sorted(set(_references(document)))
        if not _leads(document, reference)
    ]
    described = {
        (method.upper(), route)
        for route, item in document["paths"].items()
        for method in item
        if method in METHODS
    }
    operations = {(operation.method, operation.path) for operation in given.model.operations}
    findings += [
        Finding(what=f"{method} {route} is not described", where=where)
        for method, route in sorted(operations - described)
    ]
    findings += [
        Finding(what=f"{method} {route} is no operation", where=where)
        for method, route in sorted(described - operations)
        if not route.startswith(("/health", "/ready", "/metrics", "/openapi", "/docs"))
    ]
    # A parameter that is a word of Python has another name in the code: `list_`.
    paths = {(method, shape(route)) for method, route in described}
    findings += [
        Finding(what=f"{method} {route} answers, and is not described", where=f"{place}:{line}")
        for place, line, method, route in _served(given.project.root, given.model.service.package)
        if (method, shape(route)) not in paths
    ]
    summary = f"valid; {len(operations)} operations"
    figures: dict[str, int | float | str] = {"operations": len(operations)}
    if given.model.contract is not None:
        kept = kept_contract(given.model.contract, given.project, path)
        findings += kept.findings
        summary = f"{summary}; {kept.summary}"
        figures |= kept.figures
    return found(findings, summary, figures)


def _served(root: Path, package: str) -> Iterator[tuple[str, int, str, str]]:
    """Each route that the package declares: file, line, method and path, as its decorator says."""
    for path in sorted((root / package).rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue  # what is no Python declares nothing; `lint` and `types` name it
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="router"), attr=method),
                    args=[ast.Constant(value=str(route)), *_],
                ) if method in METHODS:
                    yield path.relative_to(root).as_posix(), node.lineno, method.upper(), route


def _references(node: object) -> Iterator[str]:
    """Every `$ref` to a place of the document: the validator follows those of schemas, not those of headers."""
    match node:
        case dict():
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/"):
                yield reference
            for value in node.values():
                yield from _references(value)
        case list():
            for value in node:
                yield from _references(value)


def _leads(document: object, reference: str) -> bool:
    """Whether there is something at the place (RFC 6901)."""
    for part in unquote(reference).removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        match document:
            case dict() if key in document:
                document = document[key]
            case list() if key.isdecimal() and int(key) < len(document):
                document = document[int(key)]
            case _:
                return False
    return True
