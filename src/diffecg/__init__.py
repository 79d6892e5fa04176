"""diffecg: a conditional diffusion model that makes the ECG people do not have.

An independent implementation of, and beyond, DiffECG (arXiv 2306.01875). Not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diffecg._version import __version__ as __version__
from diffecg.errors import DiffecgError as DiffecgError

if TYPE_CHECKING:
    from diffecg.data.opening import open_windows as open_windows
    from diffecg.data.records import Record as Record
    from diffecg.data.records import read_record as read_record
    from diffecg.data.store import Windows as Windows
    from diffecg.exchange.ecosystem import as_record as as_record
    from diffecg.exchange.ecosystem import to_frame as to_frame
    from diffecg.exchange.ecosystem import to_mne as to_mne
    from diffecg.exchange.records import write_record as write_record
    from diffecg.rhythm.timing import Rhythm as Rhythm
    from diffecg.tasks.compose import Composition as Composition
    from diffecg.tasks.compose import compose as compose
    from diffecg.tasks.dataset import SyntheticWindows as SyntheticWindows
    from diffecg.tasks.forecaster import Forecaster as Forecaster
    from diffecg.tasks.model import Model as Model
    from diffecg.tasks.model import load as load
    from diffecg.tasks.results import Drawn as Drawn
    from diffecg.tasks.results import Generated as Generated

_LAZY = {
    "Record": "diffecg.data.records",
    "read_record": "diffecg.data.records",
    "write_record": "diffecg.exchange.records",
    "as_record": "diffecg.exchange.ecosystem",
    "to_frame": "diffecg.exchange.ecosystem",
    "to_mne": "diffecg.exchange.ecosystem",
    "Windows": "diffecg.data.store",
    "open_windows": "diffecg.data.opening",
    "Rhythm": "diffecg.rhythm.timing",
    "Composition": "diffecg.tasks.compose",
    "compose": "diffecg.tasks.compose",
    "SyntheticWindows": "diffecg.tasks.dataset",
    "Forecaster": "diffecg.tasks.forecaster",
    "Model": "diffecg.tasks.model",
    "load": "diffecg.tasks.model",
    "Drawn": "diffecg.tasks.results",
    "Generated": "diffecg.tasks.results",
}

__all__ = ["DiffecgError", "__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that ``import diffecg`` is quick."""
    if name not in _LAZY:
        raise AttributeError(f"module 'diffecg' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
