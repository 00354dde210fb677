"""Plausible values from schemas: what a careful client would send, different each time, the same for a seed.

The contract's own examples, defaults and enumerations come first, then what format, limits and the member's
name ask for.
Hypothesis makes what a pattern wants. This is for requests that are to be accepted; hostile ones are the
gates' business.
"""

from __future__ import annotations

import random
import re
import uuid
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.strategies import SearchStrategy, from_regex

from backwright.verify.target.contract import resolved

DEEPEST = 6
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "lotus")
SMALL = ("1.00", "1", "1.0", "1.000")
"""Amounts as text, for patterns that ask for such."""
START = datetime(2030, 1, 1, tzinfo=UTC)


class Sampler:
    """Makes values for schemas of one contract."""

    def __init__(self, document: Mapping[str, Any], seed: int) -> None:
        self._document = document
        self._random = random.Random(seed)  # noqa: S311  the same values for a seed
        self._count = 0

    def place(self) -> Any:
        """Where it is in its row of values: `resume` makes the same numbers and choices from there, and new words."""
        return self._random.getstate()

    def resume(self, place: Any) -> None:
        """Go on from a place where it was."""
        self._random.setstate(place)

    def word(self) -> str:
        """A word that was not made before, in this run or another."""
        self._count += 1
        return f"{self._random.choice(WORDS)}{self._random.getrandbits(32):08x}{self._count}"

    def value(self, given: Any, name: str = "", *, all_members: bool = True, depth: int = 0) -> Any:
        """A value for the schema; `name` is the member that it is for. Required members only unless asked."""
        schema = self._merged(resolved(self._document, given))
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._random.choice([each for each in schema["enum"] if each is not None] or [None])
        kind = self._kind(schema)
        if kind == "object":
            return self._object(schema, all_members=all_members, depth=depth)
        if kind == "array":
            return self._array(schema, name, all_members=all_members, depth=depth)
        if kind == "string":
            return self._text(schema, name)
        if kind == "integer":
            return self._number(schema, whole=True)
        if kind == "number":
            return self._number(schema, whole=False)
        if kind == "boolean":
            return self._random.random() < 0.5
        return None if kind == "null" else self.word()

    def merged(self, given: Any) -> Mapping[str, Any]:
        """The schema with its references followed, and `allOf` put together."""
        return self._merged(resolved(self._document, given))

    def defaults(self, given: Any) -> frozenset[str]:
        """The members of an object that have a default."""
        schema = self._merged(resolved(self._document, given))
        members = {
            name: resolved(self._document, each) for name, each in (schema.get("properties") or {}).items()
        }
        return frozenset(
            name for name, each in members.items() if isinstance(each, Mapping) and "default" in each
        )

    def _merged(self, given: Any, depth: int = 0) -> Mapping[str, Any]:
        """The schema with `allOf` put together and the first of `oneOf` or `anyOf` that is not null."""
        schema: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        if depth > DEEPEST:
            return schema
        parts = [resolved(self._document, each) for each in schema.get("allOf") or ()]
        for key in ("oneOf", "anyOf"):
            choices = [resolved(self._document, each) for each in schema.get(key) or ()]
            chosen = [each for each in choices if isinstance(each, Mapping) and each.get("type") != "null"][
                :1
            ]
            parts += chosen
            if chosen and isinstance(schema.get("discriminator"), Mapping):
                first = (schema.get(key) or ())[choices.index(chosen[0])]
                parts.append(_told_by(schema["discriminator"], first, chosen[0]))
        if not parts:
            return schema
        merged: dict[str, Any] = {}
        for part in [*(self._merged(each, depth + 1) for each in parts), schema]:
            for key, value in part.items():
                if key == "properties":
                    merged[key] = {**merged.get(key, {}), **value}
                elif key == "required":
                    merged[key] = [*merged.get(key, []), *value]
                elif key not in {"allOf", "oneOf", "anyOf"}:
                    merged[key] = value
        return merged

    def _kind(self, schema: Mapping[str, Any]) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        return str(kind)

    def _object(self, schema: Mapping[str, Any], *, all_members: bool, depth: int) -> dict[str, Any]:
        required = set(schema.get("required") or ())
        made = {}
        for name, described in (schema.get("properties") or {}).items():
            member = resolved(self._document, described)
            if isinstance(member, Mapping) and member.get("readOnly"):
                continue
            if name in required or (all_members and depth < DEEPEST):
                made[name] = self.value(member, name, all_members=all_members, depth=depth + 1)
        extra = schema.get("additionalProperties")
        for _ in range(max(0, int(schema.get("minProperties", 0)) - len(made))):
            made[self.word()] = self.value(extra if isinstance(extra, Mapping) else {}, depth=depth + 1)
        return made

    def _array(self, schema: Mapping[str, Any], name: str, *, all_members: bool, depth: int) -> list[Any]:
        if depth >= DEEPEST:
            return []
        count = min(max(1, int(schema.get("minItems", 0))), int(schema.get("maxItems", 100)))
        items = schema.get("items") or {}
        return [
            self.value(items, name, all_members=all_members, depth=depth + 1) for _ in range(min(count, 100))
        ]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> int | float:
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        step = schema.get("multipleOf") or (1 if whole else 0.01)
        # 3.0 says `exclusiveMinimum: true` beside the minimum; 3.1 gives the number itself.
        least = low if above is True or above is False or above is None else above
        most = high if below is True or below is False or below is None else below
        least = (least if least is not None else 1 if most is None or most >= 1 else most - 10) + (
            0 if above is None or above is False else step
        )
        most = (most if most is not None else least + 20) - (0 if below is None or below is False else step)
        steps = max(0, min(int((most - least) / step), 20))
        value = (int(-(-least // step)) + self._step(steps)) * step
        value = value if value <= most else least
        return int(value) if whole else round(float(value), 6)

    def _step(self, steps: int) -> int:
        return self._random.randint(0, steps)

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if isinstance(schema.get("pattern"), str):
            lengths = int(schema.get("minLength", 0)), int(schema.get("maxLength", 200))
            usual = self._fitted(self._named(str(schema.get("format", "")), name), schema)
            if _fits(schema["pattern"], usual) and lengths[0] <= len(usual) <= lengths[1]:
                return usual  # what nobody else has: what a pattern asks for comes twice
            made = matching(schema["pattern"], self._random.getrandbits(32), *lengths)
            if made is not None:
                return made
        return self._fitted(self._named(str(schema.get("format", "")), name), schema)

    def _named(self, form: str, name: str) -> str:
        """A text of this format; without one, of the format that the member's name suggests."""
        word, plain = self.word(), re.sub(r"[^a-z]", "", name.lower())
        moment = START + timedelta(days=self._random.randint(1, 300))
        by_format: dict[str, Callable[[], str]] = {
            "uuid": lambda: str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "date-time": lambda: moment.isoformat().replace("+00:00", "Z"),
            "date": lambda: moment.date().isoformat(),
            "time": lambda: "12:30:00Z",
            "email": lambda: f"{word}@example.com",
            "uri": lambda: f"https://example.com/{word}",
            "url": lambda: f"https://example.com/{word}",
            "hostname": lambda: f"{word}.example.com",
            "ipv4": lambda: "192.0.2.7",
            "ipv6": lambda: "2001:db8::7",
            "byte": lambda: "aGVsbG8=",
            "password": lambda: f"Aa1!{word}",
        }
        if form in by_format:
            return by_format[form]()
        for hint, like in (
            ("email", "email"), ("password", "password"), ("url", "uri"), ("website", "uri"), ("homepage", "uri"),
            ("image", "uri"), ("avatar", "uri"), ("uuid", "uuid"), ("phone", "phone"),
        ):  # fmt: skip
            if hint in plain:
                return (
                    f"+1555{self._random.randint(1000000, 9999999)}" if like == "phone" else by_format[like]()
                )
        if plain.endswith(("date", "day")):
            return by_format["date"]()
        return word

    def _fitted(self, text: str, schema: Mapping[str, Any]) -> str:
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        if len(text) < least:
            text = text.ljust(least, "x")
        # The end of a word is what makes it new.
        return text[-int(most) :] if isinstance(most, int) and len(text) > most else text


class Modest(Sampler):
    """Makes values as small as a schema allows: what a balance or a stock suffices for."""

    def _step(self, steps: int) -> int:
        return 0

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        small = (each for each in SMALL if _fits(schema.get("pattern"), each))
        return next(small, None) or super()._text(schema, name)


def _told_by(discriminator: Mapping[str, Any], given: Any, choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The member that tells which choice it is, where the choice does not say it itself: by the mapping, or by the
    name of its schema.
    """
    name, reference = str(discriminator.get("propertyName", "")), str((given or {}).get("$ref", ""))
    own = (choice.get("properties") or {}).get(name)
    if not name or not reference or (isinstance(own, Mapping) and {"const", "enum", "$ref"} & set(own)):
        return {}
    bare = reference.rpartition("/")[2]
    mapping = discriminator.get("mapping") or {}
    called = next((key for key, where in mapping.items() if where in {reference, bare}), bare)
    return {"properties": {name: {"const": called}}, "required": [name]}


def _fits(pattern: Any, text: str) -> bool:
    try:
        return isinstance(pattern, str) and re.search(pattern, text) is not None
    except re.error:
        return False


def matching(pattern: str, seed: int, least: int = 0, most: int = 200) -> str | None:
    """A text that the pattern matches as a whole; None where Hypothesis cannot make one of this length."""
    whole = re.sub(r"(?<!\\)\$$", r"\\Z", pattern)  # in Python `$` also stands before a last line break
    found = drawn(
        lambda: from_regex(re.compile(whole, re.ASCII), fullmatch=True).filter(
            lambda text: least <= len(text) <= most
        ),
        seed,
    )
    return found if isinstance(found, str) else None


def drawn(strategy: Any, seed: int, tries: int = 12) -> Any:
    """One value of a strategy of Hypothesis: the longest of a few; None where there is none."""
    values: list[Any] = []
    try:
        made: SearchStrategy[Any] = strategy()
        if hasattr(made, "filter"):
            made = made.filter(lambda text: not isinstance(text, str) or text.isprintable())

        @seeded(seed)
        @settings(
            max_examples=tries, database=None, phases=[Phase.generate], deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(made)
        def collect(value: Any) -> None:
            values.append(value)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            collect()
    except Exception:  # a pattern of another dialect, or a schema that nothing fits
        return values[-1] if values else None
    return max(values, key=lambda each: len(str(each))) if values else None
