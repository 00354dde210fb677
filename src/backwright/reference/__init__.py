"""The executable meaning of a model, in memory: the oracle of every behavioural test.

Written from the semantics in LANGUAGE.md alone, as simply as possible, and sharing no code with the compilers
(`expr.sql`, `expr.python`, `emit`) or the runtime, so that a mistake in one cannot hide in the other.
`README.md` beside this file lists what had to be decided where the semantics are silent.
"""

from __future__ import annotations

from backwright.reference.answer import Reference
from backwright.reference.decode import Password
from backwright.reference.http import Opaque, Request, Response

__all__ = ["Opaque", "Password", "Reference", "Request", "Response"]
