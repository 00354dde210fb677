"""Answers: status codes, headers, envelopes and errors."""

from __future__ import annotations

import ast
import re

from backwright.verify.mutation.editing import in_module, in_place, keywords
from backwright.verify.mutation.operators.writing import ONE_WRITER
from backwright.verify.mutation.races import of_a_race
from backwright.verify.mutation.sources import Sources, called
from backwright.verify.mutation.types import Family, Made

FAMILY = Family("answers")


@FAMILY.operator("a status code is another one", blind=True)
def wrong_status(sources: Sources) -> Made:
    """`created` and `ok`, `no_content`, and statuses that are written as numbers."""
    for module in sources.modules("routes"):
        for call in module.calls("created", "ok", "no_content"):
            if any(each.arg == "status" for each in call.keywords):
                continue
            other = {"created": 200, "ok": 202, "no_content": 202}[called(call)]
            end = module.span(call)[1] - 1
            inner = module.text[module.span(call.func)[1] + 1 : end].rstrip().rstrip(",")
            text = f"{inner}{', ' if inner else ''}status={other}"
            what = f"line {call.lineno}: {other}"
            yield from in_place(module, (module.span(call.func)[1] + 1, end), text, what)


@FAMILY.operator("a failure has another status code", blind=True)
def wrong_error_status(sources: Sources) -> Made:
    """`ErrorAnswer(422)`."""
    for module in sources.modules("errors"):
        for call in module.calls("ErrorAnswer"):
            match call.args:
                case [ast.Constant(value=int(status)) as given]:
                    other = 400 if status != 400 else 422
                    yield from in_place(
                        module, module.span(given), str(other), f"line {call.lineno}: {other}"
                    )


@FAMILY.operator("the body of a failure has another shape", blind=True)
def error_body_changed(sources: Sources) -> Made:
    """A key of what an error shows."""
    for module in sources.modules("errors"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Dict):
                for key in node.keys:
                    match key:
                        case ast.Constant(value=str(name)) if node.col_offset > 10:
                            yield from in_place(module, module.span(key), f'"{name}_"', f"{name}_ for {name}")


@FAMILY.operator("a failure that the specification answers its own way is answered the usual way", blind=True)
def error_answer_forgotten(sources: Sources) -> Made:
    """An entry of ERRORS."""
    for module in sources.modules("errors"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Dict) and node.keys:
                for key, value in zip(node.keys, node.values, strict=True):
                    if called(value) == "ErrorAnswer" and key is not None:
                        start, end = module.span(key)[0], module.span(value)[1]
                        after = module.text[:start] + re.sub(r"\A,", "", module.text[end:])
                        yield from in_module(module, after, f"{module.source(key)} is answered the usual way")


@FAMILY.operator("a refusal says that there is no such thing, or the other way round", blind=True)
def refusal_confused(sources: Sources) -> Made:
    """`raise Forbidden` becomes 401."""
    for module in sources.modules("services"):
        for node in ast.walk(module.tree):
            match node:
                case ast.Raise(exc=ast.Name(id="Forbidden") as name):
                    text = '__import__("backwright_runtime").NotFound("row")'
                    yield from in_place(module, module.span(name), text, f"line {node.lineno}: 404 for 403")


@FAMILY.operator("what is not there is not refused but shown as nothing", blind=True)
def missing_row_not_answered(sources: Sources) -> Made:
    """`found(x, …)` becomes `x`: an internal error where there is none."""
    for module in sources.modules("services"):
        for call in module.calls("found"):
            text = module.source(call.args[0])
            yield from in_place(module, module.span(call), text, f"line {call.lineno}: no 404")


@FAMILY.operator("an error names another code", blind=True)
def wrong_error_code(sources: Sources) -> Made:
    """`FieldError(field, code)` and `code=`."""
    yield from _other_code(sources, in_a_race=False)
    for module in sources.modules("services", "repositories"):
        for call, keyword in keywords(module):
            if keyword.arg == "code" and called(call) in ("Conflict", "Invalid", "Forbidden"):
                what = f"line {call.lineno}: other"
                yield from in_place(module, module.span(keyword.value), '"other"', what)


