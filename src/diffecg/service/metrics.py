"""Metrics of the server, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = Counter(
            "diffecg_jobs",
            "Jobs that have ended, by task and outcome",
            ["task", "outcome"],
            registry=self.registry,
        )
        self.rejected = Counter(
            "diffecg_jobs_rejected", "Jobs rejected because the queue was full", registry=self.registry
        )
        self.waiting = Gauge(
            "diffecg_jobs_waiting", "Jobs that are waiting in the queue", registry=self.registry
        )
        self.batch_jobs = Histogram(
            "diffecg_batch_jobs",
            "Number of jobs computed in one batch",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self.worker_deaths = Counter(
            "diffecg_worker_deaths", "Unexpected ends of the worker process", registry=self.registry
        )

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)
