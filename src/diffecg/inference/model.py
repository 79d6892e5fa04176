"""A trained model and its tasks; above 250 lines because every task has explicit, documented parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Float64
from numpy.typing import ArrayLike

from diffecg._version import __version__
from diffecg.config.schema import Config
from diffecg.datasets.label_code import Labels
from diffecg.datasets.labels import SEPARATOR, UNKNOWN
from diffecg.datasets.windows import MAX_LABELS_SHOWN, Windows
from diffecg.errors import DiffecgError
from diffecg.inference import checks
from diffecg.inference.anomaly import (
    DRAWS,
    SIGMAS,
    as_model_windows,
    check_sigmas,
    denoising_errors,
    share_below,
)
from diffecg.inference.imputation import impute_windows
from diffecg.inference.imputation_run import ImputationRequest
from diffecg.inference.options import SamplerOptions
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.sampling import (
    Progress,
    SamplingRequest,
    SDEditStart,
    count_batches,
    resolve_options,
    sample_windows,
)
from diffecg.inference.seeds import Seeds, draw_seeds
from diffecg.inference.sharing import SharedModel
from diffecg.inference.summary import Gaps, find_gaps, summarise_draws
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.dense import DenseNetwork
from diffecg.model.unet import UNet
from diffecg.signal.arrays import interpret_signal
from diffecg.signal.resampling import check_rate
from diffecg.training.loop import Report

_PAST_WINDOWS = 3


class Model(SharedModel):
    """A trained model, which generates, imputes and forecasts.

    Example:
        >>> import diffecg
        >>> model = diffecg.load("mitbih-beat")
        >>> windows = model.generate(label="V", count=2, seed=0, steps=2)
        >>> windows.signal_mv.shape
        (2, 1, 256)
        >>> windows.labels.tolist()
        ['V', 'V']
    """

    def __init__(
        self,
        denoiser: ConditionalDenoiser,
        name: str,
        weights_sha256: str = "",
        *,
        sampling: SamplerOptions | None = None,
        card: str = "",
    ) -> None:
        self.denoiser = denoiser.eval()
        self.name = name
        self.weights_sha256 = weights_sha256
        """SHA-256 of the weights file."""
        self.sampling = SamplerOptions() if sampling is None else sampling
        """Sampler, steps and batch size where a method is given none."""
        self.card = card

    def __repr__(self) -> str:
        """Return name, window, labels, size and device."""
        window = self.config.window
        shown, others = self.labels[:MAX_LABELS_SHOWN], len(self.labels) - MAX_LABELS_SHOWN
        labels = f"labels {', '.join(shown)}" if self.labels else "no labels"
        labels += f" and {others} others" if others > 0 else ""
        leads = f"lead{'s' if len(window.leads) > 1 else ''} {', '.join(window.leads)}"
        weights = sum(tensor.numel() for tensor in self.denoiser.parameters())
        return (
            f"<Model {self.name}: beats of {window.duration_s:g} s at {window.fs_hz:g} Hz, "
            f"{leads}; {labels}; {weights:,} weights on {self.device}>"
        )

    @property
    def config(self) -> Config:
        """Configuration of the model and its training."""
        return self.denoiser.config

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the model can be conditioned on: those of its training windows."""
        return self.config.trained_labels

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numbers that the model can be conditioned on, such as age."""
        return self.config.conditions.numbers

    @property
    def device(self) -> str:
        """Device that the model computes on, such as ``cpu``."""
        return str(self.denoiser.transform.mean_mv.device)

    @property
    def engine(self) -> str:
        """Engine that computes the network: ``torch`` or ``onnx``."""
        return "torch" if isinstance(self.denoiser.network, UNet | DenseNetwork) else "onnx"

    @property
    def trained_network(self) -> ConditionalDenoiser:
        """The network with its weights.

        Raises:
            DiffecgError: it is computed by ONNX Runtime.
        """
        if self.engine != "torch":
            raise DiffecgError(f"{self.name} is computed by {self.engine}; load it with engine='torch'")
        return self.denoiser

    @property
    def past_s(self) -> float:
        """Length of the past that a forecast is conditioned on, in s."""
        return _PAST_WINDOWS * self.config.window.duration_s

    @property
    def context_s(self) -> float:
        """Length of the signal on either side of a gap that is used, in s."""
        return self.config.window.duration_s

    @property
    def lead(self) -> str:
        """The lead that the model is of."""
        return self.config.window.leads[0]

    @property
    def uses_other_leads(self) -> bool:
        """False: the model imputes its leads from themselves."""
        return False

    @property
    def kinds(self) -> None:
        """None: the model imputes signals of the kind that it was trained on."""

    @property
    def companions(self) -> tuple[str, ...]:
        """None: as :attr:`uses_other_leads`."""
        return ()

    def with_sampling(self, sampling: SamplerOptions) -> Model:
        """Return the model with another sampler, number of steps and batch size as its own."""
        return Model(self.denoiser, self.name, self.weights_sha256, sampling=sampling, card=self.card)

    def to(self, device: str) -> Model:
        """Move the model to a device (``cpu``, ``cuda``) and return it.

        Raises:
            DiffecgError: the device is not available.
        """
        try:
            self.denoiser.to(device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise DiffecgError(f"device {str(device)!r} is not available ({reason}); use cpu") from None
        return self

    def generate(
        self,
        label: str | Iterable[Labels] | None = None,
        count: int = 1,
        seed: int | Iterable[int] = 0,
        *,
        conditions: Mapping[str, Any] | None = None,
        guidance: float = 1.0,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> Windows:
        """Generate windows.

        Window i has the seed ``seed + i`` and depends on nothing else, so that a set can be generated in
        chunks.

        Args:
            label: label of all windows, or one per window; None: unconditional. A model of windows with
                several labels takes several in one text, as in ``MI+AFIB``, where others are unknown; or, for
                each window, a tuple of all its labels.
            count: number of windows.
            seed: seed of the first window, or one seed per window.
            conditions: numbers that the windows are conditioned on, by name, such as ``{"age": 63}``: one for
                all windows or one per window. Others are unknown; or drawn, by a model with the setting
                ``conditions.drawn``, from the training windows of the label that resemble the given numbers.
            guidance: scale of classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598): 1 is none;
                above 1, labels and conditions have an exaggerated effect, at twice the cost; 0 ignores them.
            sampler: ``ddpm``, ``ddim``, ``heun`` or ``dpm2m``; None: the model's own.
            steps: sampling steps; None: the model's own.
            batch_size: windows computed together; affects speed and memory only. None: 64.
            progress: called with (windows done, windows in total).

        Raises:
            DiffecgError: an unknown label or sampler; count, seed, guidance or steps out of range.
        """
        count, options = (
            checks.check_integer("count", count),
            self._sampler(sampler, steps, batch_size),
        )
        seeds = checks.check_seeds(seed, count)
        labels = self._labels(label, count)
        given = checks.check_numbers(conditions or {}, count, self.numbers, self.name)
        morphologies, numbers = self.denoiser.draw_conditions(labels, seeds, given)
        guidance = checks.check_guidance(guidance, (*self.labels, *self.numbers), self.name)
        request = replace(
            SamplingRequest.unconditional(self._shape, labels, seeds),
            numbers=numbers,
            morphologies=morphologies,
            guidance=guidance,
        )
        on_batch = count_batches(progress, count)
        signal_mv = sample_windows(self.denoiser, request, options, on_batch=on_batch)
        info = self._info("generate", options) | ({} if guidance == 1 else {"guidance": guidance})
        return self._windows(signal_mv, request, info)

    def vary(
        self,
        signal_mv: ArrayLike,
        label: str | Iterable[Labels] | None = None,
        count: int = 1,
        seed: int = 0,
        *,
        strength: float = 2.0,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
    ) -> Windows:
        """Generate variations of windows, like successive beats of one recording.

        Noise is added to the windows and removed again (SDEdit, Meng et al. 2022, arXiv 2108.01073): details
        smaller than the noise are resampled, larger ones are kept.

        Args:
            signal_mv: a window (lead, time) to vary ``count`` times, or one per variation (count, lead,
                time), in mV, of the model's rate and length.
            label: label of all windows, or one per window; None: unknown.
            count: number of windows.
            seed: seed of the first window; window i has ``seed + i``.
            strength: noise level sigma, in units of the standard deviation of the whitened spectrogram; at 2,
                normal beats vary about as within a recording, at 8 they turn into beats of other subjects.
            sampler: as for :meth:`generate`.
            steps: steps from the model's highest noise level; those below ``strength`` are taken.
            batch_size: as for :meth:`generate`.

        Raises:
            DiffecgError: windows of another shape or not finite; arguments out of range.
        """
        count, options = (
            checks.check_integer("count", count),
            self._sampler(sampler, steps, batch_size),
        )
        seeds = checks.check_seeds(seed, count)
        labels = self._labels(label, count)
        start = SDEditStart(
            signal_mv=checks.as_windows(signal_mv, self._shape, count),
            sigma=checks.check_strength(strength, self.config.diffusion.sigma_max),
        )
        request = replace(SamplingRequest.unconditional(self._shape, labels, seeds), start=start)
        info = {**self._info("vary", options), "strength": strength}
        return self._windows(sample_windows(self.denoiser, request, options), request, info)

    def stream(
        self,
        label: str | Iterable[Labels] | None = None,
        count: int = 1,
        seed: int = 0,
        *,
        conditions: Mapping[str, Any] | None = None,
        guidance: float = 1.0,
        chunk: int = 4096,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Windows]:
        """Yield the windows of :meth:`generate` in chunks, so that a large set does not fill the memory.

        Args:
            label: as for :meth:`generate`.
            count: number of windows in total.
            seed: seed of the first window.
            conditions: as for :meth:`generate`.
            guidance: as for :meth:`generate`.
            chunk: windows per chunk.
            sampler: as for :meth:`generate`.
            steps: as for :meth:`generate`.
            batch_size: as for :meth:`generate`.
            progress: called with (windows done, windows in total).

        Raises:
            DiffecgError: as for :meth:`generate`.
        """
        count, chunk = checks.check_integer("count", count), checks.check_integer("chunk", chunk)
        seeds = checks.check_seeds(seed, count)
        labels = self._labels(label, count)
        numbers = checks.check_numbers(conditions or {}, count, self.numbers, self.name)
        for start in range(0, count, chunk):
            part = slice(start, start + chunk)
            yield self.generate(
                labels[part],
                len(seeds[part]),
                seeds[start],
                conditions=dict(zip(self.numbers, numbers[part].T, strict=True)),
                guidance=guidance,
                sampler=sampler,
                steps=steps,
                batch_size=batch_size,
                progress=None if progress is None else _offset(progress, start, count),
            )

    def anomaly_score(
        self,
        windows: Windows | ArrayLike,
        *,
        reference: Windows | ArrayLike | None = None,
        sigmas: Sequence[float] = SIGMAS,
        draws: int = DRAWS,
        seed: int = 0,
        batch_size: int = 256,
        progress: Progress | None = None,
    ) -> Float64[np.ndarray, " window"]:
        """Score how unlikely windows are for the model, whatever their label.

        The score is the share of reference windows from which the model removes noise with a smaller error;
        see :mod:`diffecg.inference.anomaly` for the formula.

        Args:
            windows: windows of the model's leads, length and rate, or an array (window, lead, time) in mV.
            reference: windows to compare with, such as those of the training or validation partition; None:
                the errors themselves are returned.
            sigmas: noise levels, in units of the standard deviation of the whitened spectrogram.
            draws: draws of noise at each level; more take longer and give a steadier score.
            seed: seed of the first draw; all windows get the same noise.
            batch_size: windows computed together; affects speed and memory only.
            progress: called with (windows done, windows in total).

        Returns:
            The score of each window, from 0 to 1, or its error if there is no reference.

        Raises:
            DiffecgError: windows of another shape or rate, without a window, or not finite; arguments out of
                range.
        """
        sets = [windows] if reference is None else [windows, reference]
        signals = [as_model_windows(one, self.config) for one in sets]
        options: dict[str, Any] = {
            "sigmas": check_sigmas(sigmas),
            "draws": checks.check_integer("draws", draws),
            "seed": checks.check_seeds(seed, draws)[0],
            "batch_size": checks.check_integer("batch_size", batch_size),
            "on_batch": count_batches(progress, sum(map(len, signals))),
        }
        errors, *others = [denoising_errors(self.denoiser, signal, **options) for signal in signals]
        return share_below(errors, others[0]) if others else errors

    def impute(
        self,
        signal: ArrayLike,
        fs_hz: float,
        *,
        wanted: ArrayLike | None = None,
        span: slice | None = None,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Impute the missing samples of a signal by posterior draws.

        Args:
            signal: a signal of any length: axes (time), (lead, time) or (time, lead), whose longer
                axis is time; a DataFrame, whose columns are leads; or a panel (window, lead, time) of
                windows that have nothing to do with each other. NaN, or the mask of a masked array, marks
                missing samples.
            fs_hz: its sampling rate, in Hz; any rate.
            wanted: True where missing samples are to be imputed, of the shape of the signal or (time); others
                stay missing. None: all.
            span: the samples that are returned; the others only serve as surroundings. None: all.
            label: label of the beats; None: unknown.
            kinds: kind of each lead, or of all (:mod:`diffecg.signal.kinds`), each in its own unit, as the
                model was trained on; None: all are ECG, in mV.
            axes: order of the axes where the shape leaves it in doubt, such as ``"lead time"``; one of
                :data:`diffecg.signal.arrays.AXES`.
            draws: number of posterior draws.
            seed: an integer, a generator of NumPy, None (unpredictable), or the seed of each draw. Draws,
                windows and leads have independent noise, and different seeds share none.
            coverage: nominal coverage of the prediction interval; K draws cover at most (K - 1) / (K + 1):
                88 % for 16 draws, 90 % for 19.
            sampler: as for :meth:`generate`.
            steps: as for :meth:`generate`.
            batch_size: as for :meth:`generate`.
            progress: called with (windows done, windows in total).
            on_preview: called with the current estimate of each segment after each evaluation of the network.

        Returns:
            The completed signal, point estimate, prediction interval and draws, with the axes of
            ``signal``; observed samples are returned unchanged.

        Raises:
            DiffecgError: a lead in which nothing or only a flat line is observed; infinite samples; arguments
                out of range.
        """
        request = self._request(label, draws, seed, self._sampler(sampler, steps, batch_size), on_preview)
        given = interpret_signal(signal, axes)
        gaps = find_gaps(given, wanted, span)
        coverage = checks.check_coverage(coverage)
        units = checks.units_of(kinds, given.windows.shape[1])
        return self._impute(given.windows, fs_hz, request, coverage, progress, gaps, units).restore(given)

    def forecast(
        self,
        past: ArrayLike,
        fs_hz: float,
        *,
        horizon_s: float = 1.0,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Forecast a signal from its past by posterior draws.

        Args:
            past: signal, as for :meth:`impute`; its last :attr:`past_s` seconds are used.
            fs_hz: its sampling rate, in Hz; any rate.
            horizon_s: length of the forecast, in s.
            label: as for :meth:`impute`.
            kinds: as for :meth:`impute`.
            axes: as for :meth:`impute`.
            draws: as for :meth:`impute`.
            seed: as for :meth:`impute`.
            coverage: as for :meth:`impute`.
            sampler: as for :meth:`generate`.
            steps: as for :meth:`generate`.
            batch_size: as for :meth:`generate`.
            progress: as for :meth:`impute`.
            on_preview: as for :meth:`impute`.

        Returns:
            As for :meth:`impute`, for the ``horizon_s`` seconds after the last sample.

        Raises:
            DiffecgError: as for :meth:`impute`; a horizon out of range.
        """
        given = interpret_signal(past, axes)
        check_rate(fs_hz)
        samples = checks.horizon_samples(horizon_s, fs_hz)
        request = self._request(label, draws, seed, self._sampler(sampler, steps, batch_size), on_preview)
        used = given.windows[..., -max(round(self.past_s * fs_hz), 1) :]
        future = np.full((*used.shape[:-1], samples), np.nan, dtype=used.dtype)
        signal = np.concatenate([used, future], axis=-1)
        gaps = Gaps(wanted=np.isnan(signal), span=slice(used.shape[-1], signal.shape[-1]))
        coverage = checks.check_coverage(coverage)
        units = checks.units_of(kinds, signal.shape[1])
        imputation = self._impute(signal, fs_hz, request, coverage, progress, gaps, units)
        info = {**imputation.info, "task": "forecast", "horizon_s": horizon_s}
        return replace(imputation, info=info).restore(given)

    def fine_tune(
        self,
        windows: Windows,
        out: str | Path | None = None,
        *,
        labels: Sequence[str] | None = None,
        samples: int | None = None,
        minutes: float | None = None,
        seed: int | None = None,
        settings: Sequence[str] = (),
        report: Report | None = None,
    ) -> Model:
        """Return a copy of the model that was trained on further windows.

        Training ends when the validation loss no longer falls; see :func:`diffecg.train`.

        Args:
            windows: training windows; of another rate or length, they are resampled and cut, and without
                partitions divided by subject.
            out: folder of the run, which becomes a model folder; None: the model is only returned.
            labels: labels of the new model; None: those of this model and of the windows.
            samples: largest number of training samples, repetitions included.
            minutes: stop after this time.
            seed: seed of data order and noise.
            settings: settings to change, such as ``training.learning_rate=1e-4``.
            report: called with each row of metrics.

        Raises:
            DiffecgError: windows with other leads, or too short; settings or an earlier run do not fit.
        """
        from diffecg.inference.fitting import train

        return train(
            windows,
            out,
            init=self,
            labels=labels,
            samples=samples,
            minutes=minutes,
            seed=seed,
            settings=settings,
            device=self.device,
            report=report,
        )

    def _sampler(self, sampler: str | None, steps: int | None, batch_size: int | None) -> SamplerOptions:
        """Return the options that are given, else the model's own."""
        own = self.sampling
        return checks.check_sampler(
            own.sampler if sampler is None else sampler,
            own.steps if steps is None else steps,
            own.batch_size if batch_size is None else batch_size,
        )

    def _labels(self, label: str | Iterable[Labels] | None, count: int) -> list[Labels]:
        """Return the label, or the labels, of each window.

        Raises:
            DiffecgError: an unknown label, or not ``count`` of them.
        """
        several = self.config.conditions.several_labels
        return checks.check_labels(label, count, self.labels, self.name, several=several)

    @property
    def _shape(self) -> tuple[int, int]:
        """Leads and samples of a window."""
        return len(self.config.window.leads), self.config.window.length

    def _request(
        self,
        label: str | None,
        draws: int,
        seed: Seeds,
        options: SamplerOptions,
        on_preview: Callable[[Preview], None] | None,
    ) -> ImputationRequest:
        self._labels(label, 1)
        seeds = draw_seeds(seed, checks.check_integer("draws", draws))
        label = None if label is None else str(label)
        return ImputationRequest(label=label, seeds=seeds, sampler=options, on_preview=on_preview)

    def _impute(
        self,
        signal: Float[np.ndarray, "window lead time"],
        fs_hz: float,
        request: ImputationRequest,
        coverage: float,
        progress: Progress | None,
        gaps: Gaps,
        units: Sequence[str],
    ) -> Imputation:
        draws = impute_windows(
            self.denoiser,
            signal,
            fs_hz,
            request,
            wanted=gaps.wanted,
            progress=progress,
        )[..., gaps.span]
        imputation = summarise_draws(
            signal[..., gaps.span], draws, fs_hz, seeds=request.seeds, coverage=coverage, units=units
        )
        info = {
            **self._info("impute", request.sampler),
            "engine": "diffusion",
            "draws": len(request.seeds),
            "coverage": coverage,
            "attainable_coverage": imputation.attainable_coverage,
            "interval": imputation.interval_name,
        }
        return replace(imputation, info=info)

    def _windows(
        self,
        signal_mv: Float32[np.ndarray, "window lead time"],
        request: SamplingRequest,
        info: dict[str, Any],
    ) -> Windows:
        window, texts = self.config.window, [_label_text(label) for label in request.labels]
        numbers = {} if request.numbers is None else self._known_numbers(request.numbers)
        windows = Windows.from_arrays(
            signal_mv,
            window.fs_hz,
            texts,
            channel_names=window.leads,
            r_peak=window.before,
            info=info,
            seed=np.array(request.seeds, dtype=np.int64),
            **numbers,
        )
        if not self.config.conditions.several_labels:
            return windows
        labels = pd.Series([[] if text == UNKNOWN else text.split(SEPARATOR) for text in texts], dtype=object)
        return replace(windows, index=windows.index.drop(columns="label").assign(labels=labels))

    def _known_numbers(
        self, numbers: Float32[np.ndarray, "window number"]
    ) -> dict[str, Float32[np.ndarray, " window"]]:
        """Return the numbers of which at least one window has a known one, by name."""
        columns = zip(self.numbers, numbers.T, strict=True)
        return {name: values for name, values in columns if np.isfinite(values).any()}

    def _info(self, task: str, options: SamplerOptions) -> dict[str, Any]:
        resolved = resolve_options(options, self.config.diffusion)
        return {
            "synthetic": True,
            "task": task,
            "model": self.name,
            "weights_sha256": self.weights_sha256,
            "preset": self.config.name,
            "sampler": resolved.sampler,
            "steps": resolved.steps,
            "diffecg": __version__,
        }


def _label_text(label: Labels) -> str:
    """Return the labels of a window as one text."""
    if label is None or isinstance(label, str):
        return label or UNKNOWN
    return SEPARATOR.join(label)


def _offset(progress: Progress, start: int, total: int) -> Progress:
    """Return a callback for a chunk of ``total`` windows that starts at ``start``."""
    return lambda done, _: progress(start + done, total)
