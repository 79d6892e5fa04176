"""What the computing process does for each task: the library's own functions, and files for the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffecg.composition.export import write_composed
from diffecg.composition.options import ComposeOptions
from diffecg.composition.recording import compose
from diffecg.datasets.reading import read_windows
from diffecg.datasets.windows import Windows
from diffecg.datasets.writing import write_generated
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.report import Settings as EvaluationSettings
from diffecg.evaluation.generation.report import evaluate
from diffecg.files import write_atomic
from diffecg.formats.description import warnings_of
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.inference.export import write_forecast, write_imputed
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import (
    DenoiseOptions,
    DrawOptions,
    ForecastOptions,
    ImputeOptions,
    SamplerOptions,
)
from diffecg.inference.parsing import parse_times
from diffecg.inference.recordings import forecast_recording, forecast_start, impute_recording, plan_imputation
from diffecg.inference.results import Imputation, Preview
from diffecg.service.job import BEATS, COMPOSED, OUT, RESULT, WINDOWS
from diffecg.service.worker import WorkerChannel

SHOWN_DRAWS = 8
_DIGITS = 4
_CHUNK = 64
Order = dict[str, Any]


class TaskRunner:
    """Loads models when they are first asked for, and does what is ordered."""

    def __init__(self, desk: WorkerChannel, threads: int | None, engine: str) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.desk = desk
        self.engine = engine
        self.current: list[str] = []
        """Jobs that are computed at present."""
        self.model = cache(self._load)
        self.tasks: dict[str, Callable[[Order], dict[str, Any]]] = {
            "impute": self._repair,
            "denoise": self._repair,
            "forecast": self._forecast,
            "compose": self._compose,
            "evaluate": self._evaluate,
        }

    def perform(self, orders: list[Order]) -> None:
        """Do what is ordered; several orders are windows of one model.

        Raises:
            DiffecgError: it cannot be done.
            Cancelled: it is not wanted any more.
        """
        first, self.current = orders[0], [order["id"] for order in orders]
        self.desk.check(self.current)
        if first["task"] == "generate":
            self._generate(orders)
            return
        if first["task"] != "evaluate":  # a report makes its own folder
            (Path(first["folder"]) / OUT).mkdir()
        _write_result(first, self.tasks[first["task"]](first))

    def _load(self, name: str) -> Model:
        model = load(name, engine=self.engine)
        # So that a job can be cancelled between any two evaluations of the network.
        model.denoiser.register_forward_pre_hook(lambda *_: self.desk.check(self.current))
        return model

    def _progress(self, order: Order) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            self.desk.check(self.current)
            self.desk.tell(order["id"], done=done, total=total)

        return progress

    def _generate(self, orders: list[Order]) -> None:
        """Make the windows of several orders together; each window depends on its own seed alone."""
        first = orders[0]["asked"]
        model = self.model(orders[0]["inputs"]["model"])
        rows = [
            (place, order["asked"]["label"], order["asked"]["seed"] + i)
            for place, order in enumerate(orders)
            for i in range(order["asked"]["count"])
        ]
        settings = _asked(SamplerOptions, orders[0]).sampling()
        rhythm = parse_times(first["rhythm"])
        made: list[list[Windows]] = [[] for _ in orders]
        files = [(Path(order["folder"]) / WINDOWS).open("ab") for order in orders]
        try:
            for start in range(0, len(rows), _CHUNK):
                part = [row for row in rows[start : start + _CHUNK] if self._wanted(orders[row[0]])]
                if not part:
                    continue
                places, labels, seeds = zip(*part, strict=True)
                windows = model.generate(labels, len(part), seeds, rhythm=rhythm, **settings)
                for place in dict.fromkeys(places):
                    mine = windows.take([row for row, its in enumerate(places) if its == place])
                    made[place].append(mine)
                    files[place].write(mine.signal_mv.astype("<f4").tobytes())
                    files[place].flush()
                    done, total = sum(map(len, made[place])), orders[place]["asked"]["count"]
                    self.desk.tell(orders[place]["id"], done=done, total=total)
                    if done == total:  # others may go on
                        _write_windows(orders[place], made[place])
                        self.desk.tell(orders[place]["id"], state="done")
        finally:
            for file in files:
                file.close()

    def _wanted(self, order: Order) -> bool:
        return order["id"] not in self.desk.cancelled

    def _repair(self, order: Order) -> dict[str, Any]:
        asked = _asked(ImputeOptions if order["task"] == "impute" else DenoiseOptions, order)
        model, recording = self.model(order["inputs"]["model"]), _recording(order)
        plan = plan_imputation(model, recording, asked)
        drawn = impute_recording(
            model, recording, plan, asked, _asked(DrawOptions, order), **self._settings(order)
        )
        path = write_imputed(
            Path(order["folder"]) / OUT, recording, plan.rows, drawn, plan.gaps, recording.path.suffix.lower()
        )
        place = {row: i for i, row in enumerate(plan.rows)}
        intervals = [
            {
                "lead": recording.leads[gap.row],
                "reason": gap.reason,
                **_interval(drawn.lead(place[gap.row]), gap.first, gap.last),
            }
            for gap in plan.gaps
        ]
        return {**drawn.info, **_about(recording, plan.rows), "file": path.name, "intervals": intervals}

    def _forecast(self, order: Order) -> dict[str, Any]:
        asked = _asked(ForecastOptions, order)
        model, recording = self.model(order["inputs"]["model"]), _recording(order)
        row, cut = forecast_start(model, recording, asked)
        drawn = forecast_recording(
            model, recording, row, cut, asked, _asked(DrawOptions, order), **self._settings(order)
        )
        write_forecast(Path(order["folder"]) / OUT, recording, row, drawn, cut)
        interval = {"lead": recording.leads[row], **_interval(drawn, 0, len(drawn.signal_mv))}
        interval |= {"first": cut, "last": cut + len(drawn.signal_mv)}
        return {**drawn.info, **_about(recording, [row]), "intervals": [interval]}

    def _compose(self, order: Order) -> dict[str, Any]:
        asked = _asked(ComposeOptions, order)
        made = compose(
            asked.rhythm(order["asked"]["text"]),
            60 * asked.minutes,
            model=self.model(order["inputs"]["model"]),
            seed=asked.seed,
            subject_seed=asked.subject_seed,
            progress=self._progress(order),
        )
        return write_composed(Path(order["folder"]) / OUT, [made], COMPOSED)

    def _evaluate(self, order: Order) -> dict[str, Any]:
        asked, inputs = order["asked"], order["inputs"]
        settings = EvaluationSettings(
            tuple(asked["sections"]), asked["partition"], True, asked["seeds"], most=asked["most"]
        )
        report = evaluate(
            read_windows(inputs["synthetic"]),
            read_windows(inputs["against"]),
            settings,
            progress=self._progress(order),
        )
        write_report(report, Path(order["folder"]) / OUT)
        return report.to_dict()

    def _settings(self, order: Order) -> dict[str, Any]:
        """Return how to draw, and what tells of it."""
        asked = order["asked"]

        looks: dict[int, Any] = {}

        def watch(seen: Preview) -> None:
            if seen.draw < SHOWN_DRAWS:
                looks[seen.draw] = _rounded(seen.signal_mv[0])
            if seen.draw == min(SHOWN_DRAWS, asked["draws"]) - 1:
                now = {"from_s": seen.from_s, "fs_hz": seen.fs_hz, "sigma": seen.sigma}
                self.desk.tell(order["id"], glimpse={**now, "draws_mv": list(looks.values())})
                looks.clear()

        return {
            **_asked(SamplerOptions, order).sampling(),
            "progress": self._progress(order),
            "watch": watch,
        }


def _asked(kind: Any, order: Order) -> Any:
    """Return the part of a request that is of some kind of settings."""
    asked = order["asked"]
    found = {field.name: asked[field.name] for field in fields(kind)}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in found.items()})


def _recording(order: Order) -> Recording:
    inputs = order["inputs"]
    return read_recording(inputs["recording"], fs_hz=inputs["fs_hz"], unit=inputs["unit"])


def _about(recording: Recording, rows: list[int]) -> dict[str, Any]:
    found = dict.fromkeys(warning for row in rows for warning in warnings_of(recording, row))
    return {"recording": recording.name, "fs_hz": recording.fs_hz, "warnings": list(found)}


def _interval(drawn: Imputation, first: int, last: int) -> dict[str, Any]:
    """Return what was drawn between two samples of a lead."""
    span = slice(first, last)
    return {
        "first": first,
        "last": last,
        "mean_mv": _rounded(drawn.signal_mv[span]),
        "lower_mv": _rounded(drawn.lower_mv[span]),
        "upper_mv": _rounded(drawn.upper_mv[span]),
        "draws_mv": _rounded(drawn.draws_mv[:SHOWN_DRAWS, span]),
    }


def _write_windows(order: Order, chunks: list[Windows]) -> None:
    path, count = Path(order["folder"]) / OUT / BEATS, order["asked"]["count"]
    card = write_generated(chunks, path, count=count)
    signal_mv = np.concatenate([chunk.signal_mv for chunk in chunks])
    _write_result(order, {**card, "signal_mv": _rounded(signal_mv)})


def _rounded(values: Any) -> Any:
    return np.round(np.asarray(values, dtype=np.float64), _DIGITS).tolist()


def _write_result(order: Order, result: dict[str, Any]) -> None:
    text = json.dumps({"task": order["task"], **result}, default=str)
    strict = json.loads(text, parse_constant=lambda _: None)  # JSON has no NaN
    write_atomic(Path(order["folder"]) / RESULT, json.dumps(strict).encode())
