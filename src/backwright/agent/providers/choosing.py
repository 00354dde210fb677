"""Which provider a command line means, and how much it may take."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from backwright.agent.loop import Limits
from backwright.agent.providers import anthropic, openai
from backwright.agent.providers.command import Command
from backwright.agent.providers.provider import Price, Provider, Unusable
from backwright.agent.providers.script import Script
from backwright.agent.providers.scripted import Replay

NAMES = ("anthropic", "openai", "command", "replay", "scripted")


def provider(
    name: str,
    environment: Mapping[str, str],
    *,
    model: str = "",
    base: str = "",
    command: str = "",
    passed_on: Sequence[str] = (),
    recording: Path | None = None,
    script: Path | None = None,
    price: Price | None = None,
) -> Provider:
    """The provider of that name. Keys come from `environment` and from nowhere else. Raises Unusable."""
    match name:
        case "anthropic":
            key = environment.get(anthropic.KEY, "")
            return anthropic.Anthropic(_named(model), key, base=base or anthropic.BASE, price=price)
        case "openai":
            key = environment.get(openai.KEY, "")
            return openai.OpenAI(_named(model), key, base=base or openai.BASE, price=price)
        case "command":
            return Command(command, passed_on=passed_on, environment=environment)
        case "replay":
            if recording is None:
                raise Unusable("say which conversation with --recording")
            return Replay.of(recording)
        case "scripted":
            if script is None:
                raise Unusable("say where the answers lie with --script")
            return Script(script)
        case _:
            raise Unusable(f"there is no provider {name!r}: choose from {', '.join(NAMES)}")


def _named(model: str) -> str:
    if not model:
        raise Unusable("say which model with --model")
    return model


def price_of(text: str) -> Price:
    """`3/15`: US dollars for a million tokens of input and of output. Raises Unusable."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)/([0-9]{1,6}(?:\.[0-9]{1,6})?)", text.strip())
    if found is None:
        raise Unusable("a price is INPUT/OUTPUT in US dollars for a million tokens, such as 3/15")
    return Price(float(found[1]), float(found[2]))


def limits_of(attempts: int, budget: str, provider: Provider) -> Limits:
    """How much a run may take: `200000` is tokens, `2.50USD` is money. Raises Unusable where nobody would count it."""
    if not budget:
        return Limits(attempts=attempts)
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,4})?) ?(USD|tokens)?", budget.strip())
    if found is None or (found[2] != "USD" and "." in found[1]):
        raise Unusable("a budget is a number of tokens, such as 200000, or of dollars, such as 2.50USD")
    if provider.name == "command":
        raise Unusable("a command does not say what it uses: bound it by --attempts, and by its own settings")
    if found[2] != "USD":
        return Limits(attempts=attempts, tokens=int(found[1]))
    if not provider.priced:
        raise Unusable("nobody says here what a token costs: give --price, or the budget in tokens")
    return Limits(attempts=attempts, dollars=float(found[1]))
