"""A target as gates see it: started, signed in at, and explored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose
from backwright.verify.observed import Caller, Observed
from backwright.verify.target.calling import Client
from backwright.verify.target.exploring import World
from backwright.verify.target.file import START, Target
from backwright.verify.target.signing_in import signed_in, signed_in_again
from backwright.verify.target.starting import started

SECRET = re.compile(r"secret|key|token|passw", re.IGNORECASE)
LEAST = 8
"""Shorter values stand in any log by chance."""


@contextmanager
def observed(target: Target, log: Path, seed: int = 1) -> Iterator[Observed]:
    """The backend of a target file while it runs. Raises SpecificationError where it does not start or let in."""
    with started(target, log) as running, closing(Client(running.url)) as client:
        accounts = [signed_in(target, client, plan) for plan in target.callers]

        plan = next(iter(target.callers), None)

        def enter(cookies: Mapping[str, str]) -> Caller | None:
            try:
                return signed_in(target, client, plan, cookies).caller if plan and plan.sign_in else None
            except SpecificationError:  # there may be a limit to signing in
                return None

        def again(caller: Caller, password: str) -> Caller | None:
            return signed_in_again(target, client, plan, caller, password) if plan else None

        seen = Observed(
            name=target.name,
            url=running.url,
            contract=target.contract,
            callers=tuple(account.caller for account in accounts),
            exchanges=tuple(
                exchange for account in accounts for exchange in account.exchanges if exchange.operation
            ),
            database_url=(target.database.url or None) if target.database else None,
            process_id=running.process_id,
            log=running.log,
            statements=running.statements,
            shared=target.shared,
            reserved=target.reserved,
            target=target.expected,
            given_secrets=_given(target),
            renew=lambda: enter({}),
            enter=enter,
            again=again,
        )
        world = World(seen, client, seed)
        unreached = world.explore()
        if client.count and not any(made.answer for made in world.made):
            message = f"{running.url} answered no request of the contract"
            raise SpecificationError([diagnose(START, NOWHERE, message, "look at its log")])
        exchanges = (*seen.exchanges, *(made.exchange for made in world.made))
        yield msgspec.structs.replace(seen, exchanges=exchanges, unreached=unreached)


def _given(target: Target) -> dict[str, str]:
    """What the file gives the backend as a secret, by the names of its variables."""
    given = target.start.env if target.start is not None else {}
    return {
        name: value
        for name, value in given.items()
        if SECRET.search(name) and len(value) >= LEAST and "{" not in value
    }
