"""Optional dependencies; errors name the package and the extra to install.

>>> from diffecg.extras import require
>>> require("sklearn.ensemble", "eval").RandomForestClassifier
<class 'sklearn.ensemble._forest.RandomForestClassifier'>
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from diffecg.errors import MissingDependencyError

MODULES = {
    "eval": ("neurokit2", "sklearn"),
    "formats": ("ecgdatakit", "pydicom"),
    "hub": ("huggingface_hub",),
    "imblearn": ("imblearn",),
    "mne": ("mne",),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "ray": ("ray",),
    "studio": ("fastapi", "uvicorn", "prometheus_client", "python_multipart"),
    "sklearn": ("sklearn",),
    "tensorboard": ("tensorboard",),
    "wandb": ("wandb",),
}
"""Modules of each extra."""

_PACKAGES = {
    "imblearn": "imbalanced-learn",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
    "sklearn": "scikit-learn",
}
"""Packages whose name differs from that of their module."""


def require(module: str, extra: str) -> Any:
    """Import and return a module of an optional dependency.

    Args:
        module: name of the module; submodules with dots.
        extra: extra of diffecg that installs it.

    Raises:
        MissingDependencyError: the module cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing([module.partition(".")[0]], extra) from error


def require_extra(extra: str) -> None:
    """Check that all modules of an extra are installed, without importing them.

    Raises:
        MissingDependencyError: a module is not installed.
    """
    missing = [module for module in MODULES[extra] if find_spec(module) is None]
    if missing:
        raise _missing(missing, extra)


def _missing(modules: list[str], extra: str) -> MissingDependencyError:
    packages = ", ".join(_PACKAGES.get(module, module) for module in modules)
    return MissingDependencyError(f"{packages} cannot be imported; pip install 'diffecg[{extra}]'")
