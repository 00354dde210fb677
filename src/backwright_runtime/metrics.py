"""GET /metrics: what Prometheus asks for. Labels are names of the specification, never values of a request.

A request costs one look-up and two additions: the children of the labels are kept, and what can be read off
elsewhere (the pool, overtaken operations, the process) is read when Prometheus asks.
"""

import hmac
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from backwright_runtime.contention import Line
from backwright_runtime.database.interface import Pool
from backwright_runtime.errors import Unauthenticated
from backwright_runtime.requests import Headers
from backwright_runtime.responses import Answer

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of one application."""

    def __init__(self, token: str | None, line: Line, pool: Callable[[], Pool | None]) -> None:
        self._token = token
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests that were answered, by the template of their operation's path.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._registry.register(_Elsewhere(line, pool))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is the template; empty where no operation was found."""
        labels = method, route, status
        children = self._children.get(labels)
        if children is None:
            verb, named = method if method in METHODS else "other", route or "none"
            children = self._requests.labels(verb, named, status), self._seconds.labels(verb, named)
            if verb == method:  # clients may invent others without end
                self._children[labels] = children
        requests, duration = children
        requests.inc()
        duration.observe(seconds)

    def shown(self, headers: Headers) -> Answer:
        """All figures as text. Raises Unauthenticated without the token, where there is one."""
        if self._token is not None:
            given = headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                raise Unauthenticated
        return Answer(200, {"content-type": CONTENT_TYPE_LATEST}, generate_latest(self._registry))


class _Elsewhere(Collector):
    """Figures that others keep."""

    def __init__(self, line: Line, pool: Callable[[], Pool | None]) -> None:
        self._line = line
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        """The figures as they are now."""
        words = "Attempts at operations that others had overtaken."
        yield CounterMetricFamily("operation_retries", words, value=self._line.retries)
        pool = self._pool()
        if pool is not None:
            connections = GaugeMetricFamily(
                "database_connections", "Open connections of the pool.", labels=("state",)
            )
            connections.add_metric(("busy",), pool.busy)
            connections.add_metric(("idle",), pool.idle)
            yield connections
            words = "Connections that the pool may open at most."
            yield GaugeMetricFamily("database_connections_limit", words, value=pool.limit)
            words = "Statements and transactions that wait for a connection."
            yield GaugeMetricFamily("database_connections_awaited", words, value=pool.awaited)
