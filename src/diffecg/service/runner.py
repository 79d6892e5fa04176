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

from diffecg.compose.export import write_composed
from diffecg.compose.options import Composing
from diffecg.compose.recording import compose
from diffecg.datasets.reading import read_windows
from diffecg.datasets.writing import write_generated
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.report import Settings as EvaluationSettings
from diffecg.evaluation.generation.report import evaluate
from diffecg.files import write_atomically
from diffecg.formats.description import warnings_of
from diffecg.formats.recording import Record
from diffecg.formats.registry import read_record
from diffecg.inference.export import write_forecast, write_repaired
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import Drawing, Gaps, Method, Moment, Stretches
from diffecg.inference.parsing import parse_times
from diffecg.inference.recordings import ahead, cut_at, plan_repair, repair
from diffecg.inference.results import Drawn, Generated, Glimpse
from diffecg.service.job import BEATS, COMPOSED, OUT, RESULT, WINDOWS
from diffecg.service.worker import Desk

SHOWN_DRAWS = 8
_DIGITS = 4
_CHUNK = 64
Order = dict[str, Any]


class Performer:
    """Loads models when they are first asked for, and does what is ordered."""

    def __init__(self, desk: Desk, threads: int | None, engine: str) -> None:
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
        settings = _asked(Method, orders[0]).sampling()
        rhythm = parse_times(first["rhythm"])
        made: list[list[Generated]] = [[] for _ in orders]
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
                        _write_windows(orders[place], made[place], model.config.window.before)
                        self.desk.tell(orders[place]["id"], state="done")
        finally:
            for file in files:
                file.close()

    def _wanted(self, order: Order) -> bool:
        return order["id"] not in self.desk.cancelled

    def _repair(self, order: Order) -> dict[str, Any]:
        asked = _asked(Gaps if order["task"] == "impute" else Stretches, order)
        model, record = self.model(order["inputs"]["model"]), _record(order)
        plan = plan_repair(model, record, asked)
        drawn = repair(model, record, plan, asked, _asked(Drawing, order), **self._settings(order))
        path = write_repaired(
            Path(order["folder"]) / OUT, record, plan.rows, drawn, plan.gaps, record.path.suffix.lower()
        )
        place = {row: i for i, row in enumerate(plan.rows)}
        stretches = [
            {
                "lead": record.leads[gap.row],
                "reason": gap.reason,
                **_stretch(drawn.lead(place[gap.row]), gap.first, gap.last),
            }
            for gap in plan.gaps
        ]
        return {**drawn.info, **_about(record, plan.rows), "file": path.name, "stretches": stretches}

    def _forecast(self, order: Order) -> dict[str, Any]:
        asked = _asked(Moment, order)
        model, record = self.model(order["inputs"]["model"]), _record(order)
        row, cut = cut_at(model, record, asked)
        drawn = ahead(model, record, row, cut, asked, _asked(Drawing, order), **self._settings(order))
        write_forecast(Path(order["folder"]) / OUT, record, row, drawn, cut)
        stretch = {"lead": record.leads[row], **_stretch(drawn, 0, len(drawn.signal_mv))}
        stretch |= {"first": cut, "last": cut + len(drawn.signal_mv)}
        return {**drawn.info, **_about(record, [row]), "stretches": [stretch]}

    def _compose(self, order: Order) -> dict[str, Any]:
        asked = _asked(Composing, order)
        made = compose(
            asked.rhythm(order["asked"]["text"]),
            60 * asked.minutes,
            model=self.model(order["inputs"]["model"]),
            seed=asked.seed,
            patient_seed=asked.patient_seed,
            progress=self._progress(order),
        )
        return write_composed(Path(order["folder"]) / OUT, [made], COMPOSED)

    def _evaluate(self, order: Order) -> dict[str, Any]:
        asked, inputs = order["asked"], order["inputs"]
        settings = EvaluationSettings(
            tuple(asked["sections"]), asked["part"], True, asked["seeds"], most=asked["most"]
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

        def watch(seen: Glimpse) -> None:
            if seen.draw < SHOWN_DRAWS:
                looks[seen.draw] = _rounded(seen.signal_mv[0])
            if seen.draw == min(SHOWN_DRAWS, asked["draws"]) - 1:
                now = {"from_s": seen.from_s, "fs_hz": seen.fs_hz, "sigma": seen.sigma}
                self.desk.tell(order["id"], glimpse={**now, "draws_mv": list(looks.values())})
                looks.clear()

        return {
            **_asked(Method, order).sampling(),
            "progress": self._progress(order),
            "watch": watch,
        }


def _asked(kind: Any, order: Order) -> Any:
    """Return the part of a request that is of some kind of settings."""
    asked = order["asked"]
    found = {field.name: asked[field.name] for field in fields(kind)}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in found.items()})


def _record(order: Order) -> Record:
    inputs = order["inputs"]
    return read_record(inputs["recording"], fs_hz=inputs["fs_hz"], unit=inputs["unit"])


def _about(record: Record, rows: list[int]) -> dict[str, Any]:
    found = dict.fromkeys(warning for row in rows for warning in warnings_of(record, row))
    return {"record": record.name, "fs_hz": record.fs_hz, "warnings": list(found)}


def _stretch(drawn: Drawn, first: int, last: int) -> dict[str, Any]:
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


def _write_windows(order: Order, chunks: list[Generated], before: int) -> None:
    path, count = Path(order["folder"]) / OUT / BEATS, order["asked"]["count"]
    card = write_generated(chunks, path, count=count, before=before)
    signal_mv = np.concatenate([chunk.signal_mv for chunk in chunks])
    _write_result(order, {**card, "signal_mv": _rounded(signal_mv)})


def _rounded(values: Any) -> Any:
    return np.round(np.asarray(values, dtype=np.float64), _DIGITS).tolist()


def _write_result(order: Order, result: dict[str, Any]) -> None:
    text = json.dumps({"task": order["task"], **result}, default=str)
    strict = json.loads(text, parse_constant=lambda _: None)  # JSON has no NaN
    write_atomically(Path(order["folder"]) / RESULT, json.dumps(strict).encode())
