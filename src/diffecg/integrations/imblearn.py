"""A sampler for imbalanced-learn.

>>> import diffecg
>>> from diffecg.integrations.imblearn import DiffusionSampler
>>> beats = diffecg.load("mitbih-beat").generate(["N", "N", "N", "V"], 4)
>>> X, y = DiffusionSampler().fit_resample(beats.signal_mv[:, 0], ["N", "N", "N", "V"])
>>> X.shape, "".join(y)
((6, 256), 'NNNVVV')
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Shaped
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.extras import require
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.seeds import RandomState, draw_seeds, root_seed
from diffecg.signal.arrays import as_floats

require("imblearn", "imblearn")
from imblearn.over_sampling.base import BaseOverSampler  # noqa: E402
from imblearn.utils import check_target_type  # noqa: E402
from sklearn.utils.validation import validate_data  # noqa: E402


class DiffusionSampler(BaseOverSampler):  # type: ignore[misc]
    """Over-sample minority classes with windows that a trained diffusion model generates.

    Unlike SMOTE, it does not use the rows it is given: the model learned the classes from the subjects of its
    own training data. Test on subjects that are in neither.

    Parameters
    ----------
    sampling_strategy : str, float or dict, default="auto"
        As in imbalanced-learn; "auto" makes all classes as large as the largest.
    model : str, Path or Model, default="mitbih-beat"
        Name of a bundled model, a model folder, or a loaded model. X holds windows of the model in mV, at its
        sampling rate: rows (window, lead * time), or panels (window, lead, time) or (window, time, lead). y
        holds labels of the model.
    random_state : int, RandomState, Generator or None, default=0
        Determines the noise, which is independent from window to window. A generator, or None, gives other
        windows at each call.
    batch_size : int, default=256
        Windows computed together; affects speed and memory, not the windows.
    steps : int, default=None
        Sampling steps; None: the model's own.
    device : str, default=None
        Device of the model, such as "cuda"; None: the CPU, or that of a loaded model.
    engine : str, default=None
        "torch" or "onnx"; None: torch, or that of a loaded model.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseOverSampler._parameter_constraints,
        "random_state": "no_validation",  # the base class refuses generators
    }

    def __init__(
        self,
        *,
        sampling_strategy: str | float | dict[str, int] = "auto",
        model: str | Path | Model = "mitbih-beat",
        random_state: RandomState = 0,
        batch_size: int = 256,
        steps: int | None = None,
        device: str | None = None,
        engine: str | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.model = model
        self.random_state = random_state
        self.batch_size = batch_size
        self.steps = steps
        self.device = device
        self.engine = engine

    def __sklearn_tags__(self) -> Any:
        """Return the tags of scikit-learn: panels are allowed, sparse windows are not."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.three_d_array = True
        return tags

    def _check_X_y(self, X: ArrayLike, y: ArrayLike) -> tuple[Any, Any, bool]:
        """Return X as floats, (window, *axes), and y; as in imbalanced-learn, but panels are allowed."""
        if any(dtype.kind != "f" for dtype in getattr(X, "dtypes", ())):
            raise DiffecgError(
                "X has columns of integers, which cannot hold windows in mV; use X.astype(float)"
            )
        X = as_floats(X) if np.ma.isMaskedArray(X) or hasattr(X, "detach") else X
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        dtypes = [np.float64, np.float32]
        X, y = validate_data(self, X=X, y=y, reset=True, dtype=dtypes, allow_nd=True)
        return X, y, binarize_y

    def _fit_resample(
        self, X: Float[np.ndarray, "window *axes"], y: Shaped[np.ndarray, " window"]
    ) -> tuple[Float[np.ndarray, "more *axes"], Shaped[np.ndarray, " more"]]:
        """Return X and y followed by the generated windows and their labels."""
        model = load(self.model, self.device, engine=self.engine)
        window = model.config.window
        leads, samples = len(window.leads), window.length
        swapped = X.shape[1:] == (samples, leads) != (leads, samples)
        if not swapped and X.shape[1:] not in ((leads * samples,), (leads, samples)):
            raise DiffecgError(
                f"windows of shape {X.shape[1:]} are not those of {model.name}, which have "
                f"{leads} lead(s) x {samples} samples at {window.fs_hz:g} Hz; cut and resample them to these"
            )
        labels = [str(label) for label, count in self.sampling_strategy_.items() for _ in range(count)]
        if not labels:
            return X, y
        seeds = draw_seeds(root_seed(self.random_state, "random_state"), len(labels))
        windows = model.generate(labels, len(labels), seeds, steps=self.steps, batch_size=self.batch_size)
        signal_mv = windows.signal_mv.swapaxes(1, 2) if swapped else windows.signal_mv
        generated = signal_mv.reshape(len(labels), *X.shape[1:]).astype(X.dtype)
        return np.concatenate([X, generated]), np.concatenate([y, np.asarray(labels, dtype=y.dtype)])
