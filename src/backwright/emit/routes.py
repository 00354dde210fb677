"""Writes `routes/<tag>.py`: where operations answer, who may call them, and what the answer is made of."""

from __future__ import annotations

import re

from backwright.emit.names import Names, module_name, snake
from backwright.emit.package import Package
from backwright.emit.services.answers import Returned
from backwright.emit.services.parameters import context_type, parameters
from backwright.emit.services.scope import path_variable
from backwright.emit.services.sent import fixed, sent, sent_names
from backwright.emit.source import (
    NO_IMPORTS,
    Identifier,
    Imports,
    Source,
    docstring,
    imports,
    indented,
    literal,
    module,
    source,
)
from backwright.expr.typed import Compare, Constant, Name
from backwright.model.types import (
    Model,
    Operation,
    Rule,
    Select,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
)

_RUNTIME = "backwright_runtime"
_ENVELOPED = (ShowRow, ShowPage, ShowSession, ShowShape)


def route_module(
    tag: str, operations: list[Operation], package: Package, returned: dict[str, Returned]
) -> str:
    """The handlers of one tag."""
    router = source("router = Router()", imports(_RUNTIME, "Router", "Response"))
    handlers = [Handler(operation, package).written(returned[operation.name]) for operation in operations]
    return module(f"/{tag}", [router, *handlers], package=package.names.package)


