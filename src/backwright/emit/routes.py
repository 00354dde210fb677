"""Writes `routes/<tag>.py`: where operations answer, and what of."""

from __future__ import annotations

import re

from backwright.emit.annotations import plain
from backwright.emit.emitted import NotEmitted
from backwright.emit.inputs import has_query
from backwright.emit.names import Names, module_name
from backwright.emit.services import context_type
from backwright.emit.source import (
    Identifier,
    Source,
    docstring,
    imports,
    indented,
    literal,
    module,
    source,
)
from backwright.emit.views import session_member
from backwright.model.types import (
    Create,
    Find,
    Model,
    Operation,
    Select,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
)

_RUNTIME = "backwright_runtime"


def route_module(tag: str, operations: list[Operation], model: Model, names: Names) -> str:
    """The handlers of one tag."""
    router = source("router = Router()", imports(_RUNTIME, "Router", "Response"))
    handlers = [handler(operation, model, names) for operation in operations]
    return module(f"/{tag}", [router, *handlers], package=names.package)


def handler(operation: Operation, model: Model, names: Names) -> Source:
    """The handler of one operation."""
    parameters, needed = signature(operation, model, names)
    given = ", ".join(parameter.partition(":")[0] for parameter in parameters)
    service = module_name(operation.tag)
    call = f"await {service}.{Identifier(operation.name)}({given})"
    body, answered = answer(operation, model, names, call)
    decorator = (
        f"@router.{operation.method.lower()}({literal(operation.path)}, caller={literal(operation.caller)})"
    )
    text = (
        f"{decorator}\nasync def {Identifier(operation.name)}({', '.join(parameters)}) -> Response:\n"
        f"    {docstring(operation.summary or operation.name, 4)}\n{indented(body)}"
    )
    return source(text, *needed, answered, imports(f"{names.package}.services", service))


def signature(operation: Operation, model: Model, names: Names) -> tuple[list[str], list[Source]]:
    """The parameters of a handler."""
    context = context_type(model, names)
    parameters, needed = [f"ctx: {context}"], [context]
    for each in operation.path_parameters:
        kind = plain(each.type)
        parameters.append(f"{Identifier(each.name)}: {kind}")
        needed.append(kind)
    inputs = f"{names.package}.inputs"
    if has_query(operation):
        query = names.query_class(operation)
        parameters.append(f"query: {query}")
        needed.append(source(query, imports(inputs, query)))
    if operation.body is not None:
        body = names.input_class(operation)
        parameters.append(f"body: {body}")
        needed.append(source(body, imports(inputs, body)))
    return parameters, needed


def answer(operation: Operation, model: Model, names: Names, call: str) -> tuple[str, Source]:
    """The body of a handler: call the service, show what it returned."""
    show = operation.respond.show
    views = f"{names.package}.views"
    match show:
        case ShowNothing():
            return f"{call}\nreturn no_content()", source("", imports(_RUNTIME, "no_content"))
        case ShowRow(bind=bind, view=view, location=location):
            row = names.row(entity_of(operation, bind))
            shown = names.view_function(view)
            where = "" if location is None else f", location={path_text(location, row, operation, model)}"
            function = respond(operation)
            text = f"{row} = {call}\nreturn {function}({shown}({row}){where})"
            return text, source("", imports(_RUNTIME, function) | imports(views, shown))
        case ShowPage(bind=bind, view=view):
            row = names.row(entity_of(operation, bind))
            shown = names.view_function(view)
            text = f"page = {call}\nreturn ok([{shown}({row}) for {row} in page.rows], next=page.next)"
            return text, source("", imports(_RUNTIME, "ok") | imports(views, shown))
        case ShowSession(row=bind, view=view):
            row = names.row(entity_of(operation, bind))
            shown = names.view_function(view)
            function = respond(operation)
            session = f"Session({session_member(show)}={shown}({row}), token=token)"
            text = f"{row}, token = {call}\nreturn {function}({session})"
            return text, source("", imports(_RUNTIME, function) | imports(views, shown, "Session"))
        case _:
            raise NotEmitted(show)


def respond(operation: Operation) -> str:
    """The runtime's function for the status of success."""
    return "created" if operation.respond.status == 201 else "ok"


def entity_of(operation: Operation, bind: str) -> str:
    """The entity of a binding."""
    for step in operation.steps:
        match step:
            case Find(bind=name) | Select(bind=name) | Create(bind=name) if name == bind:
                return step.entity
            case _:
                pass
    raise KeyError(f"{operation.name}: {bind}")


def path_text(template: str, row: str, operation: Operation, model: Model) -> str:
    """The address of a new row: `/books/{id}` as `f"/books/{book.id}"`."""
    show = operation.respond.show
    assert isinstance(show, ShowRow)
    entity = model.entity(entity_of(operation, show.bind))
    parts = re.split(r"\{(\w+)\}", template)
    fixed = [literal(part.replace("{", "{{").replace("}", "}}"))[1:-1] for part in parts[::2]]
    holes = [f"{{{row}.{Identifier(entity.field(name).column)}}}" for name in parts[1::2]]
    text = "".join(piece for pair in zip(fixed, [*holes, ""], strict=True) for piece in pair)
    return f'f"{text}"'
