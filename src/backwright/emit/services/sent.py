"""Headers and cookies of an answer: what their values are called, and which are the same every time."""

from __future__ import annotations

import keyword
import re

from backwright.emit.names import TAKEN_NAMES, module_name
from backwright.emit.source import Identifier, is_builtin, literal
from backwright.expr.typed import Constant
from backwright.model.types import Cookie, Formula, Header, Operation, Respond


def sent(respond: Respond) -> tuple[Header | Cookie, ...]:
    """The headers, then the cookies."""
    found: list[Header | Cookie] = [*respond.headers, *respond.cookies]
    return tuple(found)


def sent_names(operation: Operation) -> list[Identifier]:
    """What the values of an answer's headers, and then of its cookies, are called: as they are."""
    taken = {"ctx", "shown", "status", "lines", "media", "filename", "content", "version", "access"}
    taken |= {
        str(module_name(operation.tag)),
        operation.name,
        *(each.name for each in operation.path_parameters),
    }
    found: list[Identifier] = []
    for each in sent(operation.respond):
        kind = "cookie" if isinstance(each, Cookie) else "header"
        plain = re.sub(r"\W+", "_", each.name.lower(), flags=re.ASCII).strip("_")
        if (
            not plain
            or plain[0].isdigit()
            or keyword.iskeyword(plain)
            or plain in TAKEN_NAMES
            or is_builtin(plain)
        ):
            plain = f"{kind}_{plain}".rstrip("_")
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}_{kind}" if number == 2 else f"{plain}_{number}", number + 1
        taken.add(name)
        found.append(Identifier(name))
    return found


def fixed(formula: Formula) -> str | None:
    """The Python of a value that is the same in every answer: a text, or nothing. None where it is neither."""
    meaning = formula.meaning
    if not isinstance(meaning, Constant) or not isinstance(meaning.value, str | None):
        return None
    return literal(meaning.value)
