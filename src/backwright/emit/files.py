"""Writes the files around the package: packaging, documentation, configuration, container."""

from __future__ import annotations

import json
from importlib.resources import files as resources

import jinja2
import msgspec

from backwright.emit.failures import MEANING, STATUS, error_codes
from backwright.emit.secrets import encrypted_fields
from backwright.emit.source import MARKER, printable
from backwright.model.types import Model

_RUNTIME_STATUS = {**STATUS, "method_not_allowed": 405}


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the environment. Those with an `example` have to be set."""

    name: str
    value: str
    meaning: str
    example: str = ""

    @property
    def default(self) -> str:
        """How the table says what holds when it is not set."""
        return "required" if self.example else f"`{self.value}`"


def project_files(model: Model) -> dict[str, str]:
    """Everything around the package, by path."""
    templates = jinja2.Environment(
        autoescape=False,  # noqa: S701 (none of this is HTML; values are escaped for their own format)
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    templates.filters["toml"] = toml
    said = facts(model)
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
    told = {code for operation in model.operations for code in error_codes(operation, model)}
    told |= {"malformed", "not_found", "method_not_allowed"}
    return {
        "marker": MARKER,
        "package": service.package,
        "distribution": service.package.replace("_", "-"),
        "version": service.version,
        "title": markdown(service.name),
        "summary": description,
        "description": markdown(description),
        "has_auth": model.auth is not None,
        "has_encrypted": bool(encrypted_fields(model)),
        "operations": [
            {
                "name": each.name,
                "method": each.method,
                "path": each.path,
                "caller": {"none": "anyone", "optional": "anyone", "required": "signed in"}[each.caller],
                "errors": ", ".join(str(status) for status in statuses(error_codes(each, model))),
            }
            for each in model.operations
        ],
        "errors": [
            {"code": code, "status": _RUNTIME_STATUS[code], "meaning": meaning}
            for code, meaning in MEANING.items()
            if code in told
        ],
        "variables": variables(model),
    }


def statuses(codes: list[str]) -> list[int]:
    """The statuses of codes, without those that any operation may answer."""
    return sorted({STATUS[code] for code in codes} - {500, 503})


def variables(model: Model) -> list[Variable]:
    """The environment that the service reads."""
    package = model.service.package
    found = [
        Variable(
            name="DATABASE_URL",
            value="",
            meaning="Where the data is: postgresql://user:password@host/name or sqlite:///file.db",
            example=f"sqlite:///{package}.db",
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
            )
        )
    if encrypted_fields(model):
        found.append(
            Variable(
                name="ENCRYPTION_KEYS",
                value="",
                meaning="Keys of encrypted fields as name:secret, separated by commas, at least 32 bytes each; "
                "the first one encrypts, all decrypt. Without its key a value is lost.",
                example="first:",
            )
        )
    return [
        *found,
        Variable(name="HOST", value="127.0.0.1", meaning="The address to listen on."),
        Variable(name="PORT", value="8000", meaning="The port to listen on."),
        Variable(name="LOG_LEVEL", value="info", meaning="debug, info, warning or error."),
        Variable(name="MAX_BODY_BYTES", value="1048576", meaning="The largest body that is read."),
        Variable(name="POOL_SIZE", value="10", meaning="Connections to PostgreSQL."),
        Variable(
            name="METRICS_TOKEN",
            value="",
            meaning="What `GET /metrics` asks for as `Authorization: Bearer`, at least 16 characters; "
            "without it anyone may read.",
        ),
    ]


def toml(text: object) -> str:
    """A TOML string."""
    return json.dumps(str(text), ensure_ascii=False)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in printable(text))
