"""Configuration from the environment, checked at start: every mistake is told at once, no secret is shown."""

import os
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Self, TypeVar

import msgspec
from msgspec import NODEFAULT, Struct

LOG_LEVELS = ("debug", "info", "warning", "error")
SHORTEST_SECRET = 32
K = TypeVar("K", bound="SecretKey")


class SettingsError(Exception):
    """The environment is not complete. The message names every variable and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The environment is not usable:\n" + "\n".join(f"  {each}" for each in problems))
        self.problems = problems


class Secret(str):
    """A text that is in no representation of what holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'hidden'"


class SecretKey(Struct, frozen=True):
    """A secret and its name, which is written beside what is made with it."""

    kid: str
    secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kid={self.kid!r})"

    def __rich_repr__(self) -> Any:
        yield "kid", self.kid


class TokenKey(SecretKey, frozen=True):
    """Signs access tokens."""


class EncryptionKey(SecretKey, frozen=True):
    """Encrypts what is stored encrypted."""


class RuntimeSettings(Struct, frozen=True, kw_only=True):
    """The variables that every service reads; a field's name in capitals is its variable.

    `metrics_token` is asked of whoever reads /metrics, if it is there. `max_body_bytes` is used instead of what the
    specification says of bodies in general.
    """

    secrets: ClassVar[frozenset[str]] = frozenset(
        {"database_url", "token_keys", "encryption_keys", "metrics_token"}
    )

    database_url: str
    token_keys: tuple[TokenKey, ...]
    encryption_keys: tuple[EncryptionKey, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "info"
    max_body_bytes: int | None = None
    pool_size: int = 10
    metrics_token: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings in the environment. Raises SettingsError, which names every bad variable."""
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in msgspec.structs.fields(cls):
            variable = field.name.upper()
            text = source.get(variable, "")
            if text:
                try:
                    values[field.name] = _read(field.name, text, field.type)
                except ValueError as problem:
                    problems.append(f"{variable}: {problem}")
            elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
                problems.append(f"{variable}: is missing")
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> Any:
        for name in self.__struct_fields__:
            yield name, "hidden" if name in self.secrets else getattr(self, name)


def _read(name: str, text: str, kind: object) -> object:
    special = _READERS.get(name)
    if special is not None:
        return special(text)
    try:
        value = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise ValueError("is not of the expected type") from None
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("is not of the expected type")
    return value


def _keys(kind: type[K], text: str) -> tuple[K, ...]:
    keys: list[K] = []
    for position, part in enumerate(text.split(","), 1):
        kid, colon, secret = part.strip().partition(":")
        if not (kid and colon):
            raise ValueError(f"key {position} is not written as kid:secret")
        if len(secret.encode()) < SHORTEST_SECRET:
            raise ValueError(f"the secret of key {position} is shorter than {SHORTEST_SECRET} bytes")
        keys.append(kind(kid, secret))
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("two keys have the same kid")
    return tuple(keys)


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("must start with sqlite:/// or postgresql://")
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite":
        if rest in ("/", "/:memory:"):
            raise ValueError("must name a file, as sqlite:///service.db does")
        return text
    hosts = re.split("[/?]", rest, maxsplit=1)[0].rpartition("@")[2]
    for host in hosts.split(","):
        if not re.fullmatch(r"(\[.*\]|[^:]*)(:[0-9]{1,5})?", host):
            raise ValueError("the port of its host must be a number")
    return text


def _metrics_token(text: str) -> str:
    if not re.fullmatch("[!-~]{16,}", text):
        raise ValueError("must have 16 or more visible characters")
    return text


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _number(smallest: int, largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (re.fullmatch("[0-9]{1,12}", text) and smallest <= int(text) <= largest):
            raise ValueError(f"must be a number from {smallest} to {largest}")
        return int(text)

    return read


_READERS: dict[str, Callable[[str], object]] = {
    "database_url": _database_url,
    "token_keys": partial(_keys, TokenKey),
    "encryption_keys": partial(_keys, EncryptionKey),
    "log_level": _log_level,
    "metrics_token": _metrics_token,
    "port": _number(0, 65535),
    "max_body_bytes": _number(1, 1024**3),
    "pool_size": _number(1, 1000),
}
