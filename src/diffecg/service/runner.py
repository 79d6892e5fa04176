"""The computation of tasks in the worker, by the functions of the library."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

from diffecg.composition.export import write_composed
from diffecg.composition.recording import compose
from diffecg.datasets.formats.registry import read_windows
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.denoised_files import write_denoised
from diffecg.inference.denoised_recordings import denoise_recording, plan_denoising
from diffecg.inference.denoising import bundled_denoiser
from diffecg.inference.export import write_forecast, write_imputed
from diffecg.inference.gap_model import GapModel
from diffecg.inference.gap_notes import describe_written
from diffecg.inference.imputer import Imputer
from diffecg.inference.loading import find_model, is_gap_model, load, load_imputer
from diffecg.inference.model import Model
from diffecg.inference.planning import plan_forecast, plan_imputation
from diffecg.inference.recordings import forecast_recording, impute_recording
from diffecg.inference.results import Preview
from diffecg.service.channel import (
    Assignment,
    JobEnded,
    JobPreview,
    JobProgress,
    PreviewFrame,
    WorkerChannel,
)
from diffecg.service.generation import Generation
from diffecg.service.results import (
    SHOWN_DRAWS,
    denoised_values,
    describe_recording,
    interval_values,
    rounded,
    write_result,
)
from diffecg.service.tasks import (
    COMPOSED,
    OUTPUT,
    ComposeTask,
    DenoiseTask,
    EvaluateTask,
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

    def run(self, assignments: tuple[Assignment, ...]) -> None:
        """Compute a batch: one task, or several that generate windows with the same settings.

        Raises:
            DiffecgError: the task cannot be computed.
            Cancelled: all of its jobs have been cancelled.
        """
        self._job_ids = [assignment.job_id for assignment in assignments]
        self._check_cancelled()
        first = assignments[0]
        match first.task:
            case GenerateTask():
                self._generate(
                    [
                        Generation(job.job_id, job.folder, job.task)
                        for job in assignments
                        if isinstance(job.task, GenerateTask)
                    ]
                )
                return
            case ImputeTask() as task:
                result = self._impute(first, task)
            case DenoiseTask() as task:
                result = self._denoise(first, task)
            case ForecastTask() as task:
                result = self._forecast(first, task)
            case ComposeTask() as task:
                result = self._compose(first, task)
            case EvaluateTask() as task:
                result = self._evaluate(first, task)
        write_result(first.folder, first.task.name, result)

    def _load_model(self, source: str) -> Model:
        model = load(source, engine=self._engine)
        # Cancellation takes effect between any two evaluations of the network.
        model.denoiser.register_forward_pre_hook(lambda *_: self._check_cancelled())
        return model

    def _load_gap_model(self, source: str) -> GapModel | None:
        """Return a model of gaps, which no engine but torch computes; None: the model is one of windows."""
        imputer = load_imputer(source) if is_gap_model(find_model(source)) else None
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

    def _impute(self, job: Assignment, task: ImputeTask) -> dict[str, Any]:
        inputs, imputer = task.inputs, self._imputer(task.inputs)
        recording = _read(inputs.recording)
        plan = plan_imputation(imputer, recording, task.options)
        result = impute_recording(
            imputer,
            recording,
            plan,
            task.options,
            inputs.draw,
            progress=self._progress(job.job_id),
            on_preview=self._preview(job.job_id, inputs.draw.draws),
        )
        path = write_imputed(_new_output(job), result)
        intervals = [
            {
                "lead": recording.channel_names[imputed.segment.row],
                "reason": imputed.segment.reason,
                **interval_values(part, first),
            }
            for imputed in result.parts
            for first, part in [imputed.part()]
        ]
        about = describe_recording(recording, plan.rows)
        about |= {"written": describe_written(result), "too_long": len(plan.skipped), "file": path.name}
        return {**result.first.info, **about, "intervals": intervals}

    def _denoise(self, job: Assignment, task: DenoiseTask) -> dict[str, Any]:
        recording = _read(task.recording)
        plan = plan_denoising(recording, task.options)
        result = denoise_recording(
            bundled_denoiser(), recording, plan, task.options, progress=self._progress(job.job_id)
        )
        path = write_denoised(_new_output(job), result)
        intervals = [
            {
                "lead": recording.channel_names[part.segment.row],
                "reason": part.segment.reason,
                **denoised_values(part),
            }
            for part in result.segments
        ]
        about = describe_recording(recording, plan.rows)
        return {**result.info, **about, "file": path.name, "intervals": intervals}

    def _forecast(self, job: Assignment, task: ForecastTask) -> dict[str, Any]:
        inputs, imputer = task.inputs, self._imputer(task.inputs)
        recording = _read(inputs.recording)
        plan = plan_forecast(imputer, recording, task.options)
        past_start_s = max(plan.start / recording.select([plan.row]).fs_hz - imputer.past_s, 0.0)
        forecast = forecast_recording(
            imputer,
            recording,
            plan,
            task.options,
            inputs.draw,
            progress=self._progress(job.job_id),
            on_preview=self._preview(job.job_id, inputs.draw.draws, past_start_s),
        )
        write_forecast(_new_output(job), recording, plan, forecast)
        interval = {
            "lead": recording.channel_names[plan.row],
            **interval_values(forecast, plan.start),
        }
        return {**forecast.info, **describe_recording(recording, [plan.row]), "intervals": [interval]}

    def _compose(self, job: Assignment, task: ComposeTask) -> dict[str, Any]:
        options = task.options
        recording = compose(
            options.rhythm(task.text),
            60 * options.minutes,
            model=self._model(task.model),
            seed=options.seed,
            subject_seed=options.subject_seed,
            progress=self._progress(job.job_id),
        )
        return write_composed(_new_output(job), [recording], COMPOSED)

    def _evaluate(self, job: Assignment, task: EvaluateTask) -> dict[str, Any]:
        options = EvaluateOptions(
            sections=task.sections,
            partition=task.partition,
            resampling=True,
            seeds=task.seeds,
            max_windows=task.max_windows,
        )
        report = evaluate(
            read_windows(task.synthetic),
            read_windows(task.real),
            options,
            progress=self._progress(job.job_id),
        )
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


def _new_output(job: Assignment) -> Path:
    output = job.folder / OUTPUT
    output.mkdir()
    return output


def _read(file: RecordingFile) -> Recording:
    return read_recording(file.path, fs_hz=file.fs_hz, unit=file.unit)
