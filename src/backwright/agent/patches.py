"""What a provider wants to write: whole files by path, from a tool call or from a work tree."""

from __future__ import annotations

import hashlib
import json

import msgspec

MOST_BYTES = 200_000
"""How long one file may be."""
MOST_FILES = 20


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """Files as they are to be; `removed` are paths that went."""

    files: dict[str, str]
    removed: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the whole: two equal patches have the same."""
        text = json.dumps([sorted(self.files.items()), sorted(self.removed)])
        return hashlib.sha256(text.encode()).hexdigest()


class Unreadable(msgspec.Struct, frozen=True):
    """An answer that is no patch, and why."""

    why: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    content: str


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    files: list[_File]


SCHEMA = {
    "type": "object",
    "properties": {
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "Relative to the project."},
                    "content": {"type": "string", "description": "The whole file."},
                },
                "required": ["path", "content"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["files"],
    "additionalProperties": False,
}
"""The argument of the one tool that a provider has, as JSON Schema."""
TOOL = "write_files"


def read(arguments: str) -> Patch | Unreadable:
    """The patch in the arguments of a tool call (JSON text)."""
    try:
        call = msgspec.json.decode(arguments, type=_Call)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Unreadable(f"the arguments of `{TOOL}` are not as its schema says: {error}")
    if not call.files:
        return Unreadable(f"`{TOOL}` was called without a file")
    if len(call.files) > MOST_FILES:
        return Unreadable(f"more than {MOST_FILES} files")
    names = [file.path for file in call.files]
    if len(set(names)) != len(names):
        return Unreadable("a path is there twice")
    if any(len(file.content.encode("utf-8", "replace")) > MOST_BYTES for file in call.files):
        return Unreadable(f"a file is longer than {MOST_BYTES} bytes")
    try:
        for file in call.files:
            file.content.encode()
    except UnicodeEncodeError:
        return Unreadable("a file is no text")
    return Patch(files={file.path: file.content for file in call.files})
