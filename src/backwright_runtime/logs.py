"""Logs: one JSON object per line. Bodies, tokens, addresses and messages of exceptions never appear in them.

The access log is written directly, past `logging`, because it happens once per request.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import IO

import msgspec
from msgspec import Struct

from backwright_runtime.texts import timestamp

LOG = logging.getLogger("backwright_runtime")


class _Access(Struct, frozen=True):
    time: str
    level: str
    event: str
    request_id: str
    method: str
    route: str
    status: int
    milliseconds: float


class AccessLog:
    """One line per request."""

    def __init__(self, stream: IO[str]) -> None:
        self._write = stream.write
        self._encode = msgspec.json.Encoder().encode

    def write(self, request_id: str, method: str, route: str, status: int, seconds: float) -> None:
        """Log a request that was answered. `route` is the template, never the address with its values."""
        now = timestamp(datetime.now(UTC))
        line = _Access(now, "info", "request", request_id, method, route, status, round(seconds * 1000, 3))
        self._write(self._encode(line).decode() + "\n")


class JsonFormatter(logging.Formatter):
    """Records as JSON. Of an exception it shows type and places; its message only when `debug` is on."""

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "time": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["exception"] = f"{type(error).__module__}.{type(error).__qualname__}"
            frames = traceback.extract_tb(error.__traceback__)
            line["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            if self._debug:
                line["message"] = str(error)
        return msgspec.json.encode(line).decode()


def configure(level: str) -> AccessLog | None:
    """Send all logs to standard output. Returns the access log, which is kept at `info` and `debug`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(debug=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    return AccessLog(sys.stdout) if level in ("debug", "info") else None
