"""The HTML templates that operations name: files of the project, read with the specification."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, OperationNode
from backwright.spec.reader.places import inside

MISSING = register(
    "BW120",
    "An HTML template that the project does not have",
    "The page is made of the template, so without it there is no answer.",
    "respond: {html: templates/thraed.html}",
)
UNREADABLE = register(
    "BW121",
    "An HTML template that cannot be used",
    "A template is UTF-8 text of bounded size, so that building stays fast whoever wrote it.",
)
LARGEST = 256 * 1024


def read_templates(
    root: Path, operations: Iterable[OperationNode]
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The texts of all templates by their path in the project, and what is wrong with them."""
    texts: dict[str, str] = {}
    found: list[Diagnostic] = []
    for operation in operations:
        html = None if operation.respond is None else operation.respond.html
        if html is None or html.value in texts:
            continue
        read = _read(root.resolve(), html)
        if isinstance(read, str):
            texts[html.value] = read
        else:
            found.append(read)
    return texts, found


def _read(root: Path, html: At[str]) -> str | Diagnostic:
    file = inside(root, html, MISSING, "templates/page.html")
    if isinstance(file, Diagnostic):
        return file
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        return diagnose(UNREADABLE, html.place, f"`{html.value}`: {reason}", "correct its rights")
    if len(data) > LARGEST:
        message = f"`{html.value}` has more than {LARGEST} bytes"
        return diagnose(UNREADABLE, html.place, message, "make it smaller: styles can be files of their own")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return diagnose(UNREADABLE, html.place, f"`{html.value}` is not UTF-8 text", "save it as UTF-8")
