"""The computation of tasks in the worker, by the functions of the library."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch

from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.metrics import MIN_WINDOWS
from diffecg.evaluation.generation.report import EvaluateOptions, Report, evaluate
from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.gap_model import GapModel
from diffecg.inference.imputer import Imputer
from diffecg.inference.imputer_loading import load_imputer
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.results import Preview
from diffecg.model.finding import find_model
from diffecg.service.channel import (
    Assignment,
    JobEnded,
    JobPreview,
    JobProgress,
    PreviewFrame,
    WorkerChannel,
)
from diffecg.service.generation import Generation
from diffecg.service.importing import read_file
from diffecg.service.recording_tasks import (
    Finished,
    Reports,
    compose_rhythm,
    denoise,
    forecast,
    impute,
    make,
)
from diffecg.service.recording_windows import beats_like
from diffecg.service.result_recording import MadeRecording
from diffecg.service.results import SHOWN_DRAWS, rounded, write_result
from diffecg.service.tasks import (
    OUTPUT,
    ComposeTask,
    DenoiseTask,
    EvaluateTask,
    ExampleTask,
    ForecastTask,
    GenerateTask,
    ImputeTask,
    RecordingFile,
    RecordingInputs,
)

CHUNK_WINDOWS = 64
"""Number of windows that are generated before their jobs report progress."""


class TaskRunner:
    """Computes tasks; a model is loaded when a task uses it for the first time.

    Args:
        channel: the channel to the server.
        threads: processor threads of PyTorch; None: its default.
        engine: ``torch`` or ``onnx``.
    """

    def __init__(self, channel: WorkerChannel, threads: int | None, engine: str) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._channel = channel
        self._engine = engine
        self._job_ids: list[str] = []
        """The jobs that are being computed."""
        self._model, self._gap_model = cache(self._load_model), cache(self._load_gap_model)

    def run(self, assignments: tuple[Assignment, ...]) -> MadeRecording | None:
        """Compute a batch: one task, or several that generate windows with the same settings.

        Returns:
            The recording that the task made.

        Raises:
            DiffecgError: the task cannot be computed.
            Cancelled: all of its jobs have been cancelled.
        """
        self._job_ids = [assignment.job_id for assignment in assignments]
        self._check_cancelled()
        first = assignments[0]
        reports = Reports(progress=self._progress(first.job_id), preview=partial(self._preview, first.job_id))
        match first.task:
            case GenerateTask():
                self._generate(
                    [
                        Generation(job.job_id, job.folder, job.task)
                        for job in assignments
                        if isinstance(job.task, GenerateTask)
                    ]
                )
                return None
            case ImputeTask() as task:
                finished = impute(first, task, self._imputer(task.inputs), reports)
            case DenoiseTask() as task:
                finished = denoise(first, task, reports)
            case ForecastTask() as task:
                finished = forecast(first, task, self._imputer(task.inputs), reports)
            case ComposeTask() as task:
                finished = compose_rhythm(first, task, self._model(task.model), reports)
            case ExampleTask() as task:
                finished = make(first, task)
            case EvaluateTask() as task:
                finished = Finished(result=self._evaluate(first, task))
        write_result(first.folder, first.task.name, finished.result)
        return finished.made

    def _load_model(self, source: str) -> Model:
        model = load(source, engine=self._engine)
        # Cancellation takes effect between any two evaluations of the network.
        model.denoiser.register_forward_pre_hook(lambda *_: self._check_cancelled())
        return model

    def _load_gap_model(self, source: str) -> GapModel | None:
        """Return a model of gaps, which no engine but torch computes; None: the model is one of windows."""
        imputer = load_imputer(source) if find_model(source).is_gap_model else None
        return imputer if isinstance(imputer, GapModel) else None

    def _imputer(self, inputs: RecordingInputs) -> Imputer:
        if inputs.model is None:
            return AnalogueImputer()
        gap_model = self._gap_model(inputs.model)
        if gap_model is not None:
            return gap_model.with_sampling(inputs.sampling)
        return self._model(inputs.model).with_sampling(inputs.sampling)

    def _check_cancelled(self) -> None:
        self._channel.check_cancelled(self._job_ids)

    def _progress(self, job_id: str) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            self._check_cancelled()
            self._channel.send(JobProgress(job_id=job_id, done=done, total=total))

        return report

    def _generate(self, generations: list[Generation]) -> None:
        """Generate the windows of several jobs together; each window depends on its own seed only."""
        task = generations[0].task
        model = self._model(task.model)
        rows = [(generation, seed) for generation in generations for seed in generation.seeds]
        for start in range(0, len(rows), CHUNK_WINDOWS):
            chunk = [row for row in rows[start : start + CHUNK_WINDOWS] if self._is_wanted(row[0])]
            if not chunk:
                continue
            owners, seeds = zip(*chunk, strict=True)
            labels = [owner.task.options.label for owner in owners]
            windows = model.generate(labels, len(chunk), seeds, **task.sampling.sampling())
            for generation in dict.fromkeys(owners):
                generation.append(windows.take([i for i, owner in enumerate(owners) if owner is generation]))
                self._report(generation)

    def _is_wanted(self, generation: Generation) -> bool:
        return generation.job_id not in self._channel.cancelled

    def _report(self, generation: Generation) -> None:
        """Report the progress of a job in a batch, and its end without waiting for the other jobs."""
        job_id, done, total = generation.job_id, generation.done, generation.total
        self._channel.send(JobProgress(job_id=job_id, done=done, total=total))
        if done == total:
            generation.write()
            self._channel.send(JobEnded(job_id=job_id, outcome="done"))

    def _evaluate(self, job: Assignment, task: EvaluateTask) -> dict[str, Any]:
        options = EvaluateOptions(
            sections=task.sections,
            partition=task.partition,
            resampling=True,
            seeds=task.seeds,
            max_windows=task.max_windows,
        )
        synthetic = read_windows(task.synthetic)
        real = (
            beats_like(synthetic, read_file(task.real))
            if isinstance(task.real, RecordingFile)
            else read_windows(task.real)
        )
        report = evaluate(
            synthetic,
            real,
            options,
            progress=self._progress(job.job_id),
        )
        if all(row.value is None for row in report.rows):
            raise DiffecgError(_no_figure(report))
        write_report(report, job.folder / OUTPUT)
        return report.to_dict()

    def _preview(self, job_id: str, draws: int, offset_s: float = 0.0) -> Callable[[Preview], None]:
        """Return a callback that sends previews of the first draws to the server.

        The signal of the model starts at ``offset_s`` of the recording.
        """
        shown = min(SHOWN_DRAWS, draws)
        draws_mv: dict[int, list[float]] = {}

        def send_preview(preview: Preview) -> None:
            if preview.draw < shown:
                draws_mv[preview.draw] = rounded(preview.signal_mv[0])
            if preview.draw == shown - 1:
                frame = PreviewFrame(
                    start_s=offset_s + preview.start_s,
                    fs_hz=preview.fs_hz,
                    sigma=preview.sigma,
                    draws_mv=list(draws_mv.values()),
                )
                self._channel.send(JobPreview(job_id=job_id, frame=frame))
                draws_mv.clear()

        return send_preview


def _no_figure(report: Report) -> str:
    """Return why a report has no figures."""

    def counts(windows: Windows) -> str:
        return ", ".join(f"{label} {count}" for label, count in windows.counts().items()) or "none"

    return (
        f"no figure can be computed, because each label needs at least {MIN_WINDOWS} synthetic and twice as "
        f"many real windows; synthetic: {counts(report.synthetic)}; real: {counts(report.real)}"
    )
