"""What YAML does to expressions that nobody meant: each trap has a diagnostic of its own."""

from __future__ import annotations

import re

from backwright.spec.diagnostics import Diagnostic, Place, diagnose, placed, register
from backwright.spec.raw import Entry, Raw, Scalar

SYNTAX = register(
    "BW102",
    "The file is not valid YAML",
    "Nothing of a file that cannot be read is known, so nothing can be built from it.",
    "service: {name: shop",
)
ANCHOR = register(
    "BW103",
    "An anchor or an alias",
    "Anchors and aliases make one place mean another; reviewers sign what they read.",
    "access: &mine this.owner == caller",
)
TAG = register(
    "BW104",
    "An expression that begins with ! is a YAML tag",
    "YAML takes a leading ! for a tag and drops that part of the text: the rule would lose its negation.",
    "access: !this.locked",
)
COMMENT = register(
    "BW106",
    "A comment cuts an expression off",
    "In YAML a # after a space begins a comment, so the rest of the expression is silently lost.",
    "access: this.title == 'a #1'",
)
COMMA = register(
    "BW107",
    "A comma in braces cuts an expression off",
    "Inside { } a comma ends the value, so an expression that contains one is split in two.",
    "access: {read: size(this.title, 1)}",
)
TERNARY = register(
    "BW114",
    "`a ? b : c` without quotes",
    "In YAML a colon followed by a space begins a value, so a conditional must be quoted.",
    "filters: {done: this.done ? true : false}",
)
COLON = register(
    "BW115",
    "A colon and a space in a value without quotes",
    "In YAML they begin another value, so text that contains them must be quoted.",
    "where: this.title == 'note: read'",
)
QUOTED_START = register(
    "BW116",
    "A value that begins with a quoted part",
    "YAML takes the value to end at the second quote, so what follows is not part of it.",
    "set: {title: 'a' + this.title}",
)
START = register(
    "BW117",
    "A value that begins with a sign of YAML",
    "A plain value cannot begin with % @ ` or a bracket: YAML keeps these signs for itself.",
    "where: @this.title",
)
WORD = register(
    "BW118",
    "yes, no, on or off where true or false is meant",
    "In YAML 1.2 these are words like any other; only true and false are not.",
    "unique: yes",
)
ZERO = register(
    "BW119",
    "A number with leading zeros",
    "Some YAML readers take it for an octal number, others for a decimal one.",
    "min: 010",
)
FOLDED = register(
    "BW122",
    "A comment in folded text",
    "YAML joins the lines of such a value, so // hides what stands on the lines behind it as well.",
    "where: >-\n  this.done  // finished\n  && this.paid",
)

BRACES = register(
    "BW123",
    "A value in braces that has braces of its own",
    "YAML takes them for a table inside the value, so a route with parameters must be quoted there.",
    "get_book: {route: GET /books/{id}, read: Book}",
)

