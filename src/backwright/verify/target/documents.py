"""Contracts as files: YAML or JSON, checked to be OpenAPI before anything is made from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LARGEST = 16 * 1024 * 1024


class ContractUnusable(Exception):
    """The file is not there, cannot be read, or is not an OpenAPI 3 document."""


def read_contract(path: Path) -> Mapping[str, Any]:
    """The document, as JSON values. Raises ContractUnusable."""
    try:
        if path.stat().st_size > LARGEST:
            raise ContractUnusable(f"{path.name} has more than {LARGEST} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractUnusable(f"{path.name} cannot be read: {error}") from error
    document = _decoded(path.name, text)
    if not isinstance(document, dict):
        raise ContractUnusable(f"{path.name} is not a table of keys")
    version = str(document.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        said = (
            f"`openapi: {version}`" if version else "`swagger`" if "swagger" in document else "no `openapi`"
        )
        raise ContractUnusable(f"{path.name} says {said}; 3.0 and 3.1 are read")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise ContractUnusable(f"{path.name} describes no paths")
    return document


def _decoded(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    reader = YAML(typ="safe", pure=True)
    try:
        return _json(reader.load(text))
    except (YAMLError, ValueError, RecursionError) as error:
        raise ContractUnusable(f"{name} is neither JSON nor YAML: {str(error).splitlines()[0]}") from error


def _json(value: Any) -> Any:
    """The value with keys that are texts: `200:` is a number in YAML; dates become texts."""
    match value:
        case dict():
            return {_key(key): _json(each) for key, each in value.items()}
        case list():
            return [_json(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) or key is None else str(key)
