"""diffecg: a conditional diffusion model that makes the ECG people do not have.

An independent implementation of, and beyond, DiffECG (arXiv 2306.01875). Not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffecg._version import __version__ as __version__
from diffecg.errors import DiffecgError as DiffecgError

if TYPE_CHECKING:
    from diffecg.compose.recording import Composition as Composition
    from diffecg.compose.recording import compose as compose
    from diffecg.compose.timing import Rhythm as Rhythm
    from diffecg.datasets.loading import open_windows as open_windows
    from diffecg.datasets.windows import Windows as Windows
    from diffecg.formats.recording import Recording as Recording
    from diffecg.formats.registry import read_recording as read_recording
    from diffecg.formats.registry import write_recording as write_recording
    from diffecg.inference.forecaster import Forecaster as Forecaster
    from diffecg.inference.loading import load as load
    from diffecg.inference.model import Model as Model
    from diffecg.inference.results import Generated as Generated
    from diffecg.inference.results import Imputation as Imputation
    from diffecg.inference.torch_dataset import SyntheticWindows as SyntheticWindows
    from diffecg.integrations.conversion import as_recording as as_recording
    from diffecg.integrations.mne import to_mne as to_mne
    from diffecg.integrations.pandas import to_frame as to_frame

_LAZY = {
    "Recording": "diffecg.formats.registry",
    "read_recording": "diffecg.formats.registry",
    "write_recording": "diffecg.formats.registry",
    "as_recording": "diffecg.integrations.conversion",
    "to_frame": "diffecg.integrations.conversion",
    "to_mne": "diffecg.integrations.conversion",
    "Windows": "diffecg.datasets.windows",
    "open_windows": "diffecg.datasets.loading",
    "Rhythm": "diffecg.compose.timing",
    "Composition": "diffecg.compose.recording",
    "compose": "diffecg.compose.recording",
    "SyntheticWindows": "diffecg.inference.torch_dataset",
    "Forecaster": "diffecg.inference.forecaster",
    "Model": "diffecg.inference.loading",
    "load": "diffecg.inference.loading",
    "Imputation": "diffecg.inference.results",
    "Generated": "diffecg.inference.results",
}

__all__ = ["DiffecgError", "__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that ``import diffecg`` is quick."""
    if name not in _LAZY:
        raise AttributeError(f"module 'diffecg' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
