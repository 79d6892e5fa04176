"""Running a benchmark: every method on every case, in blocks that survive an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diffecg._version import __version__
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.benchmarks import Benchmark
from diffecg.evaluation.imputation.contexts import Context, OpenCase, open_cases
from diffecg.evaluation.imputation.prediction import Method, Prediction
from diffecg.evaluation.imputation.report import MEDIAN, WORST, Example, ImputationReport
from diffecg.evaluation.imputation.summary import ONE_LEAD, OTHER_LEADS, summarise
from diffecg.evaluation.progress import Progress, ProgressCallback
from diffecg.files import ResumableFolder

_BLOCK = 50
"""Cases that are scored and stored together."""
_SETTINGS = "settings.json"


def evaluate_imputation(
    benchmark: Benchmark,
    methods: Mapping[str, Method],
    *,
    about: Mapping[str, Any] | None = None,
    folder: ResumableFolder | None = None,
    jobs: int = 1,
    progress: ProgressCallback | None = None,
) -> ImputationReport:
    """Compare imputation methods with each other and with the baselines, on the cases of a benchmark.

    Args:
        benchmark: cases, baselines and metrics.
        methods: methods by name; the baselines are added.
        about: further entries of the report's ``about``, such as the database and the models.
        folder: keeps the scores of finished blocks of cases, so that an interrupted run can continue; None:
            nothing is kept.
        jobs: number of worker processes; with several, methods must be picklable.
        progress: called with the numbers of finished and of all cases.

    Raises:
        DiffecgError: a recording cannot be read, a method returns something else than a prediction of the
            gap, or the folder has the scores of another run.
    """
    about = {**(about or {}), **benchmark.about, "cases": len(benchmark.cases), "diffecg": __version__}
    everything = {**methods, **benchmark.baselines}
    if benchmark.reference not in everything:
        raise DiffecgError(
            f"unknown reference {benchmark.reference!r}; choose one of {'; '.join(everything)}"
        )
    if folder is not None:
        folder.start({**about, "methods": list(everything)})
    scores = _all_scores(benchmark, everything, folder, jobs, progress)
    chosen_by = next(iter(methods), benchmark.reference)
    return ImputationReport(
        about={**about, "notice": "Not a medical device."},
        benchmark=benchmark,
        rows=summarise(benchmark.cases, scores, benchmark.metrics, reference=benchmark.reference),
        scores=scores,
        examples=list(_examples(benchmark, everything, scores, chosen_by)),
        chosen_by=chosen_by,
    )


def resumable_folder(path: str | Path) -> ResumableFolder:
    """Return the folder that keeps the scores of an interrupted run."""
    return ResumableFolder(path, settings_file=_SETTINGS, content="an evaluation of imputation")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    """Cases that are scored together, as a worker gets them."""

    first: int
    """Number of the first case."""
    benchmark: Benchmark
    """The benchmark with the cases of the block only."""
    methods: Mapping[str, Method]

    @property
    def file(self) -> str:
        return f"scores-{self.first:06d}.csv"

    def score(self, advance: Callable[[], None] = lambda: None) -> pd.DataFrame:
        """Return the scores of each case, kind of leads and method."""
        rows = []
        for offset, opened in enumerate(open_cases(self.benchmark.folder, self.benchmark.cases)):
            if not self.benchmark.shows_other_leads:
                opened = replace(opened, other_leads=None)
            for leads, name, prediction in _predictions(opened, self.methods):
                scores = self.benchmark.score(opened.truth, prediction)
                rows.append({"case": self.first + offset, "leads": leads, "method": name, **scores})
            advance()
        return pd.DataFrame(rows)


def _predictions(opened: OpenCase, methods: Mapping[str, Method]) -> Iterator[tuple[str, str, Prediction]]:
    """Yield kind of leads, name and prediction of each method."""
    alone = {name: _predict(name, method, opened.context) for name, method in methods.items()}
    for name, prediction in alone.items():
        yield ONE_LEAD, name, prediction
    if opened.other_leads is not None:
        for name, method in methods.items():
            with_others = (
                _predict(name, method, opened.other_leads) if method.uses_other_leads else alone[name]
            )
            yield OTHER_LEADS, name, with_others


def _predict(name: str, method: Method, context: Context) -> Prediction:
    prediction = method.predict(context)
    samples = (prediction.draws_mv.shape[-1], len(prediction.point_mv), len(prediction.written_mv))
    if set(samples) != {context.length} or prediction.draws_mv.ndim != 2:
        raise DiffecgError(f"{name} predicts {samples[0]} samples of a gap of {context.length}")
    if not all(
        np.isfinite(x).all() for x in (prediction.draws_mv, prediction.point_mv, prediction.written_mv)
    ):
        raise DiffecgError(f"{name} predicts samples that are not finite")
    return prediction


def _all_scores(
    benchmark: Benchmark,
    methods: Mapping[str, Method],
    folder: ResumableFolder | None,
    jobs: int,
    progress: ProgressCallback | None,
) -> pd.DataFrame:
    """Return the scores of all cases: those that the folder holds, and the missing ones."""
    steps = Progress(len(benchmark.cases), progress)
    frames: dict[int, pd.DataFrame] = {}
    missing = []
    for block in _blocks(benchmark, methods):
        content = None if folder is None else folder.read(block.file)
        if content is None:
            missing.append(block)
        else:
            frames[block.first] = pd.read_csv(BytesIO(content), float_precision="round_trip")
            steps.advance(len(block.benchmark.cases))
    for block, frame in _score_blocks(missing, jobs, steps):
        frames[block.first] = frame
        if folder is not None:
            folder.write(block.file, frame.to_csv(index=False).encode())
    return pd.concat([frames[first] for first in sorted(frames)], ignore_index=True)


def _blocks(benchmark: Benchmark, methods: Mapping[str, Method]) -> list[_Block]:
    return [
        _Block(
            first=first,
            benchmark=replace(benchmark, cases=benchmark.cases[first : first + _BLOCK]),
            methods=methods,
        )
        for first in range(0, len(benchmark.cases), _BLOCK)
    ]


def _score_blocks(
    blocks: Sequence[_Block], jobs: int, steps: Progress
) -> Iterator[tuple[_Block, pd.DataFrame]]:
    """Yield the scores of each block as soon as they are there."""
    if jobs <= 1 or len(blocks) <= 1:
        for block in blocks:
            yield block, block.score(steps.advance)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_use_one_thread) as pool:
        futures = {pool.submit(block.score): block for block in blocks}
        try:
            for future in as_completed(futures):
                block = futures[future]
                yield block, future.result()
                steps.advance(len(block.benchmark.cases))
        finally:
            pool.shutdown(cancel_futures=True)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _examples(
    benchmark: Benchmark, methods: Mapping[str, Method], scores: pd.DataFrame, chosen_by: str
) -> Iterator[Example]:
    """Yield the median and the worst case of each group and rhythm, by the error of one method."""
    own = scores[(scores["method"] == chosen_by) & (scores["leads"] == ONE_LEAD)]
    keys = own["case"].map(lambda number: (benchmark.cases[number].group, benchmark.cases[number].rhythm))
    for _, part in own.groupby(keys, sort=False):
        numbers = part.sort_values("squared error", kind="stable")["case"].to_numpy()
        for kind, number in ((MEDIAN, numbers[(len(numbers) - 1) // 2]), (WORST, numbers[-1])):
            opened = next(open_cases(benchmark.folder, [benchmark.cases[number]]))
            yield Example(
                case=opened.case,
                kind=kind,
                truth=opened.truth,
                predictions={
                    name: _predict(name, method, opened.context) for name, method in methods.items()
                },
            )
