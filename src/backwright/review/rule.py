"""What a rule says of itself. The pages in `docs/` are made from it."""

from __future__ import annotations

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """One rule. `id` and `name` are stable and never reused.

    `why` is what happens to users or clients, `decides` is what is looked at (and what is not), `mend` is what
    to do instead.
    """

    id: str
    name: str
    title: str
    why: str
    decides: str
    example: str
    mend: str
    read: str = ""
    """What happens to who reads answers, where that is something else than `why`."""
