"""A sampler for imbalanced-learn: where SMOTE stood, a diffusion model.

from imblearn.pipeline import make_pipeline
make_pipeline(DiffusionSampler(), RandomForestClassifier()).fit(X, y)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.inference.loading import load

try:
    from imblearn.over_sampling.base import BaseOverSampler
except ImportError as error:
    raise ImportError(
        "diffecg.integrations.imblearn needs imbalanced-learn: pip install 'diffecg[imblearn]'"
    ) from error


class DiffusionSampler(BaseOverSampler):  # type: ignore[misc]
    """Over-sampling with windows drawn by a trained model.

    Unlike SMOTE it does not look at the rows it is given: the model learnt its classes elsewhere, from the
    people of its training data. Test on people who are in neither.

    Attributes:
        sampling_strategy: as in imbalanced-learn: ``auto`` makes all classes as large as the largest.
        model: a bundled model or a model folder. Rows of X are its windows, in mV, at its sampling rate,
            and y holds its class names.
        random_state: seed of the first window that is drawn.
        batch_size: windows computed together; it changes speed and memory, not the windows.
    """

    def __init__(
        self,
        *,
        sampling_strategy: str | float | dict[str, int] = "auto",
        model: str = "mitbih-beat",
        random_state: int = 0,
        batch_size: int = 256,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.model = model
        self.random_state = random_state
        self.batch_size = batch_size

    def _fit_resample(self, X: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return X (window, lead * time) and y with the windows that classes lack added at the end."""
        model = load(self.model)
        window = model.config.window
        samples = len(window.leads) * window.length
        if X.shape[1] != samples:
            raise DiffecgError(
                f"rows of {X.shape[1]} samples are not the windows of {self.model}: "
                f"{len(window.leads)} lead(s) x {window.length} samples at {window.fs_hz:g} Hz"
            )
        labels = [str(label) for label, count in self.sampling_strategy_.items() for _ in range(count)]
        if not labels:
            return X, y
        made = model.generate(labels, len(labels), self.random_state, batch_size=self.batch_size)
        new = made.signal_mv.reshape(len(labels), samples).astype(X.dtype)
        return np.concatenate([X, new]), np.concatenate([y, np.asarray(labels, dtype=y.dtype)])
