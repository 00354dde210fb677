"""What a client hears while a command runs, where it asked for it: how long already, and which gate was last.

Progress is seconds, since nobody knows how long a build or a gate takes; it never goes back (MCP, "Progress").
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.mcpserver import Context

from backwright.project import Project
from backwright.task import events

EVERY = 5.0
"""Seconds between two notifications."""


@asynccontextmanager
async def telling(context: Context[Any, Any], project: Project, command: str) -> AsyncIterator[None]:
    """Notify the caller at once and then every few seconds, until the block ends."""
    task = asyncio.create_task(_tell(context, project, command))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(
            task, return_exceptions=True
        )  # a client that went away is no error of the command's


async def _tell(context: Context[Any, Any], project: Project, command: str) -> None:
    began = time.monotonic()
    known = len(await asyncio.to_thread(_entries, project))
    while True:
        passed = time.monotonic() - began
        news = (await asyncio.to_thread(_entries, project))[known:]
        await context.report_progress(passed, None, f"{command} since {passed:.0f} s{_last(news)}")
        await asyncio.sleep(EVERY)


def _entries(project: Project) -> tuple[events.Event, ...]:
    return events.read(project).events


def _last(news: tuple[events.Event, ...]) -> str:
    """The gate that ended last. Its name and status only: what it found is in the answer."""
    gates = [event for event in news if isinstance(event, events.GateFinished)]
    if not gates:
        return ""
    where = f" ({gates[-1].database})" if gates[-1].database else ""
    return f"; {len(gates)} gates, the last: {gates[-1].gate}{where} {gates[-1].status.replace('_', ' ')}"
