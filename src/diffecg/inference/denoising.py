"""Denoising of recordings of any length, sampling rate and number of leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from diffecg import pretrained
from diffecg._version import __version__
from diffecg.errors import DiffecgError
from diffecg.inference import checks
from diffecg.inference.denoised import Denoised
from diffecg.inference.denoising_blocks import (
    NoisyLead,
    ReadSignal,
    RunEstimate,
    count_blocks,
    level_and_scale,
)
from diffecg.inference.imputer import Progress
from diffecg.model.denoiser_folder import DenoiserConfig, load_denoiser
from diffecg.model.denoising_network import DenoisingNetwork
from diffecg.model.finding import ModelFolder
from diffecg.signal.arrays import interpret_signal
from diffecg.signal.resampling import check_rate, fit_length, interpolate_gaps, resample
from diffecg.signal.runs import true_runs


class Denoiser:
    """Removes noise from ECG of any length, rate and number of leads, each lead by itself.

    Attributes:
        name: name of the model folder.
        config: its settings.
        card: text of its card; empty: there is none.
        weights_sha256: SHA-256 of its weights.
    """

    def __init__(self, folder: Path) -> None:
        """Load a denoiser.

        Raises:
            DiffecgError: the folder or one of its files is missing, damaged or altered.
        """
        self.config: DenoiserConfig
        self.config, self._network = load_denoiser(folder)
        found = ModelFolder(name=folder.name, path=folder)
        self.name, self.card, self.weights_sha256 = found.name, found.card, found.weights_sha256

    @property
    def network(self) -> DenoisingNetwork:
        """The network."""
        return self._network

    @property
    def info(self) -> dict[str, Any]:
        """Provenance of results."""
        return {
            "synthetic": True,
            "task": "denoise",
            "model": self.name,
            "weights_sha256": self.weights_sha256,
            "diffecg": __version__,
        }

    def denoise(
        self,
        signal_mv: ArrayLike,
        fs_hz: float,
        noisy: ArrayLike | None = None,
        *,
        axes: str | None = None,
        coverage: float = 0.9,
        progress: Progress | None = None,
    ) -> Denoised:
        """Remove noise from a signal; see :func:`denoise`, which does it with the bundled model.

        Args:
            signal_mv: as for :func:`denoise`.
            fs_hz: as for :func:`denoise`.
            noisy: as for :func:`denoise`.
            axes: as for :func:`denoise`.
            coverage: as for :func:`denoise`.
            progress: called with (blocks done, blocks in total).

        Raises:
            DiffecgError: as for :func:`denoise`.
        """
        array = interpret_signal(signal_mv, axes)
        check_rate(fs_hz)
        checks.check_coverage(coverage)
        recorded_mv = array.windows
        if np.isinf(recorded_mv).any():
            raise DiffecgError("the signal has infinite samples; mark missing samples by NaN")
        marked = np.ones_like(recorded_mv, dtype=bool) if noisy is None else array.mask(noisy, "noisy")
        is_noisy = marked & ~np.isnan(recorded_mv)
        signal, lower, upper = recorded_mv.copy(), recorded_mv.copy(), recorded_mv.copy()
        leads = [(index, true_runs(is_noisy[index])) for index in np.ndindex(recorded_mv.shape[:2])]
        on_block = count_progress(progress, sum(count_blocks(runs, fs_hz) for _, runs in leads))
        for index, runs in leads:
            lead_mv = recorded_mv[index]
            read = partial(_samples, lead_mv)
            estimates = self.denoise_runs(
                read, lead_mv.size, fs_hz, runs, coverage=coverage, on_block=on_block
            )
            for run in estimates:
                inside = np.arange(run.start, run.start + len(run.signal_mv))
                signal[index][inside] = run.signal_mv
                lower[index][inside] = run.signal_mv - run.half_width_mv
                upper[index][inside] = run.signal_mv + run.half_width_mv
        return Denoised(
            signal_mv=signal,
            lower_mv=lower,
            upper_mv=upper,
            noisy=is_noisy,
            fs_hz=float(fs_hz),
            coverage=coverage,
            info=self.info,
            axes="window lead time",
        ).restore(array)

    def denoise_runs(
        self,
        read: ReadSignal,
        samples: int,
        fs_hz: float,
        runs: Sequence[tuple[int, int]],
        *,
        coverage: float,
        on_block: Callable[[], None],
    ) -> Iterator[RunEstimate]:
        """Yield the estimate of each run of noisy samples of a lead, from blocks of bounded length.

        Args:
            read: returns samples of the lead, in mV; NaN = missing.
            samples: length of the lead.
            fs_hz: its sampling rate, in Hz.
            runs: noisy samples, as (first, stop), in order and without overlap.
            coverage: coverage of the intervals.
            on_block: called after each block.
        """
        ratio = float(np.interp(coverage, self.config.coverages, self.config.ratios))
        lead = NoisyLead(read=read, samples=samples, fs_hz=fs_hz, runs=runs)
        for run in runs:
            signal_mv, half_width_mv = lead.estimate(run, self._estimate, on_block)
            yield RunEstimate(start=run[0], signal_mv=signal_mv, half_width_mv=ratio * half_width_mv)

    @torch.inference_mode()
    def _estimate(
        self, signal_mv: Float[np.ndarray, " time"], noisy: Bool[np.ndarray, " time"], fs_hz: float
    ) -> Float[np.ndarray, "2 time"]:
        """Return the clean signal of a block and the half width of its 90 % interval, in mV."""
        model_fs_hz = self.config.fs_hz
        missing = np.isnan(signal_mv)
        row_mv = resample(interpolate_gaps(signal_mv), fs_hz, model_fs_hz)
        places = np.minimum((np.arange(len(row_mv)) * fs_hz / model_fs_hz).round(), len(noisy) - 1)
        mask = (noisy | missing)[places.astype(int)]
        level_mv, scale_mv = level_and_scale(row_mv, mask, model_fs_hz)
        pad = (0, -len(row_mv) % self.config.network.stride)
        signal = np.pad((row_mv - level_mv) / scale_mv, pad, mode="edge").astype(np.float32)
        estimate = self._network(
            torch.from_numpy(signal)[None], torch.from_numpy(np.pad(mask, pad))[None].float()
        )
        width_mv = estimate.log_half_width[0].double().exp().numpy() * scale_mv
        clean_mv = estimate.signal[0].double().numpy() * scale_mv + level_mv
        both = np.stack([clean_mv, width_mv])[:, : len(row_mv)]
        result = fit_length(resample(both, model_fs_hz, fs_hz), len(signal_mv))
        return np.stack([result[0], np.maximum(result[1], 0)])


def _samples(signal_mv: Float[np.ndarray, " time"], start: int, stop: int) -> Float[np.ndarray, " part"]:
    return signal_mv[start:stop]


@cache
def bundled_denoiser() -> Denoiser:
    """Return the denoiser that is part of the package."""
    return Denoiser(pretrained.folder(pretrained.DENOISER))


def denoise(
    signal_mv: ArrayLike,
    fs_hz: float,
    noisy: ArrayLike | None = None,
    *,
    axes: str | None = None,
    coverage: float = 0.9,
) -> Denoised:
    """Remove baseline wander, muscle artefacts and electrode motion from ECG by a trained network.

    The network sees each lead by itself, with 10 s on either side of a noisy interval. In noisy intervals
    components above half the rate of the network (100 Hz) are lost.

    Args:
        signal_mv: signal, in mV, of any length: axes (time), (lead, time) or (time, lead), whose longer axis
            is time; a DataFrame, whose columns are leads; or a panel (window, lead, time). NaN, or the mask
            of a masked array, marks missing samples, which stay missing.
        fs_hz: its sampling rate, in Hz; any rate.
        noisy: True where a sample is noisy, of the shape of the signal, or (time) for all leads; None: all
            samples. Clean samples beside a noisy interval make the estimate better.
        axes: order of the axes where the shape leaves it in doubt, such as ``"lead time"``; one of
            :data:`diffecg.signal.arrays.AXES`.
        coverage: coverage of the prediction interval, between 0 and 1.

    Returns:
        The denoised signal and its prediction interval, with the axes of ``signal_mv``; samples that are not
        noisy are returned unchanged, bit for bit.

    Example:
        >>> import diffecg, numpy as np
        >>> from diffecg.signal.simulation import simulate_ecg
        >>> clean_mv = simulate_ecg(30, 250).signal_mv
        >>> wander_mv = np.sin(2 * np.pi * 0.2 * np.arange(clean_mv.size) / 250)
        >>> error_mv = diffecg.denoise(clean_mv + wander_mv, 250).signal_mv - clean_mv
        >>> bool(error_mv.std() < 0.5 * wander_mv.std())
        True

    Raises:
        DiffecgError: infinite samples; arguments out of range; a mask of another shape.
    """
    return bundled_denoiser().denoise(signal_mv, fs_hz, noisy, axes=axes, coverage=coverage)


def count_progress(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return a function that reports one more block of ``total``."""
    done = 0

    def on_block() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return on_block
