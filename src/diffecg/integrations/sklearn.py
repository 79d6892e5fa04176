"""An imputer for scikit-learn: NaN in, drawn samples out.

from sklearn.pipeline import make_pipeline
make_pipeline(DiffusionImputer(fs_hz=250), StandardScaler(), LogisticRegression()).fit(X, y)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffecg.inference.loading import load

try:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "diffecg.integrations.sklearn needs scikit-learn: pip install 'diffecg[sklearn]'"
    ) from error


class DiffusionImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fills the missing samples of ECG windows by a trained model.

    It learns nothing from the rows that it is fitted on: each row is filled from what the row itself shows.

    Attributes:
        model: a bundled model for any lead, or the folder of one.
        fs_hz: sampling rate of the rows, in Hz. Each row of X is a stretch of one lead, in mV.
        draws: how many draws the mean is of; 1 gives a draw itself, lively as an ECG where means are smooth.
        random_state: seed of the first draw.
        batch_size: windows computed together; it changes speed and memory, not the samples.
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
        """Check X (window time) and return self."""
        self._checked(X, reset=True)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return X (window time) with its NaNs filled; all other samples bit for bit.

        Raises:
            DiffecgError: a row with nothing observed, or with nothing but a flat line.
        """
        check_is_fitted(self)
        windows = self._checked(X, reset=False)
        rows = np.flatnonzero(np.isnan(windows).any(axis=1))
        if len(rows):
            drawn = load(self.model).impute(
                windows[rows],
                self.fs_hz,
                draws=self.draws,
                seed=self.random_state,
                batch_size=self.batch_size,
            )
            windows[rows] = drawn.signal_mv
        return windows

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[np.floating]:
        types = [np.float64, np.float32]
        checked: NDArray[np.floating] = validate_data(
            self, X, reset=reset, dtype=types, ensure_all_finite="allow-nan", copy=True
        )
        return checked

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether ``fit`` was called."""
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what to expect."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
