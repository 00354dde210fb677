"""Writes the files around the package: packaging, documentation, configuration, container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files as resources
from typing import assert_never

import jinja2
import msgspec

from backwright.emit.application import has_templates
from backwright.emit.contract.errors import meaning
from backwright.emit.failures import MEANING, Outcome, answer_of, outcomes
from backwright.emit.inputs import page_of
from backwright.emit.secrets import encrypted_fields
from backwright.emit.source import MARKER, printable
from backwright.emit.vendored import RUNTIME, runtime_dependencies
from backwright.model.environment import Setting
from backwright.model.environment import variables as own_variables
from backwright.model.types import (
    ErrorArray,
    ErrorMembers,
    ErrorShape,
    ErrorText,
    ErrorWord,
    Model,
    Operation,
    Service,
)
from backwright_runtime.database.names import caller_role, trusted_role

_INSTALLED_RUNTIME = "backwright-runtime>=0.1,<0.2"
_OF_ADDRESSES = {"not_found": 404, "method_not_allowed": 405}
"""What is answered before there is an operation."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the environment. Those that are `required` have to be set; they are shown with an `example`."""

    name: str
    value: str
    meaning: str
    example: str = ""
    secret: bool = False
    required: bool = False

    @property
    def default(self) -> str:
        """How the table says what holds when it is not set."""
        return "required" if self.required else f"`{self.value}`"