@FAMILY.operator("an error that only a race leads to names another code", on_sqlite=ONE_WRITER)
def wrong_error_code_in_a_race(sources: Sources) -> Made:
    """The same for what was looked for before, or chosen as free: only another writer can take it."""
    return _other_code(sources, in_a_race=True)


def _other_code(sources: Sources, *, in_a_race: bool) -> Made:
    for module in sources.modules("services", "repositories"):
        racing = of_a_race(sources, module)
        for call in module.calls("FieldError"):
            code = call.args[-1]
            if isinstance(code, ast.Constant) and (call in racing) is in_a_race:
                yield from in_place(module, module.span(code), '"invalid"', f"line {call.lineno}: invalid")


@FAMILY.operator("an error names another member", blind=True)
def wrong_error_field(sources: Sources) -> Made:
    """`FieldError(field, code)` and `field=`."""
    return _other_field(sources, in_a_race=False)


@FAMILY.operator("an error that only a race leads to names another member", on_sqlite=ONE_WRITER)
def wrong_error_field_in_a_race(sources: Sources) -> Made:
    """The same for what was looked for before, or chosen as free: only another writer can take it."""
    return _other_field(sources, in_a_race=True)


def _other_field(sources: Sources, *, in_a_race: bool) -> Made:
    for module in sources.modules("services", "repositories"):
        racing = of_a_race(sources, module)
        for call in module.calls("FieldError"):
            field = call.args[0]
            if isinstance(field, ast.Constant) and len(call.args) > 1 and (call in racing) is in_a_race:
                yield from in_place(module, module.span(field), '"body"', f"line {call.lineno}: body")


@FAMILY.operator("a header is missing", blind=True)
def header_missing(sources: Sources) -> Made:
    """`location`, `version` (ETag) and `headers` of an answer."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg in ("location", "version", "headers", "cookies"):
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {call.lineno}: no {keyword.arg}")


@FAMILY.operator("a header that a request must have may be missing", blind=True)
def precondition_not_required(sources: Sources) -> Made:
    """`if_match="required"` and the idempotency key of a route."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg in ("if_match", "idempotency", "idempotent", "idempotency_key"):
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {call.lineno}: no {keyword.arg}")


@FAMILY.operator("what the answer is wrapped in is missing", blind=True)
def wrapping_missing(sources: Sources) -> Made:
    """`wrap=` of an answer."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg == "wrap" and called(call) in ("ok", "created"):
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {call.lineno}: bare")


@FAMILY.operator("the body is expected bare where it is wrapped", blind=True)
def body_not_unwrapped(sources: Sources) -> Made:
    """`wrap=` of a route."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg == "wrap" and called(call) in ("post", "put", "patch"):
                after = module.without_argument(call, keyword)
                yield from in_module(module, after, f"line {call.lineno}: bare")


@FAMILY.operator("the cursor of the next page is not in the answer", blind=True)
def next_page_missing(sources: Sources) -> Made:
    """`next=page.next` and `total=page.total`."""
    for module in sources.modules("routes"):
        for call, keyword in keywords(module):
            if keyword.arg in ("next", "total"):
                yield from in_module(
                    module, module.without_argument(call, keyword), f"line {call.lineno}: no {keyword.arg}"
                )


@FAMILY.operator("an address is another one", blind=True)
def route_changed(sources: Sources) -> Made:
    """The path of a route gets a slash at its end."""
    for module in sources.modules("routes"):
        for call in module.calls("get", "post", "put", "patch", "delete"):
            match call.args:
                case [ast.Constant(value=str(path)) as given, *_]:
                    yield from in_place(module, module.span(given), f'"{path}/"', f"{path}/")
