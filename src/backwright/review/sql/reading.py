"""SQL text as statements of tokens, each with its place, and in a transaction or not.

sqlglot's tokenizer knows PostgreSQL's strings, comments and dollar quotes. Its parser hands about half of the
statements that matter here back as opaque text (ADD CHECK, VALIDATE, ALTER TYPE, REINDEX …), and the parser of
PostgreSQL itself comes under a licence that a dependency of this tool cannot have. So statements are read by
their leading words, which PostgreSQL's grammar reserves.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from backwright.review.findings import Site

_LITERALS = {TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING, TokenType.NATIONAL_STRING}
_DOWN = re.compile(
    r"^\s*--\s*(?:\+goose\s+down|\+migrate\s+down|migrate:down|\+micrate\s+down|@undo)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_PSQL = re.compile(r"^[ \t]*\\[^\n]*$", re.MULTILINE)


class NotSql(Exception):
    """The text cannot be read as SQL of PostgreSQL."""


class Word(msgspec.Struct, frozen=True):
    """A token. `upper` is what a keyword is compared with; a string literal or a quoted name is no keyword."""

    text: str
    upper: str
    literal: bool
    line: int
    column: int


class Statement(msgspec.Struct, frozen=True):
    """One statement. `transaction`: it stands between BEGIN and COMMIT, or its runner puts it into a transaction."""

    words: tuple[Word, ...]
    site: Site
    transaction: bool = False

    def starts(self, *words: str) -> bool:
        return starts(self.words, *words)

    def has(self, *words: str) -> bool:
        """Whether these words follow each other anywhere."""
        return find(self.words, *words) is not None


def starts(words: Sequence[Word], *expected: str) -> bool:
    """Whether the words begin as given; `A|B` is one of two."""
    if len(words) < len(expected):
        return False
    return all(word.upper in wanted.split("|") for word, wanted in zip(words, expected, strict=False))


def find(words: Sequence[Word], *expected: str) -> int | None:
    """Where these words follow each other first."""
    return next((i for i in range(len(words)) if starts(words[i:], *expected)), None)


def without(words: Sequence[Word], *optional: str) -> Sequence[Word]:
    """The words behind an optional beginning such as IF NOT EXISTS."""
    return words[len(optional) :] if starts(words, *optional) else words


def name(words: Sequence[Word]) -> tuple[str, Sequence[Word]]:
    """A possibly qualified name, in lower case and without its schema, and the words behind it."""
    if not words:
        return "", words
    end = 1
    while end + 1 < len(words) and words[end].text == ".":
        end += 2
    return words[end - 1].text.lower(), words[end:]


def commas(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The parts between commas that stand in no parentheses."""
    depth, start = 0, 0
    for number, word in enumerate(words):
        if not word.literal:
            depth += (word.text in "([") - (word.text in ")]") if word.text else 0
        if word.text == "," and depth == 0 and not word.literal:
            yield words[start:number]
            start = number + 1
    yield words[start:]


def up_part(text: str) -> str:
    """A migration without its reverse, where both stand in one file."""
    match = _DOWN.search(text)
    return text if match is None else text[: match.start()]


def statements(text: str, file: str, *, transaction: bool = False, at: Site | None = None) -> list[Statement]:
    """The statements of a text. Raises NotSql. `at`: where all of them stand, when the text was made of something."""
    try:
        tokens = Postgres().tokenize(_PSQL.sub(lambda line: " " * len(line[0]), text))
    except TokenError as error:
        raise NotSql(str(error).splitlines()[0]) from None
    found: list[Statement] = []
    group: list[Word] = []
    starts_of_line = _line_starts(text)
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            _close(found, group, file, at, transaction)
            group = []
        elif len(group) == 1 and token.token_type is TokenType.STRING and text[token.start] not in "'$EeUu":
            group += _rest(token, group[0])
        else:
            group += _words(token, starts_of_line)
    _close(found, group, file, at, transaction)
    return found


def _close(found: list[Statement], group: list[Word], file: str, at: Site | None, transaction: bool) -> None:
    if not group:
        return
    opened = transaction
    if found:
        last = found[-1]
        opened = last.transaction
        if starts(last.words, "BEGIN") or starts(last.words, "START", "TRANSACTION"):
            opened = True
        elif starts(last.words, "COMMIT|ROLLBACK|END"):
            opened = False
    site = at or Site(file, group[0].line, group[0].column)
    found.append(Statement(tuple(group), site, opened))


def _words(token: Token, lines: list[int]) -> Iterator[Word]:
    """The words of a token: some keywords, such as FOREIGN KEY, come as one."""
    literal = token.token_type in _LITERALS
    quoted = literal or token.token_type is TokenType.IDENTIFIER
    line = _line_of(token.start, lines)
    column = token.start - lines[line] + 1
    for text in [token.text] if quoted else token.text.split():
        yield Word(text, "" if quoted else text.upper(), literal, line + 1, column)


def _rest(token: Token, command: Word) -> Iterator[Word]:
    """The words behind a command such as VACUUM, which the tokenizer leaves in one piece."""
    for text in re.findall(r"[\w.\"]+|[(),]", token.text):
        yield Word(text.strip('"'), text.upper(), False, command.line, command.column)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line_of(offset: int, lines: list[int]) -> int:
    return bisect_right(lines, offset) - 1
