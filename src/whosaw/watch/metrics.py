"""How does a monitoring system learn how the watch stands? From an OpenMetrics endpoint, which says no more than `whosaw doctor` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.watch.found import reason
from whosaw.watch.status import State

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import Metric

    from whosaw.watch.status import Status

PREFIX = "whosaw_"

SOURCE_GAUGES: tuple[tuple[str, str, Callable[..., float | None]], ...] = (
    (
        "source_lag_seconds",
        "age of the newest line",
        lambda s, now: None if s.newest is None else max(0.0, (now - s.newest).total_seconds()),
    ),
    ("source_lines_per_second", "lines recorded per second in the last batch", lambda s, _: s.lines_per_second),
    ("source_behind_bytes", "bytes on the disk that are not recorded yet", lambda s, _: s.bytes_behind),
    ("source_files", "files that are followed", lambda s, _: s.files),
)
SOURCE_COUNTERS: tuple[tuple[str, str, Callable[..., float]], ...] = (
    ("source_lines", "lines recorded", lambda s: s.lines),
    ("source_disclosures", "disclosures recorded", lambda s: s.disclosures),
    ("source_rejected", "lines that could not be read", lambda s: s.rejected),
)
GAUGES: tuple[tuple[str, str, Callable[..., float | None]], ...] = (
    ("status_age_seconds", "time since the watch last said how it stands", lambda s, now: (now - s.made).total_seconds()),
    ("judged_ratio", "share of disclosures that could be judged", lambda s, _: s.judged / s.disclosures if s.disclosures else None),
    (
        "unjudged_oldest_age_seconds",
        "age of the oldest disclosure that was not looked at yet",
        lambda s, now: 0.0 if s.unjudged_since is None else (now - s.unjudged_since).total_seconds(),
    ),
    ("batch_last_seconds", "how long the last batch took", lambda s, _: s.last_batch_seconds),
    ("incidents_open", "incidents that stand", lambda s, _: s.incidents),
    ("spool_bytes", "bytes of syslog messages that wait on the disk", lambda s, _: s.spool_bytes),
    ("ledger_parts", "files of the ledger", lambda s, _: s.parts),
)
COUNTERS: tuple[tuple[str, str, Callable[..., float]], ...] = (
    ("batches", "batches since the start", lambda s: s.batches),
    ("judged_rows", "rows judged since the start, again included", lambda s: s.judged_rows),
)
BY_CHANNEL: tuple[tuple[str, str, Callable[..., float]], ...] = (
    ("messages_waiting", "messages that wait to be sent", lambda c: c.waiting),
    ("messages_given_up", "messages that could not be sent", lambda c: c.given_up),
)
STATE = ("source_state", "what the source does")
REFUSED = ("syslog_refused", "syslog messages that were refused")

NAMES = (
    *(f"{PREFIX}{name}" for name in (*(row[0] for row in (*SOURCE_GAUGES, *GAUGES, *BY_CHANNEL)), STATE[0])),
    *(f"{PREFIX}{name}_total" for name in (*(row[0] for row in (*SOURCE_COUNTERS, *COUNTERS)), REFUSED[0])),
)
"""All metrics, as the documentation lists them."""


class Endpoint:
    """The endpoint at work. Stop it."""

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        """Hold what serves."""
        self._server, self._thread = server, thread

    @property
    def port(self) -> int:
        """Where it is served."""
        return self._server.server_port

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(address: tuple[str, int], status: Callable[[], Status | None], now: Callable[[], datetime]) -> Endpoint:
    """Serve what `status` returns at each request. Raises `ConfigError` if the port is taken or the package is missing."""
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as problem:
        raise ConfigError(
            "`watch.metrics` needs the package prometheus-client", hint="pip install 'whosaw[watch]', or leave the key out"
        ) from problem
    registry = CollectorRegistry()
    registry.register(_Collector(status, now))
    host, port = address
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as problem:
        raise ConfigError(f"cannot serve `watch.metrics` at `{host}:{port}`: {reason(problem)}", hint="choose a free port") from problem
    return Endpoint(server, thread)


class _Collector:
    """What prometheus_client asks at each request."""

    def __init__(self, status: Callable[[], Status | None], now: Callable[[], datetime]) -> None:
        self._status, self._now = status, now

    def describe(self) -> list[Metric]:
        """Return nothing: the metrics are known, and no status is needed to register them."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they stand; none before the first batch."""
        status = self._status()
        if status is None:
            return
        yield from _overall(status, self._now())
        yield from _by_source(status, self._now())


def _overall(status: Status, now: datetime) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    for name, says, value in GAUGES:
        found = value(status, now)
        if found is not None:
            yield GaugeMetricFamily(PREFIX + name, says, value=found)
    for name, says, count in COUNTERS:
        yield CounterMetricFamily(PREFIX + name, says, value=count(status))
    for name, says, count in BY_CHANNEL:
        gauge = GaugeMetricFamily(PREFIX + name, says, labels=["channel"])
        for channel in status.channels:
            gauge.add_metric([channel.channel], count(channel))
        yield gauge
    refused = CounterMetricFamily(PREFIX + REFUSED[0], REFUSED[1], labels=["listener", "reason"])
    for listener, why, n in status.refused:
        refused.add_metric([listener, why], n)
    yield refused


def _by_source(status: Status, now: datetime) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, StateSetMetricFamily

    for name, says, value in SOURCE_GAUGES:
        gauge = GaugeMetricFamily(PREFIX + name, says, labels=["source"])
        for source in status.sources:
            found = value(source, now)
            if found is not None:
                gauge.add_metric([source.name], found)
        yield gauge
    for name, says, count in SOURCE_COUNTERS:
        counter = CounterMetricFamily(PREFIX + name, says, labels=["source"])
        for source in status.sources:
            counter.add_metric([source.name], count(source))
        yield counter
    states = StateSetMetricFamily(PREFIX + STATE[0], STATE[1], labels=["source"])
    for source in status.sources:
        states.add_metric([source.name], {str(state): state is source.state for state in State})
    yield states
