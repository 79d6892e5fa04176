"""The fields of a model card that the Hugging Face hub indexes: the YAML front matter of its README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LIBRARY = "diffecg"

FORECASTING = "time-series-forecasting"
"""The hub's task of models of gaps; there is none of models that generate windows."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a model reaches on some data."""

    task: str
    """Name of the task."""
    dataset: str
    """Identifier of the data set, such as ``mitdb``."""
    data: str
    """What of the data set is meant, for people."""
    metrics: Mapping[tuple[str, str], float]
    """Values by the type of the metric, such as ``rmse``, and its full name."""


@dataclass(frozen=True, kw_only=True)
class CardFields:
    """What the hub indexes of a model."""

    name: str
    tags: Sequence[str] = ("ecg", "diffusion", "synthetic-data")
    license: str | None = None
    """Identifier of the licence, such as ``odc-by``; None: not stated."""
    task: str | None = None
    """Task by the names of the hub (``pipeline_tag``); None: none fits."""
    datasets: Sequence[str] = ()
    """Data sets of the training, by their names on PhysioNet."""
    base_model: str | None = None
    """Model of the hub that training started from; None: random weights, or a model from elsewhere."""
    results: Sequence[Result] = field(default=())

    def front_matter(self) -> str:
        """Return the fields as YAML between lines of three dashes."""
        fields = {
            "library_name": LIBRARY,
            "license": self.license,
            "pipeline_tag": self.task,
            "tags": list(self.tags),
            "datasets": list(self.datasets),
            "base_model": self.base_model,
            "model-index": self._model_index() if self.results else None,
        }
        lines = yaml_lines({name: value for name, value in fields.items() if value})
        return "\n".join(["---", *lines, "---", ""])

    def _model_index(self) -> list[dict[str, Any]]:
        """Return the results in the form that the hub reads."""
        results = [
            {
                "task": {"type": self.task or "other", "name": result.task},
                "dataset": {"type": result.dataset, "name": result.data},
                "metrics": [
                    {"type": kind, "name": name, "value": float(f"{value:.4g}")}
                    for (kind, name), value in result.metrics.items()
                ],
            }
            for result in self.results
        ]
        return [{"name": self.name, "results": results}]


def yaml_lines(value: object) -> Iterator[str]:
    """Yield the lines of a value as YAML; texts and numbers are written as in JSON, which is YAML, too."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield f"{key}:"
                yield from (f"  {line}" for line in yaml_lines(item))
            else:
                yield f"{key}: {json.dumps(item, ensure_ascii=False)}"
    elif isinstance(value, list):
        for item in value:
            first, *others = yaml_lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    else:
        yield json.dumps(value, ensure_ascii=False)
