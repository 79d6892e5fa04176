"""The object that users hold: a trained model and its three tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffecg._version import __version__
from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN, check_label
from diffecg.datasets.rhythm import encode_beats, format_beats
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.checks import as_signal, check_integer, sampling_of, seed_range
from diffecg.inference.imputation import impute_signal
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.sampling import Progress, Sampling, SDEditStart, counting, sample_windows
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.intervals import prediction_interval
from diffecg.signal.resampling import check_rate

MOST_HORIZON_S = 600.0

_PAST_WINDOWS = 3


class Model:
    """A trained model.

    Example:
        >>> import diffecg
        >>> model = diffecg.load("mitbih-beat")
        >>> model.generate(label="V", count=2, seed=0, steps=2).signal_mv.shape
        (2, 1, 256)
    """

    def __init__(self, denoiser: ConditionalDenoiser, name: str, weights_sha256: str = "") -> None:
        self.denoiser = denoiser.eval()
        self.name = name
        self.weights_sha256 = weights_sha256
        """SHA-256 of the file of the weights."""

    @property
    def config(self) -> Config:
        """All settings of the model and of its training."""
        return self.denoiser.config

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes that the model knows."""
        return self.config.labels

    @property
    def past_s(self) -> float:
        """What a forecast is made from, in seconds."""
        return _PAST_WINDOWS * self.config.window.duration_s

    def to(self, device: str) -> Model:
        """Move the model to a device (``cpu``, ``cuda``) and return it."""
        self.denoiser.to(device)
        return self

    def generate(
        self,
        label: str | Sequence[str | None] | None = None,
        count: int = 1,
        seed: int | Sequence[int] = 0,
        *,
        rhythm: Sequence[tuple[float, str]] | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Windows:
        """Return ``count`` synthetic windows.

        Window i has the seed ``seed + i``, or the one given for it, and depends on nothing else: a set may be
        made in parts.

        Args:
            label: class of all windows, or one a window; None leaves it to the model.
            count: number of windows.
            seed: seed of the first window, or one a window.
            rhythm: the beats of every window, as (time of the R peak in s, label), for models that take one.
            sampler: ``ddpm``, ``ddim``, ``heun`` or ``dpm2m``; None: the model's own.
            steps: steps of the sampler; None: the model's own.
            batch_size: windows computed together; it changes speed and memory, not the windows.
            progress: called with windows done and in all.

        Raises:
            DiffecgError: an unknown label or sampler; a count, seed or steps out of range; a rhythm that the
                model cannot take.
        """
        count, sampling = check_integer("count", count), sampling_of(sampler, steps, batch_size)
        seeds = seed_range(seed, count)
        labels = _one_each(label, count)
        for one in labels:
            self._check_label(one)
        window = self.config.window
        shape = (count, len(window.leads), window.length)
        beats = self._beats(rhythm)
        told = np.ones((count, window.length), dtype=bool)
        track = encode_beats([beats] * count, window.length, self.config.conditions.rhythm, told)
        nothing = np.zeros(shape, dtype=bool)
        signal_mv = sample_windows(
            self.denoiser,
            np.zeros(shape, np.float32),
            nothing,
            labels,
            seeds,
            sampling,
            counting(progress, count),
            track if beats else None,
        )
        return self._windows(signal_mv, labels, seeds, self._info("generate", sampling), beats)

    def vary(
        self,
        signal_mv: ArrayLike,
        label: str | Sequence[str | None] | None = None,
        count: int = 1,
        seed: int = 0,
        *,
        strength: float = 2.0,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int = 64,
    ) -> Windows:
        """Return windows that resemble given ones, as a heart's next beats resemble its last.

        Noise is added and taken away again (SDEdit, Meng et al. 2022, arXiv 2108.01073): what is larger than
        the noise stays, what is smaller is drawn anew. Each depends on its window and its seed alone.

        Args:
            signal_mv: a window (lead time) of the model's, to be varied ``count`` times; or one for each new
                window (count lead time). In mV.
            label: class of all windows, or one a window; None: unknown.
            count: number of windows.
            seed: seed of the first window.
            strength: the noise, in units of a whitened spectrogram's spread; at 2, normal beats vary about
                as they do within a recording, at 8 the model makes other people of them.
            sampler: as for :meth:`generate`.
            steps: from the model's highest noise level; of these, those below ``strength`` are taken.
            batch_size: as for :meth:`generate`.

        Raises:
            DiffecgError: windows of another shape, or not finite; settings out of range.
        """
        count, sampling = check_integer("count", count), sampling_of(sampler, steps, batch_size)
        seeds, labels, window = seed_range(seed, count), _one_each(label, count), self.config.window
        for one in labels:
            self._check_label(one)
        shape, given = (len(window.leads), window.length), np.asarray(signal_mv, dtype=np.float32)
        if given.shape not in (shape, (count, *shape)) or not np.isfinite(given).all():
            raise DiffecgError(
                f"windows of shape {given.shape} must be finite and {shape} or {(count, *shape)}, in mV"
            )
        if not 0 < strength <= self.config.diffusion.sigma_max:
            most = self.config.diffusion.sigma_max
            raise DiffecgError(f"strength {strength:g} must lie above 0 and not above {most:g}")
        near = SDEditStart(np.broadcast_to(given, (count, *shape)).copy(), strength)
        nothing = np.zeros((count, *shape), dtype=np.float32)
        made = sample_windows(self.denoiser, nothing, nothing > 0, labels, seeds, sampling, near=near)
        return self._windows(made, labels, seeds, {**self._info("vary", sampling), "strength": strength})

    def stream(
        self,
        label: str | Sequence[str | None] | None = None,
        count: int = 1,
        seed: int = 0,
        *,
        chunk: int = 4096,
        progress: Progress | None = None,
        **settings: Any,
    ) -> Iterator[Windows]:
        """Yield the windows of :meth:`generate` chunk by chunk, so that any number fits into memory.

        Args:
            label: as for :meth:`generate`.
            count: number of windows in all.
            seed: seed of the first window.
            chunk: most windows that come together.
            progress: called with windows done and in all.
            **settings: as for :meth:`generate`.

        Raises:
            DiffecgError: as for :meth:`generate`.
        """
        count, chunk = check_integer("count", count), check_integer("chunk", chunk)
        seeds, labels = seed_range(seed, count), _one_each(label, count)
        for start in range(0, count, chunk):
            part = seeds[start : start + chunk]
            move = None if progress is None else _shifted(progress, start, count)
            yield self.generate(labels[start : start + chunk], len(part), part[0], progress=move, **settings)

    def impute(
        self,
        signal_mv: ArrayLike,
        fs_hz: float,
        *,
        noisy_mv: ArrayLike | None = None,
        label: str | None = None,
        draws: int = 16,
        seed: int = 0,
        coverage: float = 0.9,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Return a recording with its missing samples filled, several times.

        Args:
            signal_mv: (time) or (lead, time), in mV, of any length; NaN = missing.
            fs_hz: its sampling rate, in Hz; any.
            noisy_mv: the same signal with what was recorded where it is missing, if that is only noisy (see
                :meth:`denoise`).
            label: class of the beats, if known.
            draws: how many times to draw what is missing.
            seed: seed of the first draw; draw i has ``seed + i``.
            coverage: nominal coverage of the prediction interval.
            sampler: as for :meth:`generate`.
            steps: as for :meth:`generate`.
            batch_size: as for :meth:`generate`.
            progress: called with windows done and in all.
            on_preview: called with intermediate samples after each evaluation of the network.

        Raises:
            DiffecgError: a signal with nothing observed, infinite, flat, or at an impossible rate;
                settings out of range.
        """
        given = as_signal(signal_mv)
        self._check_label(label)
        draws, sampling = check_integer("draws", draws), sampling_of(sampler, steps, batch_size)
        seeds = seed_range(seed, draws)
        if not 0 < coverage < 1:
            raise DiffecgError(f"coverage {coverage:g} must be between 0 and 1, such as 0.9 for 90 %")
        rows = np.atleast_2d(given)
        recorded = None if noisy_mv is None else np.atleast_2d(as_signal(noisy_mv))
        drawn = impute_signal(
            self.denoiser, rows, fs_hz, label, seeds, sampling, progress, recorded, on_preview
        )
        drawn = drawn.reshape(draws, *given.shape)
        missing = np.isnan(given)
        hidden = drawn[:, missing].astype(np.float64)
        lower, upper = prediction_interval(hidden, coverage)

        def completed(values: NDArray[np.floating]) -> NDArray[np.floating]:
            signal = given.copy()
            signal[missing] = values
            return signal

        return Imputation(
            signal_mv=completed(hidden.mean(axis=0)),
            lower_mv=completed(lower),
            upper_mv=completed(upper),
            draws_mv=drawn,
            observed=~missing,
            fs_hz=float(fs_hz),
            seeds=tuple(seeds),
            coverage=coverage,
            info=self._info("impute", sampling),
        )

    def denoise(self, signal_mv: ArrayLike, fs_hz: float, noisy: ArrayLike, **settings: Any) -> Imputation:
        """Return a recording with its noisy true_runs drawn anew, several times, in agreement with them.

        The noise's spectrum is what these true_runs hold beyond the rest; the more noise there is at a
        frequency, the less the recording counts there and the more what the model expects.

        Args:
            signal_mv: (time) or (lead, time), in mV; NaN = missing, which is filled as :meth:`impute` does.
            fs_hz: its sampling rate, in Hz; any.
            noisy: True where it is noisy, of the same shape, or (time) for all leads alike.
            **settings: as for :meth:`impute`.

        Raises:
            DiffecgError: as for :meth:`impute`; ``noisy`` does not fit, or leaves nothing to go by.
        """
        recorded, mask = as_signal(signal_mv), np.asarray(noisy)
        if mask.dtype != bool or mask.shape not in (recorded.shape, recorded.shape[-1:]):
            raise DiffecgError(
                f"noisy, of shape {mask.shape}, must be True or False for each of {recorded.shape} samples"
            )
        clean = np.where(mask, recorded.dtype.type(np.nan), recorded)
        drawn = self.impute(clean, fs_hz, noisy_mv=recorded, **settings)
        return replace(drawn, info={**drawn.info, "task": "denoise"})

    def forecast(
        self, past_mv: ArrayLike, fs_hz: float, *, horizon_s: float = 1.0, **settings: Any
    ) -> Imputation:
        """Return what may follow a recording, several times.

        Args:
            past_mv: (time) or (lead, time), in mV; its last windows are what counts.
            fs_hz: its sampling rate, in Hz; any.
            horizon_s: seconds to draw.
            **settings: as for :meth:`impute`.

        Raises:
            DiffecgError: as for :meth:`impute`; a horizon out of range.
        """
        past = as_signal(past_mv)
        check_rate(fs_hz)
        samples = round(horizon_s * fs_hz) if np.isfinite(horizon_s * fs_hz) else 0
        if samples < 1 or horizon_s > MOST_HORIZON_S:
            raise DiffecgError(
                f"horizon {horizon_s:g} s must be at least one sample and at most {MOST_HORIZON_S:g} s"
            )
        used = past[..., -max(round(self.past_s * fs_hz), 1) :]
        future = np.full((*past.shape[:-1], samples), np.nan, dtype=past.dtype)
        drawn = self.impute(np.concatenate([used, future], axis=-1), fs_hz, **settings)
        return replace(
            drawn,
            signal_mv=drawn.signal_mv[..., -samples:],
            lower_mv=drawn.lower_mv[..., -samples:],
            upper_mv=drawn.upper_mv[..., -samples:],
            draws_mv=drawn.draws_mv[..., -samples:],
            observed=drawn.observed[..., -samples:],
            info={**drawn.info, "task": "forecast", "horizon_s": horizon_s},
        )

    def _windows(
        self,
        signal_mv: NDArray[np.float32],
        labels: Sequence[str | None],
        seeds: Sequence[int],
        info: dict[str, Any],
        beats: Sequence[tuple[int, str]] = (),
    ) -> Windows:
        """Return synthetic windows with labels, seeds and the beats that all of them share."""
        window = self.config.window
        return Windows.from_arrays(
            signal_mv,
            window.fs_hz,
            [label or UNKNOWN for label in labels],
            leads=window.leads,
            r_peak=window.before if window.kind == "beat" else None,
            info=info,
            seed=np.array(seeds, dtype=np.int64),
            **({"beats": format_beats(beats)} if beats else {}),
        )

    def _beats(self, rhythm: Sequence[tuple[float, str]] | None) -> tuple[tuple[int, str], ...]:
        """Return a rhythm in samples."""
        window, labels = self.config.window, self.config.conditions.rhythm
        if rhythm and not labels:
            raise DiffecgError(f"the model {self.name} takes no rhythm")
        beats = []
        for time_s, label in rhythm or ():
            if label not in labels:
                raise DiffecgError(f"unknown label {label!r} in the rhythm; choose of {', '.join(labels)}")
            if not 0 <= time_s < window.duration_s:
                raise DiffecgError(
                    f"a beat at {time_s:g} s lies outside the window of {window.duration_s:g} s"
                )
            beats.append((round(time_s * window.fs_hz), label))
        return tuple(sorted(beats))

    def _check_label(self, label: str | None) -> None:
        check_label(label, self.labels, self.name)

    def _info(self, task: str, sampling: Sampling) -> dict[str, Any]:
        resolved = sampling.resolved(self.config.diffusion)
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


def _one_each(label: str | Sequence[str | None] | None, count: int) -> list[str | None]:
    """Return a label for each window.

    Raises:
        DiffecgError: as many labels as windows were not given.
    """
    labels = [label] * count if label is None or isinstance(label, str) else list(label)
    if len(labels) != count:
        raise DiffecgError(f"{len(labels)} labels for a count of {count}; give one a window")
    return labels


def _shifted(progress: Progress, start: int, total: int) -> Progress:
    """Return what tells ``progress`` of a part of a longer work."""
    return lambda done, _: progress(start + done, total)
