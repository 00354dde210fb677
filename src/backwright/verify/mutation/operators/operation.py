"""Logs, secrets and configuration: what shows only in operation."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from backwright.verify.mutation.editing import in_file, in_module, in_place, keywords
from backwright.verify.mutation.sources import Function, Module, Sources, called, dotted
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("operation")


@FAMILY.operator("what was sent is logged, a password with it", blind=True)
def secret_logged(sources: Sources) -> Made:
    """An operation that handles a password logs its body."""
    for module in sources.modules("services"):
        for function in module.functions():
            handled = any(module.calls("hash", "verified", within=function))
            if handled and any(each.arg == "body" for each in function.args.args):
                yield from _logs(module, function, "body", f"{function.name} logs its body")


@FAMILY.operator("a token is logged", blind=True)
def token_logged(sources: Sources) -> Made:
    """An operation that issues a token logs it."""
    for module in sources.modules("services"):
        for function in module.functions():
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                        called(value) == "issue_token"
                    ):
                        end = module.span(node)[1]
                        indent = " " * node.col_offset
                        text = f'\n{indent}__import__("logging").getLogger(__name__).warning("signed in: %s", {name})'
                        what = f"{function.name} logs the token"
                        yield from in_place(module, (end, end), text, what)


def _logs(module: Module, function: Function, name: str, what: str) -> Made:
    first = function.body[1] if len(function.body) > 1 else function.body[0]
    start = module.span(first)[0]
    indent = " " * first.col_offset
    text = f'__import__("logging").getLogger(__name__).warning("received %s", {name})\n{indent}'
    yield from in_place(module, (start, start), text, what)


@FAMILY.operator("a group of addresses is not served", blind=True)
def router_forgotten(sources: Sources) -> Made:
    """An entry of `routers=[…]`."""
    for module in sources.modules("app"):
        for _, keyword in keywords(module):
            match keyword:
                case ast.keyword(arg="routers", value=ast.List(elts=elements)):
                    for each in elements:
                        if dotted(each).endswith(".router"):
                            start, end = module.span(each)
                            after = module.text[:start] + module.text[end:].lstrip(",").lstrip(" ")
                            yield from in_module(module, after, f"without {module.source(each)}")


@FAMILY.operator("answers are in another envelope", blind=True)
def envelope_changed(sources: Sources) -> Made:
    """`envelope=` of the application."""
    for module in sources.modules("app"):
        for _, keyword in keywords(module):
            match keyword:
                case ast.keyword(arg="envelope", value=ast.Constant(value=bool(value))):
                    yield from in_place(
                        module, module.span(keyword.value), str(not value), f"envelope={not value}"
                    )


@FAMILY.operator("the published contract lacks an operation", blind=True)
def contract_outdated(sources: Sources) -> Made:
    """A member of `openapi.json`'s schemas has another type than is answered."""
    path = f"{sources.package}/openapi.json"
    text = sources.files.get(path, "")
    after = text.replace('"type": "integer"', '"type": "string"', 1)
    if after != text:
        yield from in_file(path, text, after, "an integer is published as text")


@FAMILY.operator("an operation is not in the published contract")
def contract_without_operation(sources: Sources) -> Made:
    """A method of a path in `openapi.json`."""
    for path, document in _contract(sources):
        for route, item in document["paths"].items():
            for method in item:
                if method in METHODS:
                    rest = {each: value for each, value in item.items() if each != method}
                    changed = {**document, "paths": {**document["paths"], route: rest}}
                    yield from in_file(path, sources.files[path], _json(changed), f"without {method} {route}")


@FAMILY.operator("a failure is not in the published contract")
def contract_without_failure(sources: Sources) -> Made:
    """A response of an operation in `openapi.json`."""
    for path, document in _contract(sources):
        for route, item in document["paths"].items():
            for method in (each for each in item if each in METHODS):
                for status in item[method].get("responses", {}):
                    if status in ("401", "403", "404", "409", "422"):
                        responses = {k: v for k, v in item[method]["responses"].items() if k != status}
                        operation = {**item[method], "responses": responses}
                        paths = {**document["paths"], route: {**item, method: operation}}
                        what = f"{method} {route} without {status}"
                        yield from in_file(
                            path, sources.files[path], _json({**document, "paths": paths}), what
                        )


@FAMILY.operator("a member is not in the published contract")
def contract_without_member(sources: Sources) -> Made:
    """A property of a schema in `openapi.json` that has no others than those it names."""
    for path, document in _contract(sources):
        schemas = document.get("components", {}).get("schemas", {})
        for name, schema in schemas.items():
            for member in schema.get("properties", {}):
                properties = {k: v for k, v in schema["properties"].items() if k != member}
                required = [each for each in schema.get("required", []) if each != member]
                changed = {**schema, "properties": properties, "required": required}
                components = {**document["components"], "schemas": {**schemas, name: changed}}
                text = _json({**document, "components": components})
                yield from in_file(path, sources.files[path], text, f"{name} without {member}")


@FAMILY.operator("a reference in the published contract leads nowhere")
def contract_reference_broken(sources: Sources) -> Made:
    """The first `$ref`."""
    for path, _ in _contract(sources):
        text = sources.files[path]
        yield from in_file(path, text, re.sub(r'("\$ref": "[^"]+)"', r'\1_"', text, count=1), "a broken $ref")


METHODS = {"get", "post", "put", "patch", "delete"}


def _contract(sources: Sources) -> Iterator[tuple[str, dict[str, Any]]]:
    path = f"{sources.package}/openapi.json"
    if path in sources.files:
        yield path, json.loads(sources.files[path])


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
