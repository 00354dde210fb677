"""JSON Schema of target files, for editors; what each key means is said once, in `reading`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backwright.verify.target.reading import (
    CALLER_KEYS,
    DATABASE_KEYS,
    EXPECTED_KEYS,
    KEYS,
    SIGN_IN_KEYS,
    START_KEYS,
)

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
MAPPING = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
NUMBER = {"type": "number", "minimum": 0}


def json_schema() -> dict[str, Any]:
    """The schema, Draft 2020-12."""
    sign_in = _table(
        SIGN_IN_KEYS, {"headers": MAPPING, "body": {}, "form": MAPPING, "keep": MAPPING}, ["request"]
    )
    caller = _table(CALLER_KEYS, {"sign_in": {"type": "array", "items": sign_in}, "headers": MAPPING})
    parts = {
        "start": _table(START_KEYS, {"command": TEXTS, "env": MAPPING, "seconds": NUMBER}, ["command"]),
        "allow_remote": {"type": "boolean"},
        "operations": TEXTS,
        "shared": TEXTS,
        "callers": {"type": "object", "additionalProperties": caller},
        "database": _table(DATABASE_KEYS, {"reset": TEXTS}),
        "expected": _table(EXPECTED_KEYS, dict.fromkeys(EXPECTED_KEYS, NUMBER)),
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_table(KEYS, parts, ["contract"])}


def _table(
    keys: Mapping[str, str], shapes: Mapping[str, Any], required: list[str] | None = None
) -> dict[str, Any]:
    properties = {key: {**shapes.get(key, TEXT), "description": meaning} for key, meaning in keys.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def reference() -> str:
    """Every key with its meaning, as Markdown."""
    parts = (
        ("A target", KEYS),
        ("`start`", START_KEYS),
        ("`database`", DATABASE_KEYS),
        ("A caller", CALLER_KEYS),
        ("A request of `sign_in`", SIGN_IN_KEYS),
        ("`expected`", EXPECTED_KEYS),
    )
    lines: list[str] = []
    for title, keys in parts:
        lines += [f"### {title}", "", "| key | what it says |", "|---|---|"]
        lines += [f"| `{key}` | {meaning} |" for key, meaning in keys.items()] + [""]
    return "\n".join(lines)
