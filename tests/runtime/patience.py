"""A service whose answers take as long as they are told to: `python -m runtime.patience serve`."""

import asyncio
import time
from pathlib import Path

from msgspec import Struct

from backwright_runtime import (
    Application,
    RequestContext,
    Response,
    Router,
    RuntimeSettings,
    ok,
    protocol,
    requests,
)
from backwright_runtime.command import main

MIGRATIONS = Path(__file__).parent / "library" / "migrations"
router = Router()


class Words(Struct, frozen=True, kw_only=True):
    """A body."""

    words: str


@router.post("/words", caller="none")
async def hear(ctx: RequestContext[None], body: Words) -> Response:
    """How many there were."""
    return ok(len(body.words))


@router.get("/waits/{milliseconds}", caller="none")
async def wait(ctx: RequestContext[None], milliseconds: int) -> Response:
    """An answer after a while."""
    await asyncio.sleep(milliseconds / 1000)
    return ok(milliseconds)


@router.get("/blocks/{milliseconds}", caller="none")
async def block(ctx: RequestContext[None], milliseconds: int) -> Response:
    """An answer for which everybody waits, as on a machine that is busy with something else."""
    time.sleep(milliseconds / 1000)  # noqa: ASYNC251 (that is what it is for)
    return ok(milliseconds)


@router.post("/defects/{words}", caller="none")
async def fail(ctx: RequestContext[None], words: str, body: Words) -> Response:
    """A defect that has much to tell."""
    raise RuntimeError(f"{words} {body.words}")


class Settings(RuntimeSettings, frozen=True):
    """What it reads from its environment."""


def create_app(settings: Settings) -> Application:
    """The service."""
    return Application(name="patience", version="1.0.0", settings=settings, routers=[router])


if __name__ == "__main__":
    protocol.HEAD_SECONDS = requests.BODY_SECONDS = 0.5
    main(create_app, Settings, migrations=MIGRATIONS)