class Handler:
    """Writes the handler of one operation."""

    def __init__(self, operation: Operation, package: Package) -> None:
        self.operation = operation
        self.package = package
        self.model: Model = package.model
        self.names: Names = package.names
        self.imports: Imports = NO_IMPORTS

    def written(self, returned: Returned) -> Source:
        """The decorator, the call of the service, and the answer."""
        operation = self.operation
        context = context_type(self.model, self.names)
        given, needed = parameters(operation, self.model, self.names, limits=True)
        passed = ", ".join(["ctx", *(each.partition(":")[0] for each in given)])
        service = module_name(operation.tag)
        alias = f"{service}_service" if service in self.names.functions else str(service)
        name = self.names.function(operation)
        call = f"await {alias}.{name}({passed})"
        body = self.answer(call, returned)
        text = (
            f"@router.{operation.method.lower()}({', '.join([literal(self.path()), *self.settings()])})\n"
            f"async def {name}({', '.join([f'ctx: {context}', *given])}) -> Response:\n"
            f"    {docstring(operation.summary or operation.name, 4)}\n{indented(body)}"
        )
        return source(
            text,
            context,
            *needed,
            self.imports,
            imports(
                f"{self.names.package}.services", service if alias == service else f"{service} as {alias}"
            ),
        )

    def path(self) -> str:
        """The template, with the names of the handler's parameters."""
        by_wire = {each.wire or each.name: each.name for each in self.operation.path_parameters}
        return re.sub(
            r"\{(\w+)\}",
            lambda hole: f"{{{path_variable(by_wire.get(hole[1], hole[1]))}}}",
            self.operation.path,
        )

    def settings(self) -> list[str]:
        """What is known of the operation before a request comes."""
        operation = self.operation
        found = [f"caller={literal(operation.caller)}"]
        if operation.access is not None and not only_signed_in(operation.access):
            found.append(f"access={self.access(operation.access)}")
        if operation.rates:
            self.imports |= imports(_RUNTIME, "Rate")
            rates = [
                f"Rate({rate.count}, {rate.seconds}{', by=' + literal(rate.by) if rate.by != 'caller' else ''})"
                for rate in operation.rates
            ]
            found.append(f"rates=[{', '.join(rates)}]")
        if operation.max_body is not None:
            found.append(f"max_body={operation.max_body}")
        lines = [literal(field.wire) for field in operation.query if field.header]
        if lines:
            found.append(f"headers=[{', '.join(lines)}]")
        if operation.body is not None and operation.body.media != "json":
            found.append(f"media={literal(operation.body.media)}")
        if operation.body is not None and operation.body.wrap is not None:
            found.append(f"wrap={literal(operation.body.wrap)}")
        if operation.body is not None and operation.body.bare is not None:
            found.append(f"bare={literal(operation.body.bare)}")
        if operation.idempotent != "no":
            found.append(f"idempotent={literal(operation.idempotent)}")
        if operation.if_match != "no":
            found.append(f"if_match={literal(operation.if_match)}")
        if operation.cache is not None:
            self.imports |= imports(_RUNTIME, "Cache")
            scope = f", scope={literal(operation.cache.scope)}" if operation.cache.scope != "private" else ""
            found.append(f"cache=Cache({operation.cache.seconds}{scope})")
        if operation.deprecated is not None:
            self.imports |= imports(_RUNTIME, "Deprecation")
            told = operation.deprecated
            arguments = [literal(told.since)]
            arguments += [f"sunset={literal(told.sunset)}"] if told.sunset else []
            arguments += [f"link={literal(told.link)}"] if told.link else []
            found.append(f"deprecated=Deprecation({', '.join(arguments)})")
        if operation.answers:
            name = f"{snake(operation.name).upper()}_ERRORS"
            self.imports |= imports(f"{self.names.package}.errors", name)
            found.append(f"errors={name}")
        return found

    def access(self, rule: Rule) -> str:
        """The function that judges the operation's own rule."""
        return access_function(rule, self.operation, self.package, self)

    # Answers -----------------------------------------------------------------------------------------

    def answer(self, call: str, returned: Returned) -> str:
        """The lines that call the service and answer."""
        names = [name for name, _ in returned.beside]
        data = self.data_name(returned)
        targets = [*([data] if returned.data is not None else []), *names]
        if not targets:
            return f"{call}\nreturn {self.respond('')}"
        if not names and not isinstance(self.operation.respond.show, ShowPage):
            return f"return {self.respond(call)}"
        return (
            f"{', '.join(targets)} = {call}\nreturn {self.respond(data if returned.data is not None else '')}"
        )

    def data_name(self, returned: Returned) -> str:
        """What the answer is called."""
        match self.operation.respond.show:
            case ShowPage():
                return "page"
            case ShowFile():
                return "content"
            case ShowCsv():
                return "lines"
            case _:
                return "shown"

    def respond(self, data: str) -> str:
        """The call of the runtime's function that makes the answer."""
        respond, show = self.operation.respond, self.operation.respond.show
        settings: list[str] = []
        status = respond.status
        own_status = f"status={'status' if respond.choose is not None else status}"
        values = [
            fixed(each.value) or name
            for name, each in zip(sent_names(self.operation), sent(respond), strict=True)
        ]
        headers = [
            f"{literal(each.name)}: {value}" for each, value in zip(respond.headers, values, strict=False)
        ]
        if headers:
            settings.append(f"headers={{{', '.join(headers)}}}")
        if respond.cookies:
            self.imports |= imports(_RUNTIME, "Cookie")
            given = zip(respond.cookies, values[len(respond.headers) :], strict=True)
            cookies = [
                f"Cookie({literal(each.name)}, {value}{_lasting(each.seconds)})" for each, value in given
            ]
            settings.append(f"cookies=[{', '.join(cookies)}]")
        if isinstance(show, _ENVELOPED):
            if respond.wrap is not None:
                settings.append(f"wrap={literal(respond.wrap)}")
            if self.model.service.envelope and not respond.envelope:
                settings.append("bare=True")
        match show:
            case ShowNothing() if (
                status == 204 and respond.choose is None and not headers and not respond.cookies
            ):
                return self.use("no_content") + "()"
            case ShowNothing():
                return f"{self.use('answer')}({', '.join([own_status, *settings])})"
            case ShowRow(location=location):
                if location is not None:
                    settings.insert(0, f"location={path_text(location)}")
                if self.model.entity(self.model.view(show.view).entity).version is not None:
                    settings.append("version=version")
            case ShowPage(bind=bind):
                data = "page.rows"
                style = self.style(bind)
                if style == "keyset":
                    settings.insert(0, "next=page.next")
                elif style == "offset":
                    settings.insert(0, "total=page.total")
            case ShowText():
                return self.called("text", data, 200, own_status, settings)
            case ShowHtml(template=template):
                return self.called("html", f"{literal(template)}, {data}", 200, own_status, settings)
            case ShowCsv(columns=columns, filename=filename):
                headings = ", ".join(literal(each.heading) for each in columns)
                headings = f"{headings}," if len(columns) == 1 else headings
                if filename is not None:
                    settings.insert(0, f"filename={literal(filename)}")
                return self.called("csv", f"({headings}), {data}", 200, own_status, settings)
            case ShowFile(filename=file_name):
                settings.insert(0, "media=media")
                if file_name is not None:
                    settings.insert(1, "filename=filename")
                return self.called("file", data, 200, own_status, settings)
            case _:
                pass
        if respond.choose is None and status == 201:
            return f"{self.use('created')}({', '.join([data, *settings])})"
        if respond.choose is None and status == 200:
            return f"{self.use('ok')}({', '.join([data, *settings])})"
        return f"{self.use('answer')}({', '.join([data, own_status, *settings])})"

    def called(self, function: str, data: str, usual: int, status: str, settings: list[str]) -> str:
        """A call of the runtime, with a status where it is not the usual one."""
        own = [status] if status != f"status={usual}" else []
        return f"{self.use(function)}({', '.join([data, *own, *settings])})"

    def style(self, bind: str) -> str:
        """How the page of a binding is paged."""
        for step in self.operation.steps:
            if isinstance(step, Select) and step.bind == bind:
                return step.paging.style
        return "keyset"

    def use(self, name: str) -> str:
        """A function of the runtime."""
        self.imports |= imports(_RUNTIME, name)
        return name


def _lasting(seconds: int | None) -> str:
    return "" if seconds is None else f", seconds={seconds}"


def path_text(template: str) -> str:
    """The address of a new row: `/books/{id}` as an f-string of `id_`."""
    parts = re.split(r"\{(\w+)\}", template)
    fixed = [literal(part.replace("{", "{{").replace("}", "}}"))[1:-1] for part in parts[::2]]
    holes = [f"{{{name}_}}" for name in parts[1::2]]
    text = "".join(piece for pair in zip(fixed, [*holes, ""], strict=True) for piece in pair)
    return f'f"{text}"'


def only_signed_in(rule: Rule) -> bool:
    """Whether a rule asks for nothing but a caller: the router knows that already."""
    match rule.condition:
        case Compare(op="!=", left=Name(root="caller"), right=Constant(value=None)):
            return True
        case Constant(value=True):
            return True
        case _:
            return False


def access_function(rule: Rule, operation: Operation, package: Package, handler: Handler) -> str:
    """`access.fees`: a function of `access.py` that judges whether the caller may call the operation at all."""
    package.accesses[operation.name] = rule
    handler.imports |= imports(package.names.package, "access")
    return f"access.{Identifier(snake(operation.name))}"
