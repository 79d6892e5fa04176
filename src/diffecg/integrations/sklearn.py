"""An imputer for scikit-learn.

>>> import numpy as np
>>> from sklearn.linear_model import LogisticRegression
>>> from sklearn.pipeline import make_pipeline
>>> from diffecg.integrations.sklearn import DiffusionImputer
>>> from diffecg.signal.simulation import simulate_ecg
>>> X = simulate_ecg(40, 100).signal_mv.reshape(4, 1000)
>>> X[0, 300:350] = np.nan
>>> pipeline = make_pipeline(DiffusionImputer(fs_hz=100, draws=1), LogisticRegression())
>>> pipeline.fit(X, [0, 1, 0, 1]).predict(X).shape
(4,)
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.extras import require
from diffecg.inference.gap_model import GapModel
from diffecg.inference.imputer import Imputer
from diffecg.inference.imputer_loading import load_imputer
from diffecg.inference.model import Model
from diffecg.inference.seeds import RandomState, derive_seed, root_seed
from diffecg.signal.arrays import as_floats, interpret_signal

require("sklearn", "sklearn")
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402


class DiffusionImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Impute missing samples (NaN) of windows of ECG, or of other signals, by a model or by analogues.

    Each window is imputed from its own observed samples, as if it were of another subject; nothing is learned
    from the windows it is fitted on. The result for a window does not depend on the other windows or their
    order.

    Parameters
    ----------
    model : str, Path or imputer, default="mitbih-strip"
        Name of a bundled model, a model folder, a loaded model; or "analogues": segments of the same window
        with similar surroundings.
    fs_hz : float, default=100.0
        Sampling rate of the windows, in Hz. X holds windows in mV: of one lead, axes (window, time), or of
        several, axes (window, lead, time) or (window, time, lead).
    kinds : str or sequence of str, default="ecg"
        Kind of the signals, or of each lead, such as ("ecg", "ppg", "pressure"); each is in the unit of its
        kind. A model imputes the kinds that it was trained on, analogues impute any.
    draws : int, default=8
        Number of draws.
    write : {"draw", "mean"}, default="draw"
        What is imputed: the representative of the draws, which is as variable as an ECG, or the mean of the
        draws, which has the least squared error and is smooth.
    random_state : int, RandomState, Generator or None, default=0
        Determines the noise, which is independent from window to window. A generator, or None, gives other
        noise at each fit.
    batch_size : int, default=None
        Windows that a model computes together; affects speed and memory, not the samples. None: 64.
    steps : int, default=None
        Sampling steps of a model; None: its own.
    device : str, default=None
        Device of the model, such as "cuda"; None: the CPU, or that of a loaded model.
    engine : str, default=None
        "torch" or "onnx"; None: torch, or that of a loaded model.
    """

    def __init__(
        self,
        *,
        model: str | Path | Imputer = "mitbih-strip",
        fs_hz: float = 100.0,
        kinds: str | Sequence[str] = "ecg",
        draws: int = 8,
        write: Literal["draw", "mean"] = "draw",
        random_state: RandomState = 0,
        batch_size: int | None = None,
        steps: int | None = None,
        device: str | None = None,
        engine: str | None = None,
    ) -> None:
        self.model = model
        self.fs_hz = fs_hz
        self.kinds = kinds
        self.draws = draws
        self.write = write
        self.random_state = random_state
        self.batch_size = batch_size
        self.steps = steps
        self.device = device
        self.engine = engine

    def fit(self, X: ArrayLike, y: object = None) -> DiffusionImputer:
        """Check the windows X, draw the seed, and return self."""
        self._validate(X, reset=True)
        self.seed_ = root_seed(self.random_state, "random_state")
        return self

    def transform(self, X: ArrayLike) -> Float[np.ndarray, "window *axes"]:
        """Impute the missing samples of the windows X; others are returned unchanged.

        Raises:
            DiffecgError: a window has no observed samples, or is flat; an unknown kind.
        """
        check_is_fitted(self)
        windows = self._validate(X, reset=False)
        rows = np.flatnonzero(np.isnan(windows).any(axis=tuple(range(1, windows.ndim))))
        if not len(rows):
            return windows
        axes = "time" if windows.ndim == 2 else interpret_signal(windows).axes.removeprefix("window ")
        if self.write not in ("draw", "mean"):
            raise DiffecgError(f"unknown write {self.write!r}; choose draw or mean")
        imputer = self._imputer()
        for row, part in zip(rows, _parts(windows[rows]), strict=True):
            try:
                imputation = imputer.impute(
                    windows[row],
                    self.fs_hz,
                    kinds=self.kinds,
                    axes=axes,
                    draws=self.draws,
                    seed=derive_seed(self.seed_, *part),
                )
            except DiffecgError as error:
                raise DiffecgError(f"window {row}: {error}") from None
            windows[row] = imputation.signal if self.write == "draw" else imputation.mean
        return windows

    def _imputer(self) -> Imputer:
        """Return the imputer; a model with the given steps and batch size, else its own."""
        imputer = load_imputer(self.model, self.device, engine=self.engine)
        if not isinstance(imputer, Model | GapModel):
            return imputer
        own = imputer.sampling
        steps = own.steps if self.steps is None else self.steps
        batch_size = own.batch_size if self.batch_size is None else self.batch_size
        return imputer.with_sampling(replace(own, steps=steps, batch_size=batch_size))

    def _validate(self, X: ArrayLike, *, reset: bool) -> Float[np.ndarray, "window *axes"]:
        X = as_floats(X) if np.ma.isMaskedArray(X) or hasattr(X, "detach") else X
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            copy=True,
            allow_nd=True,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether ``fit`` was called."""
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        """Return the tags of scikit-learn: panels and NaN are allowed, the dtype is kept."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _parts(windows: Float[np.ndarray, "window *axes"]) -> list[tuple[int, int]]:
    """Return what makes the noise of each window: a digest of it, and how many equal windows came before."""
    digests = [hashlib.blake2b(window.astype(np.float64).tobytes(), digest_size=8) for window in windows]
    numbers = [int.from_bytes(digest.digest()) for digest in digests]
    seen: Counter[int] = Counter()
    parts = []
    for number in numbers:
        parts.append((number, seen[number]))
        seen[number] += 1
    return parts
