"""Links from the report's files to the artifacts that prove its claims."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from backwright.report.types import Link

FOLDER = ".backwright/report"


def target(link: Link) -> str:
    """The artifact's address relative to the report, safe in Markdown and HTML."""
    return quote(posixpath.relpath(link.path, FOLDER))


def short(sha256: str) -> str:
    """As much of a hash as a reader compares."""
    return sha256[:12]


def stem(link: Link) -> str:
    """What an artifact is called: its file name without the ending."""
    return posixpath.basename(link.path).rsplit(".", 1)[0]
