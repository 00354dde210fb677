"""What custom logic gets from outside: settings of the environment, and partners that it asks over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

from backwright.model.data import Frozen
from backwright.spec.diagnostics import NOWHERE, Place

SECONDS, ATTEMPTS = 5, 3
"""How long a partner may take for one attempt, and how many there are, where its author does not say."""


class Setting(Frozen, frozen=True, kw_only=True):
    """A variable of the environment: the name in capitals. `default` is a value of its type, as text."""

    name: str
    type: OneOf["string", "integer", "decimal", "boolean"] = "string"
    description: str = ""
    default: str | None = None
    secret: bool = False
    place: Place = NOWHERE

    @property
    def variable(self) -> str:
        """What it is called in the environment."""
        return self.name.upper()


class Integration(Frozen, frozen=True, kw_only=True):
    """A partner that is asked over HTTP. `header` is where it wants a secret; None: it wants none.

    `seconds` is how long one attempt may take, `attempts` how many there are for what may be repeated. `private`: it
    may be at an address that is not public, and without TLS.
    """

    name: str
    description: str = ""
    header: str | None = None
    seconds: int = SECONDS
    attempts: int = ATTEMPTS
    private: bool = False
    place: Place = NOWHERE

    @property
    def url(self) -> Setting:
        """Where it is."""
        about = f"Where `{self.name}` is: an address that begins with http{'' if self.private else 's'}."
        said = " ".join(each for each in (self.description, about) if each)
        return Setting(name=f"{self.name}_url", description=said, place=self.place)

    @property
    def key(self) -> Setting | None:
        """The secret that it wants."""
        if self.header is None:
            return None
        about = f"The secret that `{self.name}` wants."
        return Setting(name=f"{self.name}_key", description=about, secret=True, place=self.place)


def variables(settings: tuple[Setting, ...], integrations: tuple[Integration, ...]) -> Iterator[Setting]:
    """Every variable, those of partners included."""
    yield from settings
    for each in integrations:
        yield each.url
        if each.key is not None:
            yield each.key
