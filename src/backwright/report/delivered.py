"""What lies in the project: generated files, the contract, migrations, environment variables."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backwright.model.types import Model
from backwright.project import Project
from backwright.report.types import Endpoint, File, Link, Materials, Migration, Variable
from backwright.task.events import Log, MigrationApplied, MigrationRolledBack
from backwright.task.evidence import Evidence
from backwright_runtime.safe import Refused
from backwright_runtime.safe.files import Folder

BILL = "sbom"
_METHODS = ("get", "post", "put", "patch", "delete")
_STEP = re.compile(r"^-- step \d+:\s*(?P<text>.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"^#?\s*(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")
_FORMATS = {
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00.000000Z",
    "email": "ann@example.com",
    "password": "correct horse battery",
}
_DEEPEST = 8


def files(project: Project) -> tuple[File, ...]:
    """Every file that the lock lists, compared with the bytes on disk."""
    return tuple(
        File(path=path, sha256=digest, state=_file_state(project.root / path, digest))
        for path, digest in sorted(_locked(project.lock).items())
    )


def _locked(lock: Path) -> dict[str, str]:
    try:
        found = json.loads(lock.read_bytes())
    except (OSError, ValueError):
        return {}
    listed = found.get("files", found) if isinstance(found, dict) else {}
    return {path: digest for path, digest in listed.items() if isinstance(digest, str)}


def _file_state(file: Path, digest: str) -> Any:
    try:
        data = file.read_bytes()
    except OSError:
        return "missing"
    return "as generated" if hashlib.sha256(data).hexdigest() == digest else "edited"


def endpoints(project: Project, model: Model) -> tuple[Endpoint, ...]:
    """The operations of the emitted contract, each with samples."""
    try:
        contract = json.loads((project.root / model.service.package / "openapi.json").read_bytes())
    except (OSError, ValueError):
        return ()
    return tuple(
        _endpoint(contract, method, path, item[method])
        for path, item in contract.get("paths", {}).items()
        for method in _METHODS
        if method in item
    )


def _endpoint(contract: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Endpoint:
    responses = operation.get("responses", {})
    success: dict[str, Any] = next((r for status, r in responses.items() if status.startswith("2")), {})
    return Endpoint(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        statuses=tuple(responses),
        request=_sample(contract, operation.get("requestBody", {})),
        response=_sample(contract, success),
    )


def _sample(contract: dict[str, Any], holder: dict[str, Any]) -> str:
    """An example body: the contract's own, else one made from its schema."""
    content = _resolved(contract, holder).get("content", {}).get("application/json")
    if content is None:
        return ""
    value = content["example"] if "example" in content else _value(contract, content.get("schema", {}), 0)
    return json.dumps(value, indent=2, ensure_ascii=False)


def _value(contract: dict[str, Any], schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    schema = _resolved(contract, schema)
    if given := [schema[word] for word in ("example", "const", "default") if schema.get(word) is not None]:
        return given[0]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    if "allOf" in schema:
        parts = [_value(contract, part, depth + 1) for part in schema["allOf"]]
        return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _value(contract, schema[choice][0], depth + 1)
    return _plain_value(contract, schema, depth)


def _plain_value(contract: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        members = schema.get("properties", {})
        return {name: _value(contract, member, depth + 1) for name, member in members.items()}
    if kind == "array":
        return [_value(contract, schema.get("items", {}), depth + 1)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "text")
    return None


def _resolved(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    target: Any = schema
    for _ in range(_DEEPEST):
        if "$ref" not in target:
            break
        found: Any = contract
        for part in str(target["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        target = found
    return dict(target)


def migrations(project: Project, log: Log) -> tuple[Migration, ...]:
    """Every migration folder, what its steps do, and on which databases it ran and was taken back."""
    if not project.migrations.is_dir():
        return ()
    folders = sorted(folder for folder in project.migrations.iterdir() if folder.is_dir())
    return tuple(_migration(folder, log) for folder in folders)


def _migration(folder: Path, log: Log) -> Migration:
    scripts = sorted(folder.glob("up.*.sql"))
    text = scripts[0].read_text(encoding="utf-8") if scripts else ""
    applied = {
        e.database for e in log.events if isinstance(e, MigrationApplied) and e.migration == folder.name
    }
    back = {
        e.database for e in log.events if isinstance(e, MigrationRolledBack) and e.migration == folder.name
    }
    return Migration(
        name=folder.name,
        files=tuple(sorted(file.name for file in folder.iterdir() if file.is_file())),
        steps=tuple(found["text"].strip() for found in _STEP.finditer(text)),
        applied=tuple(sorted(applied)),
        rolled_back=tuple(sorted(back)),
    )


def materials(project: Project, evidence: Iterable[Evidence]) -> Materials | None:
    """The bill of materials of this build's run, compared with what that run wrote. None where it did not pass."""
    runs = (each.result for each in evidence if each.gate == BILL and each.status == "passed")
    result = next((each for each in runs if each is not None), None)
    if result is None:
        return None
    path, digest = str(result.figures.get("file", "")), str(result.figures.get("sha256", ""))
    try:
        data = Folder(project.root).read(path)
    except (OSError, Refused):
        problem = "the file is missing"
    else:
        problem = "" if hashlib.sha256(data).hexdigest() == digest else "the file was altered after the run"
    return Materials(link=Link(path=path, sha256=digest), summary=result.summary, problem=problem)


def environment(project: Project) -> tuple[Variable, ...]:
    """The variables of `.env.example`, each with the comment above it."""
    file = project.root / ".env.example"
    return tuple(_variables(file.read_text(encoding="utf-8"))) if file.exists() else ()


def _variables(text: str) -> Iterator[Variable]:
    comment: list[str] = []
    for line in text.splitlines():
        if found := _VARIABLE.match(line):
            yield Variable(name=found["name"], example=found["value"].strip(), meaning=" ".join(comment))
            comment = []
        elif line.startswith("#"):
            comment.append(line.lstrip("# ").strip())
        else:
            comment = []
