"""GET /metrics tells what Prometheus asks for, and nothing of what a request carried."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from runtime.library import app as library
from runtime.test_runtime_contention import application

from backwright_runtime.settings import RuntimeSettings, SettingsError
from backwright_runtime.testing import client


def figures(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Each figure by its name and the values of its labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_operation_and_status(run: Any, database_url: str) -> None:
    async def story() -> None:
        async with client(
            library.create_for, migrations=library.MIGRATIONS, database_url=database_url
        ) as http:
            for _ in range(3):
                await http.get("/books/0198c0de-0000-7000-8000-000000000000?secret=s3cr3t")
            await http.post("/sessions", json={"email": "ann@a.example", "password": "correct horse"})
            await http.request("BREW", "/pot")
            answer = await http.get("/metrics")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=")
            told = figures(answer.text)
            assert told["http_requests_total", ("GET", "/books/{id}", "401")] == 3
            assert told["http_requests_total", ("POST", "/sessions", "401")] == 1
            assert told["http_requests_total", ("other", "none", "404")] == 1
            assert told["http_request_duration_seconds_count", ("GET", "/books/{id}")] == 3
            assert told["operation_retries_total", ()] == 0
            assert ("process_resident_memory_bytes", ()) in told
            assert not any(word in answer.text for word in ("s3cr3t", "0198c0de", "ann@", "BREW"))
            assert (await http.post("/metrics")).status_code == 405
            if database_url.startswith("postgresql"):
                assert told["database_connections_limit", ()] == 4
                assert told["database_connections_awaited", ()] == 0
                assert told["database_connections", ("busy",)] == 0
                assert told["database_connections", ("idle",)] >= 1

    run(story())


def test_overtaken_operations_are_counted(run: Any, sqlite_url: str) -> None:
    async def story() -> None:
        async with client(application, migrations=library.MIGRATIONS, database_url=sqlite_url) as http:
            await http.post("/overtaken")
            assert figures((await http.get("/metrics")).text)["operation_retries_total", ()] > 1

    run(story())


def test_figures_are_told_to_whoever_has_the_token(run: Any, sqlite_url: str) -> None:
    environment = {"DATABASE_URL": sqlite_url, "TOKEN_KEYS": f"a:{'x' * 32}", "METRICS_TOKEN": "t" * 16}
    settings = library.Settings.from_environment(environment)
    assert "t" * 16 not in repr(settings)

    async def story() -> None:
        async with client(lambda url: library.create_app(settings)) as http:
            assert (await http.get("/metrics")).status_code == 401
            for wrong in ("Bearer", "Bearer tttt", "t" * 16, "Bearer \xe4"):
                given = {"authorization": wrong.encode("latin-1")}
                assert (await http.get("/metrics", headers=given)).status_code == 401
            right = await http.get("/metrics", headers={"authorization": f"Bearer {'t' * 16}"})
            assert right.status_code == 200

    run(story())


@pytest.mark.parametrize("token", ["short", "with a space in its middle"])
def test_a_token_that_is_none_is_refused_at_start(token: str) -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        RuntimeSettings.from_environment({"METRICS_TOKEN": token})
