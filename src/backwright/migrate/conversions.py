"""How the databases convert stored values from one type to another: the SQL to the table of `plan/conversions.py`.

`{}` stands for the stored value. Both databases give the same counterpart, rounded half away from zero where
digits go, and know the values that have none, so that nothing is cut or guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from backwright.model.storage import DIGITS, Dialect
from backwright.model.types import ScalarType
from backwright.plan.conversions import ALIKE

_NAME = re.compile(r'[\w."]+')


class Conversion(msgspec.Struct, frozen=True):
    """`value` is the counterpart; `fits` is true of the values that have one ("": all have)."""

    value: str = "{}"
    fits: str = ""

    def of(self, stored: str) -> str:
        """The counterpart of this column or expression."""
        return self.value.replace("{}", stored if _NAME.fullmatch(stored) else f"({stored})")

    def where_fit(self, stored: str, value: str) -> str:
        """The value, and null of what has no counterpart."""
        misfit = self.misfit(stored)
        return f"CASE WHEN {misfit} THEN NULL ELSE {value} END" if misfit else value

    def misfit(self, stored: str) -> str:
        """True of what has no counterpart; "" where all have one. Null always has: null."""
        fits = self.fits.replace("{}", stored)
        return f"{stored} IS NOT NULL AND NOT coalesce({fits}, FALSE)" if fits else ""


SAME = Conversion()
_TEXTS = frozenset({"string", "email", "enum", "slug", "token"})
"""What databases hold as text, and tell apart by constraints alone."""


def conversion(before: ScalarType, after: ScalarType, dialect: Dialect) -> Conversion:
    """How values of the earlier type become values of the later one. Raises KeyError where they do not."""
    one, other = (ALIKE.get(each.scalar, each.scalar) for each in (before, after))
    addressed = (one, other) == ("string", "email")
    if (one == other and one != "decimal") or ({one, other} <= _TEXTS and not addressed):
        return SAME
    write = (_ON_POSTGRESQL if dialect == "postgresql" else _ON_SQLITE)[one, other]
    return write(before.scale or 0, after.scale or 0)


Write = Callable[[int, int], Conversion]
"""From the earlier and the later number of digits behind the point, where the types have some."""

_BIGGEST_EXACT = 2**53
"""Up to here each integer is a double of its own."""
_DOUBLE_DIGITS = 15
"""So many digits of any decimal come back from a double."""


def _plainly(value: str, fits: str = "") -> Write:
    return lambda _before, _after: Conversion(value, fits)


def _room(scale: int) -> int:
    """Digits before the point."""
    return DIGITS - scale


def _exact_digits(scale: int) -> str:
    """True of numbers whose digits, so many of them behind the point, a double has room for."""
    return f"abs({{}}) < 1e{_DOUBLE_DIGITS - scale}"


# PostgreSQL ------------------------------------------------------------------------------------------

_WHOLE_NUMBER = (
    "CASE WHEN {} ~ '^(0|-?[1-9][0-9]{0,18})$'\n"
    "        THEN {}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END"
)
_UUID = "{} ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"
_LOCAL = "a-zA-Z0-9.!#$%&''*+/=?^_`{|}~"
"""What may stand before the @ of an address (and a hyphen)."""
_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_ADDRESS = f"{{}} ~ '^[{_LOCAL}-]+@{_LABEL}(\\.{_LABEL})*$'"
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_REAL_DAY = (
    "{} >= '0001'\n        AND to_char((substr({}, 1, 8) || '01')::date + (substr({}, 9, 2)::integer - 1),"
    " 'YYYY-MM-DD') = substr({}, 1, 10)"
)
"""February the 30th is none; a cast would fail, and so would the whole statement."""
_CLOCK = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?Z"


def _real_day(behind: str = "") -> str:
    return f"CASE WHEN {{}} ~ '^{_DAY}{behind}$'\n        THEN {_REAL_DAY} ELSE FALSE END"


def _number_in_text(_before: int, scale: int) -> Conversion:
    whole = f"(0|[1-9][0-9]{{0,{_room(scale) - 1}}})" if _room(scale) else "0"
    fraction = f"(\\.[0-9]{{1,{scale}}})?" if scale else ""
    return Conversion(f"{{}}::numeric({DIGITS},{scale})", f"{{}} ~ '^-?{whole}{fraction}$'")


def _rescaled(before: int, after: int) -> Conversion:
    room = _room(max(before, after))
    return Conversion(
        f"round({{}}, {after})::numeric({DIGITS},{after})", f"abs(round({{}}, {after})) < 1e{room}::numeric"
    )


def _integer_with_digits(_before: int, scale: int) -> Conversion:
    return Conversion(f"{{}}::numeric({DIGITS},{scale})", f"abs({{}}::numeric) < 1e{_room(scale)}::numeric")


def _double_with_digits(_before: int, scale: int) -> Conversion:
    return Conversion(f"round({{}}::numeric, {scale})::numeric({DIGITS},{scale})", _exact_digits(scale))


_ON_POSTGRESQL: dict[tuple[str, str], Write] = {
    ("boolean", "integer"): _plainly("{}::integer::bigint"),
    ("boolean", "string"): _plainly("{}::text"),
    ("date", "string"): _plainly("to_char({}, 'YYYY-MM-DD')"),
    ("date", "timestamp"): _plainly("{}::timestamp AT TIME ZONE 'UTC'"),
    ("decimal", "decimal"): _rescaled,
    ("decimal", "double"): lambda scale, _: Conversion(
        "{}::double precision", f"abs({{}}) < 1e{_DOUBLE_DIGITS - scale}::numeric"
    ),
    ("decimal", "integer"): lambda scale, _: Conversion(
        "round({})::bigint", f"abs(round({{}})) < 1e{_room(scale)}::numeric"
    ),
    ("decimal", "string"): _plainly("{}::text"),
    ("double", "decimal"): _double_with_digits,
    ("double", "integer"): _plainly(
        "(CASE WHEN {} < 0 THEN -floor(0.5 - {}) ELSE floor({} + 0.5) END)::bigint",
        f"abs({{}}) <= {_BIGGEST_EXACT}",
    ),
    ("integer", "boolean"): _plainly("{} = 1", "{} IN (0, 1)"),
    ("integer", "decimal"): _integer_with_digits,
    ("integer", "double"): _plainly(
        "{}::double precision", f"{{}} BETWEEN -{_BIGGEST_EXACT} AND {_BIGGEST_EXACT}"
    ),
    ("integer", "string"): _plainly("{}::text"),
    ("string", "boolean"): _plainly("{} = 'true'", "{} IN ('true', 'false')"),
    ("string", "date"): _plainly("{}::date", _real_day()),
    ("string", "decimal"): _number_in_text,
    ("string", "email"): _plainly("lower({})", _ADDRESS),
    ("string", "integer"): _plainly("{}::bigint", _WHOLE_NUMBER),
    ("string", "timestamp"): _plainly("{}::timestamp with time zone", _real_day(_CLOCK)),
    ("string", "uuid"): _plainly("{}::uuid", _UUID),
    ("timestamp", "date"): _plainly("({} AT TIME ZONE 'UTC')::date"),
    ("timestamp", "string"): _plainly("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
    ("uuid", "string"): _plainly("{}::text"),
}


# SQLite ----------------------------------------------------------------------------------------------

_HEX = "[0-9a-f]"
_GLOB_UUID = "-".join(_HEX * count for count in (8, 4, 4, 4, 12))
_A_DAY = "date(substr({}, 1, 10), '+0 days') = substr({}, 1, 10) AND {} >= '0001'"
"""Without a modifier, February the 30th stays what it is."""
_A_CLOCK = (
    "substr({}, 11, 1) = 'T' AND time(substr({}, 12, 8)) = substr({}, 12, 8) AND substr({}, 12, 2) < '24'\n"
    "        AND substr({}, -1) = 'Z'\n"
    "        AND (length({}) = 20 OR length({}) BETWEEN 22 AND 27 AND substr({}, 20, 1) = '.'\n"
    "            AND substr({}, 21, length({}) - 21) NOT GLOB '*[^0-9]*')"
)
_SIX_DIGITS = "substr({}, 1, 19) || '.' || substr(replace(substr({}, 21), 'Z', '') || '000000', 1, 6) || 'Z'"


_DOMAIN = "substr({}, instr({}, '@') + 1)"
_GLOB_ADDRESS = (
    f"instr({{}}, '@') > 1 AND {{}} NOT GLOB '*@*@*' AND {{}} NOT GLOB '*[^{_LOCAL}@-]*'\n"
    f"        AND {_DOMAIN} NOT GLOB '*[^a-zA-Z0-9.-]*' AND {_DOMAIN} GLOB '[a-zA-Z0-9]*'\n"
    f"        AND {_DOMAIN} GLOB '*[a-zA-Z0-9]' AND {_DOMAIN} NOT GLOB '*[.-].*' AND {_DOMAIN} NOT GLOB '*.-*'\n"
    f"        AND {_DOMAIN} NOT GLOB '*{'[^.]' * 64}*'"
)
"""The same without regular expressions: no label of the domain is too long, or has a hyphen at either end."""


def _units(before: int, after: int) -> Conversion:
    """Decimals are stored in units of their last digit."""
    if after == before:
        return SAME
    if after > before:
        most = 10 ** (DIGITS - after + before) - 1
        return Conversion(f"{{}} * {10 ** (after - before)}", f"{{}} BETWEEN -{most} AND {most}")
    half, unit = 5 * 10 ** (before - after - 1), 10 ** (before - after)
    rounded = f"(({{}} + CASE WHEN {{}} < 0 THEN -{half} ELSE {half} END) / {unit})"
    return Conversion(rounded, f"abs({rounded}) < {10 ** (DIGITS - before + after)}")


def _units_as_text(scale: int, _after: int) -> Conversion:
    if not scale:
        return Conversion("CAST({} AS TEXT)")
    unit = 10**scale
    return Conversion(
        f"CASE WHEN {{}} < 0 THEN '-' ELSE '' END || (abs({{}}) / {unit}) || '.'\n"
        f"        || substr('{'0' * scale}' || (abs({{}}) % {unit}), -{scale})"
    )


def _text_as_units(_before: int, scale: int) -> Conversion:
    bare = "ltrim({}, '-')"
    point, whole = f"instr({bare} || '.', '.')", f"(instr({bare} || '.', '.') - 1)"
    some = f"BETWEEN 1 AND {_room(scale)}" if _room(scale) else "= 1"
    plain = (
        f"({bare} GLOB '[1-9]*' OR {bare} = '0' OR {bare} GLOB '0.*')"
        if _room(scale)
        else f"{bare} GLOB '0*'"
    )
    fits = (
        f"length({{}}) - length({bare}) <= 1 AND {bare} NOT GLOB '*[^0-9.]*' AND {plain}\n"
        f"        AND {whole} {some} AND length({bare}) - {whole} NOT IN (1) "
        f"AND length({bare}) - {whole} <= {scale + 1 if scale else 0}\n"
        f"        AND {bare} NOT GLOB '*.*.*'"
    )
    digits = f"substr({bare}, 1, {point} - 1) || substr(substr({bare}, {point} + 1) || '{'0' * scale}', 1, {scale})"
    return Conversion(f"CAST({digits} AS INTEGER) * CASE WHEN {{}} GLOB '-*' THEN -1 ELSE 1 END", fits)


def _times(_before: int, scale: int) -> Conversion:
    most = 10 ** _room(scale) - 1
    return Conversion(f"{{}} * {10**scale}" if scale else "{}", f"{{}} BETWEEN -{most} AND {most}")


def _double_as_units(_before: int, scale: int) -> Conversion:
    return Conversion(f"CAST(round({{}} * {10**scale}.0) AS INTEGER)", _exact_digits(scale))


_ON_SQLITE: dict[tuple[str, str], Write] = {
    ("boolean", "integer"): _plainly("{}"),
    ("boolean", "string"): _plainly("CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
    ("date", "string"): _plainly("{}"),
    ("date", "timestamp"): _plainly("{} || 'T00:00:00.000000Z'"),
    ("decimal", "decimal"): _units,
    ("decimal", "double"): lambda scale, _: Conversion(
        f"{{}} / {10**scale}.0", f"abs({{}}) < {10**_DOUBLE_DIGITS}"
    ),
    ("decimal", "integer"): lambda scale, _: _units(scale, 0),
    ("decimal", "string"): _units_as_text,
    ("double", "decimal"): _double_as_units,
    ("double", "integer"): _plainly("CAST(round({}) AS INTEGER)", f"abs({{}}) <= {_BIGGEST_EXACT}"),
    ("integer", "boolean"): _plainly("{}", "{} IN (0, 1)"),
    ("integer", "decimal"): _times,
    ("integer", "double"): _plainly(
        "CAST({} AS REAL)", f"{{}} BETWEEN -{_BIGGEST_EXACT} AND {_BIGGEST_EXACT}"
    ),
    ("integer", "string"): _plainly("CAST({} AS TEXT)"),
    ("string", "boolean"): _plainly("{} = 'true'", "{} IN ('true', 'false')"),
    ("string", "date"): _plainly("{}", f"length({{}}) = 10 AND {_A_DAY}"),
    ("string", "decimal"): _text_as_units,
    ("string", "email"): _plainly("lower({})", _GLOB_ADDRESS),
    ("string", "integer"): _plainly("CAST({} AS INTEGER)", "CAST(CAST({} AS INTEGER) AS TEXT) = {}"),
    ("string", "timestamp"): _plainly(_SIX_DIGITS, f"{_A_DAY}\n        AND {_A_CLOCK}"),
    ("string", "uuid"): _plainly("{}", f"{{}} GLOB '{_GLOB_UUID}'"),
    ("timestamp", "date"): _plainly("substr({}, 1, 10)"),
    ("timestamp", "string"): _plainly("{}"),
    ("uuid", "string"): _plainly("{}"),
}
