"""Providers that do not think: scripted fakes for tests and demonstrations, and strict replays. All of it is synthetic.

What a recording says was never said by a model unless somebody recorded it from one, and it says so itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from backwright.agent.loop import Spent
from backwright.agent.patches import TOOL
from backwright.agent.providers.provider import (
    Busy,
    Called,
    Cut,
    Denied,
    Edited,
    Provider,
    Reply,
    Request,
    Said,
    Show,
    Unusable,
)

Files = Mapping[str, str]
Turn = Reply | Callable[[Request], Reply]
USED = Spent(input_tokens=1000, output_tokens=200)


class Scripted:
    """Answers one turn after the other, whatever it is asked; behind the last one it declines."""

    synthetic = True
    name = "scripted"

    def __init__(self, label: str, turns: Iterable[Turn], *, priced: bool = False) -> None:
        self.model = label
        self.priced = priced
        self.asked: list[Request] = []
        self._turns = iter(turns)

    def ask(self, request: Request, show: Show) -> Reply:
        self.asked.append(request)
        turn = next(self._turns, Denied(why="the script has ended"))
        return turn(request) if callable(turn) else turn


def call(files: Files, spent: Spent = USED) -> Called:
    """A call of the tool with these files."""
    listed = [{"path": path, "content": content} for path, content in files.items()]
    return Called(arguments=json.dumps({"files": listed}), spent=spent)


def right_first_time(right: Files) -> Scripted:
    return Scripted("right first time", [call(right)])


def wrong_then_right(wrong: Files, right: Files) -> Scripted:
    return Scripted("wrong, then right", [call(wrong), call(right)])


def never_right(wrongs: Iterable[Files]) -> Scripted:
    return Scripted("never right", [call(each) for each in wrongs])


def truncated(right: Files) -> Scripted:
    """Cut off once, then whole."""
    return Scripted("truncated", [Cut(why="cut off: max_tokens", spent=USED), call(right)])


def rate_limited(right: Files, after: float | None = 7.0) -> Scripted:
    """Busy twice, first with a time to wait and then without, then right."""
    return Scripted("rate-limited", [Busy(why="429", after=after), Busy(why="529"), call(right)])


def over_budget(wrongs: Iterable[Files], tokens: int) -> Scripted:
    """Wrong, and dear: each answer takes so many tokens."""
    spent = Spent(input_tokens=tokens // 2, output_tokens=tokens - tokens // 2)
    return Scripted("over budget", [call(each, spent) for each in wrongs])


def malformed(right: Files) -> Scripted:
    """A call that is no JSON, one that is not as the schema says, words instead of a call, then right."""
    turns: list[Turn] = [
        Called(arguments='{"files": [{"path": "a.py", "conte', spent=USED),
        Called(arguments='{"files": {"a.py": "x"}}', spent=USED),
        Said(text="Here is the function that you asked for.", spent=USED),
        call(right),
    ]
    return Scripted("malformed call", turns)


def edits(right: Files, others: Files) -> Scripted:
    """Right, but also writes files that are not its own, each time."""
    return Scripted("edits other files", [call({**right, **others}), call({**others, **right})])


def edits_tree(files: Files) -> Scripted:
    """Writes into the work tree itself, as a coding agent's command line does."""

    def turn(request: Request) -> Reply:
        for path, text in files.items():
            file = request.tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return Edited(spent=USED)

    return Scripted("edits the tree", [turn, turn])


def obedient(planted: str, obeying: Files, otherwise: Files) -> Scripted:
    """Does what the specification's text tells it to, where that text reaches it."""

    def turn(request: Request) -> Reply:
        return call(obeying if planted in request.prompt else otherwise)

    return Scripted("obeys a planted instruction", [turn, turn])


# Replays ----------------------------------------------------------------------------------------------


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: the digest of what was asked, and one of `arguments`, `text`, `cut`, `busy` or `denied`."""

    request: str
    arguments: str | None = None
    text: str | None = None
    cut: str | None = None
    busy: str | None = None
    denied: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversation. `synthetic`: nobody has had it."""

    synthetic: bool
    label: str
    turns: tuple[Recorded, ...]


class Differs(Exception):
    """What is asked is not what was recorded: the recording says nothing about it."""


def digest(request: Request) -> str:
    """The SHA-256 of what is asked: system and prompt."""
    return hashlib.sha256(f"{request.system}\0{request.prompt}".encode()).hexdigest()


class Replay:
    """A recorded conversation, word for word. Raises Differs on the first request that differs."""

    name = "replay"
    priced = False

    def __init__(self, recording: Recording) -> None:
        self.synthetic = recording.synthetic
        self.model = recording.label
        self._turns = recording.turns
        self._next, self._first = 0, True

    @classmethod
    def of(cls, path: Path) -> Replay:
        """The recording in a file. Raises Unusable."""
        try:
            return cls(msgspec.json.decode(path.read_bytes(), type=Recording))
        except (OSError, msgspec.DecodeError) as error:
            raise Unusable(f"{path.name} is no recording: {error}") from None

    def ask(self, request: Request, show: Show) -> Reply:
        asked = digest(request)
        if self._first:  # a run that goes on after an interruption begins at the turn that it had come to
            matching = (at for at, turn in enumerate(self._turns) if turn.request == asked)
            self._next, self._first = next(matching, 0), False
        if self._next >= len(self._turns):
            raise Differs(f"attempt {request.attempt} is not in the recording, which has {len(self._turns)}")
        turn = self._turns[self._next]
        if turn.request != asked:
            raise Differs(
                f"turn {self._next + 1} was recorded for {turn.request[:12]}, and {asked[:12]} is asked"
            )
        self._next += 1
        spent = Spent(input_tokens=turn.input_tokens, output_tokens=turn.output_tokens)
        if turn.arguments is not None:
            return Called(arguments=turn.arguments, spent=spent)
        if turn.cut is not None:
            return Cut(why=turn.cut, spent=spent)
        if turn.busy is not None:
            return Busy(why=turn.busy, after=0.0, spent=spent)
        if turn.denied is not None:
            return Denied(why=turn.denied, spent=spent)
        return Said(text=turn.text or "", spent=spent)


class Recorder:
    """Asks another provider, and keeps what was said. What a command edits cannot be recorded."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name, self.model = provider.name, provider.model
        self.synthetic, self.priced = provider.synthetic, provider.priced
        self._turns: list[Recorded] = []

    def ask(self, request: Request, show: Show) -> Reply:
        reply = self._provider.ask(request, show)
        self._turns.append(_recorded(digest(request), reply))
        return reply

    def recording(self) -> Recording:
        return Recording(synthetic=self.synthetic, label=self.model, turns=tuple(self._turns))


def _recorded(asked: str, reply: Reply) -> Recorded:
    spent = reply.spent
    turn = Recorded(request=asked, input_tokens=spent.input_tokens, output_tokens=spent.output_tokens)
    replace = msgspec.structs.replace
    match reply:
        case Called(arguments=arguments):
            return replace(turn, arguments=arguments)
        case Said(text=text):
            return replace(turn, text=text)
        case Cut(why=why):
            return replace(turn, cut=why)
        case Busy(why=why):
            return replace(turn, busy=why)
        case Denied(why=why):
            return replace(turn, denied=why)
        case Edited():
            raise Unusable("what a command edits in its work tree cannot be recorded")


__all__ = ["TOOL", "Differs", "Recorder", "Recording", "Replay", "Scripted"]
