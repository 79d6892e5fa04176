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

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from diffecg.extras import require
from diffecg.inference.loading import load

require("sklearn", "sklearn")
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402


class DiffusionImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Impute missing samples (NaN) of ECG windows by a trained diffusion model.

    Each row is imputed from its own observed samples; nothing is learned from the rows it is fitted on.

    Parameters
    ----------
    model : str, default="mitbih-strip"
        Name of a bundled model that takes any lead, or a model folder.
    fs_hz : float, default=100.0
        Sampling rate of the rows, in Hz. Each row of X is a segment of one lead, in mV.
    draws : int, default=8
        Number of posterior draws whose mean is imputed. A single draw is as variable as an ECG, means are
        smooth.
    random_state : int, default=0
        Seed of the first draw.
    batch_size : int, default=64
        Windows computed together; affects speed and memory, not the samples.
    """

    def __init__(
        self,
        *,
        model: str = "mitbih-strip",
        fs_hz: float = 100.0,
        draws: int = 8,
        random_state: int = 0,
        batch_size: int = 64,
    ) -> None:
        self.model = model
        self.fs_hz = fs_hz
        self.draws = draws
        self.random_state = random_state
        self.batch_size = batch_size

    def fit(self, X: ArrayLike, y: object = None) -> DiffusionImputer:
        """Check the windows X, axes (window, time), and return self."""
        self._validate(X, reset=True)
        return self

    def transform(self, X: ArrayLike) -> Float[np.ndarray, "window time"]:
        """Impute the missing samples of the windows X, axes (window, time); others are returned unchanged.

        Raises:
            DiffecgError: a row has no observed samples, or is flat.
        """
        check_is_fitted(self)
        windows = self._validate(X, reset=False)
        rows = np.flatnonzero(np.isnan(windows).any(axis=1))
        if len(rows):
            imputation = load(self.model).impute(
                windows[rows],
                self.fs_hz,
                draws=self.draws,
                seed=self.random_state,
                batch_size=self.batch_size,
            )
            windows[rows] = imputation.signal_mv
        return windows

    def _validate(self, X: ArrayLike, *, reset: bool) -> Float[np.ndarray, "window time"]:
        types = [np.float64, np.float32]
        return validate_data(self, X, reset=reset, dtype=types, ensure_all_finite="allow-nan", copy=True)

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether ``fit`` was called."""
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        """Return the tags of scikit-learn: NaN is allowed, the dtype is kept."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