def project_files(model: Model, *, ejected: bool = False) -> dict[str, str]:
    """Everything around the package, by path. An `ejected` project has the runtime inside of it."""
    templates = jinja2.Environment(
        autoescape=False,  # noqa: S701 (none of this is HTML; values are escaped for their own format)
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    templates.filters["toml"] = toml
    said = facts(model) | of_runtime(ejected)
    folder = resources("backwright.emit") / "templates"
    names = {
        "pyproject.toml": "pyproject.toml.j2",
        "README.md": "README.md.j2",
        ".env.example": "env.j2",
        ".gitignore": "gitignore.j2",
        "Dockerfile": "Dockerfile.j2",
        "compose.yaml": "compose.yaml.j2",
    }
    return {
        path: templates.from_string((folder / name).read_text("utf-8")).render(said)
        for path, name in names.items()
    }


def facts(model: Model) -> dict[str, object]:
    """What the templates are filled with."""
    service = model.service
    description = printable(service.description) or f"The service {service.name}."
    auth = model.auth
    return {
        "marker": MARKER,
        "package": service.package,
        "distribution": service.package.replace("_", "-"),
        "version": service.version,
        "title": markdown(service.name),
        "summary": description,
        "description": markdown(description),
        "scheme": None if auth is None else auth.scheme,
        "cookie": None if auth is None else auth.cookie,
        "hours": 0 if auth is None else hours(auth.token_seconds),
        "has_templates": has_templates(model),
        "envelope": service.envelope,
        "paging": sorted(paging_styles(model)),
        "failure": failure(service),
        "operations": [
            {
                "name": each.name,
                "method": each.method,
                "path": each.path,
                "caller": {"none": "anyone", "optional": "anyone", "required": "signed in"}[each.caller],
                "errors": ", ".join(str(status) for status in statuses(each, model)),
            }
            for each in model.operations
        ],
        "errors": list(errors(model)),
        "variables": variables(model),
        "row_level": roles(model),
        "needed": [each.name for each in variables(model) if each.required and each.name != "DATABASE_URL"],
        "passed_on": [each.variable for each in model.settings if each.default is not None],
    }


def roles(model: Model) -> tuple[str, str] | None:
    """The roles of row-level security; None where it is off."""
    if model.security is None:
        return None
    return caller_role(model.service.package), trusted_role(model.service.package)


def logging_in(model: Model) -> str:
    """What the role in the address has to be, under row-level security."""
    found = roles(model)
    return "" if found is None else f"; on PostgreSQL the user is a member of {found[0]} and {found[1]}"


def of_runtime(ejected: bool) -> dict[str, object]:
    """Where the runtime is: inside of the project, or a distribution that is installed."""
    return {
        "ejected": ejected,
        "runtime": RUNTIME,
        "dependencies": runtime_dependencies() if ejected else [_INSTALLED_RUNTIME],
    }


def hours(seconds: int) -> str:
    """A time in words, for people: `24 hours`, `90 minutes`."""
    number, unit = (seconds // 3600, "hour") if seconds % 3600 == 0 else (seconds // 60, "minute")
    return f"{number} {unit}{'s' if number != 1 else ''}"


def paging_styles(model: Model) -> set[str]:
    """How lists are paged."""
    pages = (page_of(operation) for operation in model.operations)
    return {page.paging.style for page in pages if page is not None}


# Failures ---------------------------------------------------------------------------------------------


def statuses(operation: Operation, model: Model) -> list[int]:
    """The statuses of an operation's failures, without those that any operation may answer."""
    found = (answer_of(each.category, operation, model.service).status for each in outcomes(operation, model))
    return sorted(set(found) - {500, 503})


def errors(model: Model) -> Iterator[dict[str, object]]:
    """Every code that programs may meet, with its status: by category, the service's own behind it."""
    told: dict[str, dict[tuple[str, int], None]] = {category: {} for category in MEANING}
    for category, status in _OF_ADDRESSES.items():
        told[category][category, status] = None
    for operation in model.operations:
        for outcome in outcomes(operation, model):
            told[outcome.category] |= dict.fromkeys(coded(outcome, operation, model.service))
    for category, codes in told.items():
        for code, status in sorted(codes, key=lambda each: (each[0] != category, each)):
            words = f"A kind of `{category}`."
            if code == category:
                words = MEANING[code] if category == "method_not_allowed" else meaning(category, model)
            yield {"code": code, "status": status, "meaning": words}


def coded(outcome: Outcome, operation: Operation, service: Service) -> Iterator[tuple[str, int]]:
    """The codes of an outcome, each with its status."""
    status = answer_of(outcome.category, operation, service).status
    return ((code, status) for code in outcome.codes)


def failure(service: Service) -> str | None:
    """What failures look like in general; None when that is the envelope."""
    usual = next((each for each in service.answers if each.category == "*"), None)
    return None if usual is None or usual.body is None else shape_words(usual.body)


def shape_words(shape: ErrorShape) -> str:
    """An author's own shape of errors as one would sketch it: `{"errors": {"body": messages}}`."""
    match shape:
        case ErrorWord(word=word):
            return word
        case ErrorText(text=text):
            return json.dumps(printable(text).replace("`", "'"), ensure_ascii=False)
        case ErrorMembers(members=members):
            inside = (f"{json.dumps(each.wire)}: {shape_words(each.shape)}" for each in members)
            return f"{{{', '.join(inside)}}}"
        case ErrorArray(items=items):
            return f"[{', '.join(shape_words(each) for each in items)}]"
        case _:
            assert_never(shape)


# The environment --------------------------------------------------------------------------------------


def variables(model: Model) -> list[Variable]:
    """The environment that the service reads."""
    package = model.service.package
    found = [
        Variable(
            name="DATABASE_URL",
            value="",
            meaning="Where the data is: postgresql://user:password@host/name or sqlite:///file.db"
            + logging_in(model),
            example=f"sqlite:///{package}.db",
            required=True,
        )
    ]
    if model.auth is not None:
        found.append(
            Variable(
                name="TOKEN_KEYS",
                value="",
                meaning="Keys of access tokens as name:secret, separated by commas, at least 32 bytes each "
                "(openssl rand -hex 32); the first one signs, all verify.",
                example="first:",
                secret=True,
                required=True,
            )
        )
    if encrypted_fields(model):
        found.append(
            Variable(
                name="ENCRYPTION_KEYS",
                value="",
                meaning="Keys of encrypted fields, written like those of tokens; the first one encrypts, all "
                "decrypt. Keep an old key as long as rows are encrypted with it: what it encrypted is lost with it.",
                example="first:",
                secret=True,
                required=True,
            )
        )
    found += [_own(each) for each in own_variables(model.settings, model.integrations)]
    return [
        *found,
        Variable(name="HOST", value="127.0.0.1", meaning="The address to listen on."),
        Variable(name="PORT", value="8000", meaning="The port to listen on."),
        Variable(name="LOG_LEVEL", value="info", meaning="debug, info, warning or error."),
        Variable(
            name="MAX_BODY_BYTES",
            value=str(model.service.max_body),
            meaning="The largest body that is read, where an operation has no limit of its own; "
            "not set, it is what the specification says.",
        ),
        Variable(name="POOL_SIZE", value="10", meaning="Connections to PostgreSQL."),
        Variable(
            name="METRICS_TOKEN",
            value="",
            meaning="What `GET /metrics` asks for as `Authorization: Bearer`, at least 16 characters; "
            "without it anyone may read.",
        ),
    ]


def _own(setting: Setting) -> Variable:
    """A variable that custom logic uses."""
    return Variable(
        name=setting.variable,
        value=setting.default or "",
        meaning=printable(setting.description or f"What custom logic uses ({setting.type})."),
        secret=setting.secret,
        required=setting.default is None,
    )


def toml(text: object) -> str:
    """A TOML string."""
    return json.dumps(str(text), ensure_ascii=False)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in printable(text))
