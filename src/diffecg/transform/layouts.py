"""Layouts: how the coefficients of a window are arranged on the grid that the network sees.

A layout computes coefficients (batch lead freq frame) of a signal and arranges them as real channels on a
grid:

- ``signal``: no transform. The samples themselves, leads as channels of a sequence.
- ``bins``: the spectrogram as a sequence of frames. Real and imaginary parts of all frequency bins are
  channels.
- ``image``: the spectrogram as an image of frequency and time. Real and imaginary parts are channels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Inexact
from torch import Tensor

from diffecg.errors import DiffecgError
from diffecg.transform.stft import istft, pad_end, padded_length, stft


class Layout(ABC):
    """An invertible map between signals and real channels on a grid."""

    dims: ClassVar[int]
    """Number of grid axes: 1 (time or frame) or 2 (frequency and frame)."""
    components: ClassVar[int]
    """Real numbers per coefficient: 2 if coefficients are complex."""
    bins: int
    """Number of frequencies of the coefficients."""
    frame_length: int
    """Samples in a frame."""
    channels_per_lead: int
    """Channels of the grid that one lead occupies."""
    mask_scale: float
    """Divisor that brings the coefficients of a mask to about 1."""

    @abstractmethod
    def analyse(self, signal: Float[Tensor, "batch lead time"]) -> Inexact[Tensor, "batch lead freq frame"]:
        """Return the coefficients of a signal of any length."""

    @abstractmethod
    def synthesise(
        self, coefficients: Inexact[Tensor, "batch lead freq frame"], length: int
    ) -> Float[Tensor, "batch lead {length}"]:
        """Return the signal of ``length`` samples with the given coefficients."""

    @abstractmethod
    def to_grid(
        self, coefficients: Inexact[Tensor, "batch lead freq frame"]
    ) -> Float[Tensor, "batch channel *grid"]:
        """Arrange coefficients on the grid."""

    @abstractmethod
    def from_grid(
        self, grid: Float[Tensor, "batch channel *grid"], leads: int
    ) -> Inexact[Tensor, "batch {leads} freq frame"]:
        """Invert :meth:`to_grid`."""

    @abstractmethod
    def expand(self, values: Float[Tensor, "batch lead freq *rest"]) -> Float[Tensor, "batch channel ..."]:
        """Copy real values of coefficients to the grid points of their components; ``freq`` may be 1."""

    @abstractmethod
    def frame_mean(self, signal: Float[Tensor, "batch channel time"]) -> Float[Tensor, "batch channel frame"]:
        """Return the mean of a signal over each frame."""

    def repeat_frames(
        self, frames: Float[Tensor, "batch channel frame"]
    ) -> Float[Tensor, "batch channel *grid"]:
        """Copy one value per frame to all grid points of that frame."""
        return frames


class SignalLayout(Layout):
    """The samples of the signal, without a transform."""

    dims = 1
    components = 1
    bins = 1
    frame_length = 1
    channels_per_lead = 1
    mask_scale = 1.0

    def analyse(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch lead 1 time"]:
        """Return the samples."""
        return signal[:, :, None]

    def synthesise(
        self, coefficients: Float[Tensor, "batch lead 1 time"], length: int
    ) -> Float[Tensor, "batch lead time"]:
        """Return the samples."""
        return coefficients[:, :, 0]

    def to_grid(self, coefficients: Float[Tensor, "batch lead 1 time"]) -> Float[Tensor, "batch lead time"]:
        """Use leads as channels."""
        return coefficients[:, :, 0]

    def from_grid(
        self, grid: Float[Tensor, "batch lead time"], leads: int
    ) -> Float[Tensor, "batch lead 1 time"]:
        """Invert :meth:`to_grid`."""
        return grid[:, :, None]

    def expand(self, values: Float[Tensor, "batch lead 1 *rest"]) -> Float[Tensor, "batch lead *rest"]:
        """Use leads as channels."""
        return values[:, :, 0]

    def frame_mean(self, signal: Float[Tensor, "batch channel time"]) -> Float[Tensor, "batch channel time"]:
        """Return the samples: every frame is one of them."""
        return signal


class SpectrogramLayout(Layout):
    """The complex spectrogram of the signal, as real and imaginary parts.

    Args:
        n_fft: Samples in a frame.
        hop: Samples from one frame to the next, at most half a frame.

    Raises:
        DiffecgError: The hop is too large to reconstruct the signal.
    """

    components = 2

    def __init__(self, n_fft: int, hop: int) -> None:
        if not 1 <= hop <= n_fft // 2:
            raise DiffecgError(
                f"hop {hop} with n_fft {n_fft} loses signal between frames; it must be 1 to {n_fft // 2}"
            )
        self.hop = hop
        self.frame_length = n_fft
        self.bins = n_fft // 2 + 1
        self.mask_scale = n_fft / 2

    def analyse(self, signal: Float[Tensor, "batch lead time"]) -> Inexact[Tensor, "batch lead freq frame"]:
        """Return the spectrogram."""
        return stft(signal, self.frame_length, self.hop)

    def synthesise(
        self, coefficients: Inexact[Tensor, "batch lead freq frame"], length: int
    ) -> Float[Tensor, "batch lead {length}"]:
        """Return the least-squares signal of a spectrogram; see :mod:`diffecg.transform.stft`."""
        return istft(coefficients, self.frame_length, self.hop, length)

    def frame_mean(self, signal: Float[Tensor, "batch channel time"]) -> Float[Tensor, "batch channel frame"]:
        """Return the mean of a signal over each frame; the signal continues with its first and last value."""
        padded = pad_end(signal, padded_length(signal.shape[-1], self.hop, self.frame_length))
        padded = F.pad(padded, (self.frame_length // 2, self.frame_length // 2), mode="replicate")
        return F.avg_pool1d(padded, self.frame_length, self.hop)


class ImageLayout(SpectrogramLayout):
    """The spectrogram as an image, with real and imaginary parts of each lead as channels."""

    dims = 2
    channels_per_lead = 2

    def to_grid(
        self, coefficients: Inexact[Tensor, "batch lead freq frame"]
    ) -> Float[Tensor, "batch channel freq frame"]:
        """Stack the real parts of all leads and then the imaginary parts."""
        return torch.cat([coefficients.real, coefficients.imag], dim=1)

    def from_grid(
        self, grid: Float[Tensor, "batch channel freq frame"], leads: int
    ) -> Inexact[Tensor, "batch {leads} freq frame"]:
        """Invert :meth:`to_grid`."""
        real, imag = grid.chunk(2, dim=1)
        return torch.complex(real, imag)

    def expand(self, values: Float[Tensor, "batch lead freq *rest"]) -> Float[Tensor, "batch channel ..."]:
        """Copy values to real and imaginary parts."""
        values = values.expand(-1, -1, self.bins, *values.shape[3:])
        return torch.cat([values, values], dim=1)

    def repeat_frames(
        self, frames: Float[Tensor, "batch channel frame"]
    ) -> Float[Tensor, "batch channel freq frame"]:
        """Copy one value per frame to all frequencies."""
        return frames[:, :, None].expand(-1, -1, self.bins, -1)


class BinsLayout(SpectrogramLayout):
    """The spectrogram as a sequence of frames, with every frequency bin of each lead as two channels."""

    dims = 1

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__(n_fft, hop)
        self.channels_per_lead = 2 * self.bins

    def to_grid(
        self, coefficients: Inexact[Tensor, "batch lead freq frame"]
    ) -> Float[Tensor, "batch channel frame"]:
        """Stack the bins of the real parts of all leads and then those of the imaginary parts."""
        return torch.cat([coefficients.real, coefficients.imag], dim=1).flatten(1, 2)

    def from_grid(
        self, grid: Float[Tensor, "batch channel frame"], leads: int
    ) -> Inexact[Tensor, "batch {leads} freq frame"]:
        """Invert :meth:`to_grid`."""
        real, imag = grid.reshape(len(grid), 2 * leads, self.bins, -1).chunk(2, dim=1)
        return torch.complex(real, imag)

    def expand(self, values: Float[Tensor, "batch lead freq *rest"]) -> Float[Tensor, "batch channel ..."]:
        """Copy values to real and imaginary parts."""
        values = values.expand(-1, -1, self.bins, *values.shape[3:]).flatten(1, 2)
        return torch.cat([values, values], dim=1)


def build_layout(name: str, *, n_fft: int, hop: int) -> Layout:
    """Return the layout with a name in the configuration: ``signal``, ``bins`` or ``image``."""
    if name == "signal":
        return SignalLayout()
    return ImageLayout(n_fft, hop) if name == "image" else BinsLayout(n_fft, hop)
