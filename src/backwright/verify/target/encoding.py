"""Bodies and parameters as they go over the wire."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from backwright.verify.target.contract import Parameter
from backwright.verify.target.files import ANY, LONGEST, File, content_of

BETWEEN = {"pipeDelimited": "|", "spaceDelimited": " "}
"""What stands between the items of a list that is one parameter; elsewhere a comma."""


def encoded(body: Any, media: str, files: Mapping[str, str] | None = None) -> tuple[bytes, str]:
    """The body in its media type, and the header that says so. `files` are the members that are uploaded as files, with
    their media types.
    """
    base = media.partition(";")[0].strip().lower()
    if base == "application/x-www-form-urlencoded":
        return urlencode({name: plain(value) for name, value in body.items()}, doseq=True).encode(), base
    if base == "multipart/form-data":
        boundary = f"boundary-{zlib.crc32(repr(body).encode()):08x}"
        parts = _parts(body, files or {}) if isinstance(body, dict) else ()
        lines = [b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts]
        return b"".join([*lines, f"--{boundary}--\r\n".encode()]), f"{base}; boundary={boundary}"
    if isinstance(body, File):
        return body.content, body.media
    if base.startswith("text/"):
        return str(body).encode(), base
    if isinstance(body, str) and base and not base.endswith("json") and "*" not in base:
        return content_of(base, body[:LONGEST]), base
    if isinstance(body, str) and base in {"*/*", "image/*"}:
        return (File(body, "image/png").content, "image/png") if base == "image/*" else (body.encode(), ANY)
    return msgspec.json.encode(body), base if base.endswith("json") else "application/json"


def _parts(body: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[bytes]:
    for name, value in body.items():
        # A list of files, or of texts, is a part for each; anything else that is no text is JSON.
        for each in value if isinstance(value, list) else (value,):
            item = File(each, files[name]) if name in files and isinstance(each, str) else each
            head = f'Content-Disposition: form-data; name="{name}"'
            match item:
                case File():
                    head += f'; filename="{item.called}"\r\nContent-Type: {item.media}'
                    content = item.content
                case dict():
                    head += "\r\nContent-Type: application/json"
                    content = msgspec.json.encode(item)
                case _:
                    content = str(plain(item)).encode()
            yield head.encode() + b"\r\n\r\n" + content


def queried(parameters: Mapping[str, Parameter], asked: Mapping[str, Any]) -> str:
    """The query string, each parameter in the style that the contract says; without the question mark."""
    pairs = (pair for name, value in asked.items() for pair in _pairs(parameters.get(name), name, value))
    return "&".join(f"{quote(name, safe='[]')}={written}" for name, written in pairs)


def _pairs(parameter: Parameter | None, name: str, value: Any) -> Iterator[tuple[str, str]]:
    style = parameter.style if parameter is not None else ""
    apart = parameter is None or parameter.explode
    if parameter is not None and parameter.encoded_as:
        yield name, _quoted(msgspec.json.encode(value).decode())
    elif isinstance(value, dict) and style == "deepObject":
        for key, each in value.items():
            for one in each if isinstance(each, list) else (each,):
                yield f"{name}[{key}]", _quoted(plain(one))
    elif isinstance(value, dict) and style:
        pairs = [(key, _quoted(plain(each))) for key, each in value.items()]
        if apart:
            yield from pairs
        else:
            yield name, ",".join(text for key, each in pairs for text in (_quoted(key), each))
    elif isinstance(value, list) and not apart:
        between = _quoted(BETWEEN[style]) if style in BETWEEN else ","
        yield name, between.join(_quoted(plain(each)) for each in value)
    elif isinstance(value, list | tuple):
        yield from ((name, _quoted(plain(each))) for each in value)
    else:
        yield name, _quoted(plain(value))


def _quoted(value: Any) -> str:
    return quote(str(value), safe="")


def simple(parameter: Parameter, value: Any) -> str:
    """A parameter of a path or header as text: lists with commas, objects as the contract says."""
    match value:
        case list():
            return ",".join(str(plain(each)) for each in value)
        case dict() if not parameter.encoded_as:
            joined = "=" if parameter.explode else ","
            return ",".join(f"{key}{joined}{plain(each)}" for key, each in value.items())
        case _:
            return str(plain(value))


def plain(value: Any) -> Any:
    """A parameter's value as text would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value
