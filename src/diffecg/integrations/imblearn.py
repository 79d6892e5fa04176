"""A sampler for imbalanced-learn.

>>> import diffecg
>>> from diffecg.integrations.imblearn import DiffusionSampler
>>> beats = diffecg.load("mitbih-beat").generate(["N", "N", "N", "V"], 4)
>>> X, y = DiffusionSampler().fit_resample(beats.signal_mv[:, 0], ["N", "N", "N", "V"])
>>> X.shape, "".join(y)
((6, 256), 'NNNVVV')
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped

from diffecg.errors import DiffecgError
from diffecg.extras import require
from diffecg.inference.loading import load

require("imblearn", "imblearn")
from imblearn.over_sampling.base import BaseOverSampler  # noqa: E402


class DiffusionSampler(BaseOverSampler):  # type: ignore[misc]
    """Over-sample minority classes with windows that a trained diffusion model generates.

    Unlike SMOTE, it does not use the rows it is given: the model learned the classes from the subjects of its
    own training data. Test on subjects that are in neither.

    Parameters
    ----------
    sampling_strategy : str, float or dict, default="auto"
        As in imbalanced-learn; "auto" makes all classes as large as the largest.
    model : str, default="mitbih-beat"
        Name of a bundled model, or a model folder. Rows of X are windows of the model, in mV, at its sampling
        rate; y holds labels of the model.
    random_state : int, default=0
        Seed of the first generated window.
    batch_size : int, default=256
        Windows computed together; affects speed and memory, not the windows.
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

    def _fit_resample(
        self, X: Float[np.ndarray, "window sample"], y: Shaped[np.ndarray, " window"]
    ) -> tuple[Float[np.ndarray, "more sample"], Shaped[np.ndarray, " more"]]:
        """Return X and y followed by the generated windows and their labels; a row is (lead * time)."""
        model = load(self.model)
        window = model.config.window
        samples = len(window.leads) * window.length
        if X.shape[1] != samples:
            raise DiffecgError(
                f"rows of {X.shape[1]} samples are not windows of {self.model}, which have "
                f"{len(window.leads)} lead(s) x {window.length} samples at {window.fs_hz:g} Hz"
            )
        labels = [str(label) for label, count in self.sampling_strategy_.items() for _ in range(count)]
        if not labels:
            return X, y
        windows = model.generate(labels, len(labels), self.random_state, batch_size=self.batch_size)
        generated = windows.signal_mv.reshape(len(labels), samples).astype(X.dtype)
        return np.concatenate([X, generated]), np.concatenate([y, np.asarray(labels, dtype=y.dtype)])