_NEGATED = re.compile(r"(?:^[ ]*|[:,\-\[{][ ]+|[\[{])(!(?:[A-Za-z_(][^ ]*)?)(?=[ ]*[^ ])")
_BRACES = re.compile(r"[{,][^'\"]*[^ '\",:{\[]\{")
_TEXT_OR_COMMENT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(//)""", re.DOTALL)
_UNFINISHED = re.compile(r"(&&|\|\||==|!=|<=?|>=?|[-+*/%!(,?:\[]|(^|\s)in)$")
_QUOTED_FIRST = re.compile(r""":\s+(?:'[^']*'|"[^"]*")\s*[^\s,}#\]]""")
_CONDITIONAL = re.compile(r"\?.*\s:(\s|$)")
LONGEST = 2000
_PAIRS = {")": "(", "]": "[", "}": "{"}


def unfinished(text: str) -> bool:
    """Whether an expression's text stops in the middle: an open bracket or quote, or a last operator."""
    quote = ""
    escaped = False
    open_brackets: list[str] = []
    for character in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            open_brackets.append(character)
        elif character in _PAIRS and open_brackets and open_brackets[-1] == _PAIRS[character]:
            open_brackets.pop()
    return bool(quote or open_brackets or _UNFINISHED.search(text))


def comment_trap(scalar: Scalar) -> Diagnostic | None:
    """An unquoted expression that is unfinished where a comment begins."""
    if scalar.comment is None or not unfinished(scalar.value):
        return None
    message = f"`{scalar.comment}` is read as a comment, so the expression ends after `{scalar.value}`"
    return diagnose(COMMENT, scalar.place, message, "quote the whole expression")


def folded_comment_trap(scalar: Scalar) -> Diagnostic | None:
    """A `//` comment in an expression that goes on in the next line of the file, which YAML has joined to it."""
    if "//" not in scalar.value or not scalar.turns:
        return None
    comment = next((found for found in _TEXT_OR_COMMENT.finditer(scalar.value) if found[1]), None)
    if comment is None:
        return None
    line_end = scalar.value.find("\n", comment.start())
    last = (line_end if line_end >= 0 else len(scalar.value)) - 1
    inside = scalar.place.shifted(1) if scalar.style in {"'", '"'} else scalar.place
    place = placed(inside, scalar.turns, comment.start())
    if placed(inside, scalar.turns, last).line == place.line:
        return None
    return diagnose(
        FOLDED, place, "the comment hides the lines behind it", "use # above the key, or `|` for >"
    )


def split_by_commas(entries: tuple[Entry, ...], index: int) -> int:
    """How many entries of braces after `index` are the rest of its expression (0: it is not split)."""
    value = entries[index].value
    if not isinstance(value, Scalar) or not value.plain or not unfinished(value.value):
        return 0
    text = value.value
    for count, entry in enumerate(entries[index + 1 :], 1):
        rest = entry.value.value if isinstance(entry.value, Scalar) else ""
        text = f"{text}, {entry.key.value}{': ' if rest else ''}{rest}"
        if not unfinished(text):
            return count
    return 0


def is_rest_of_text(before: Entry, entry: Entry) -> bool:
    """Whether an entry of braces is the rest of the text before it: words without a value, behind a plain value."""
    empty = isinstance(entry.value, Scalar) and entry.value.plain and not entry.value.value
    words = isinstance(before.value, Scalar) and before.value.plain and bool(before.value.value)
    return empty and words and " " in entry.key.value


def comma_trap(entry: Entry) -> Diagnostic:
    """The diagnostic for an expression or a text that a comma cuts in two."""
    key = entry.key.value
    return diagnose(
        COMMA,
        entry.value.place,
        f"the value of `{key}` ends at the comma",
        f'quote the whole value: {{{key}: "…"}}',
    )


def split_items(items: tuple[Raw, ...], index: int) -> int:
    """How many items of brackets after `index` are the rest of its expression (0: it is not split)."""
    value = items[index]
    if not isinstance(value, Scalar) or not value.plain or not unfinished(value.value):
        return 0
    text = value.value
    for count, item in enumerate(items[index + 1 :], 1):
        if not isinstance(item, Scalar):
            return 0
        text = f"{text}, {item.value}"
        if not unfinished(text):
            return count
    return 0


def brackets_trap(item: Raw) -> Diagnostic:
    """The diagnostic for an expression that `split_items` found."""
    return diagnose(
        COMMA, item.place, "the expression ends at the comma", 'quote the whole expression: ["…"]'
    )


def word_trap(scalar: Scalar, meant: str) -> Diagnostic:
    """A word that other YAML readers take for true or false, or a flag in quotes or capitals."""
    return diagnose(WORD, scalar.place, f"`{scalar.value}` is a word here", f"write {meant}, without quotes")


def zero_trap(scalar: Scalar) -> Diagnostic:
    """A number that begins with zeros."""
    sign = scalar.value[0] if scalar.value[0] in "+-" else ""
    digits = scalar.value.lstrip("+-").lstrip("0") or "0"
    return diagnose(ZERO, scalar.place, f"`{scalar.value}` begins with zeros", f"write {sign}{digits}")


def tag_trap(tag: str, place: Place) -> Diagnostic:
    """A tag, most often a negation that was meant."""
    message = f"`{tag}` is read as a YAML tag, not as text"
    return diagnose(TAG, place, message, 'quote the whole expression: "!…"')


def anchor_trap(name: str, place: Place, *, alias: bool) -> Diagnostic:
    """An anchor or an alias; `&&` at the start of a word is read as one as well."""
    sign = "*" if alias else "&"
    message = f"`{sign}{name}` is read as a YAML {'alias' if alias else 'anchor'}"
    return diagnose(ANCHOR, place, message, "write the value out, or quote the expression that it is part of")


def syntax_problem(problem: str, line: str, place: Place) -> Diagnostic:
    """What the YAML reader refused, with the likely cause where the line shows one."""
    line = line[:LONGEST]  # the patterns look for a short line's mistake, and take too long for a hostile one
    negated = _NEGATED.search(line)
    if negated is not None and negated.end() <= place.column:
        # What follows the tag is no YAML, so the reader stops before it can tell that there is one.
        return tag_trap(negated[1], Place(place.file, place.line, negated.start(1) + 1))
    if _CONDITIONAL.search(line):
        message = "a conditional `a ? b : c` must be quoted"
        return diagnose(TERNARY, place, message, 'quote the whole expression: "a ? b : c"')
    if _BRACES.search(line) is not None and problem.startswith("expected"):
        message = "a value in braces or brackets has braces of its own"
        return diagnose(BRACES, place, message, 'quote the whole value: "GET /…/{id}"')
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return diagnose(SYNTAX, place, "a tab indents this line", "indent with spaces")
    if "cannot start any token" in problem:
        sign = line[place.column - 1 : place.column]
        return diagnose(START, place, f"the value begins with {sign}", 'quote the whole value: "…"')
    if problem.startswith("mapping values are not allowed") and line.count(": ") > 1:
        return diagnose(COLON, place, "a colon and a space begin another value", 'quote the whole value: "…"')
    if _QUOTED_FIRST.search(line):
        message = "the value ends at its second quote, and more follows"
        return diagnose(QUOTED_START, place, message, 'quote the whole value: "…"')
    mend = "quote the value if it contains : # , [ ] { } or quotes; otherwise check indentation and brackets"
    return diagnose(SYNTAX, place, problem, mend)
