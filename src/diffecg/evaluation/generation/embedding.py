"""A two-dimensional embedding of real and synthetic windows."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import shared_labels
from diffecg.evaluation.generation.encoder import features
from diffecg.extras import require


def joint_embedding(
    real: Windows, synthetic: Windows, *, max_windows: int = 300
) -> tuple[Float[np.ndarray, "window 2"], Shaped[np.ndarray, " window"], Bool[np.ndarray, " window"]]:
    """Return the t-SNE embedding of the encoder's features of real and synthetic windows.

    van der Maaten and Hinton (2008), JMLR 9:2579-2605. Distances in the embedding mean little; it shows
    whether the sets mix, and which clusters one of them misses.

    Args:
        real: real windows.
        synthetic: synthetic windows.
        max_windows: largest number of windows of a label from each set, the same from both.

    Returns:
        Coordinates, labels, and True for synthetic windows.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    rng = np.random.default_rng(0)
    chosen: list[Windows] = []
    labels: list[str] = []
    is_synthetic: list[bool] = []
    for label in shared_labels(real, synthetic):
        size = min(max_windows, len(real.with_label(label)), len(synthetic.with_label(label)))
        for windows, synthesised in ((real.with_label(label), False), (synthetic.with_label(label), True)):
            chosen.append(windows.take(rng.permutation(len(windows))[:size]))
            labels += [label] * size
            is_synthetic += [synthesised] * size
    signal_mv = np.concatenate([windows.signal_mv for windows in chosen])
    perplexity = min(30.0, max(1.0, len(signal_mv) / 4))
    tsne = require("sklearn.manifold", "eval").TSNE(
        2, perplexity=perplexity, init="pca", random_state=0, n_jobs=1
    )
    coordinates = np.asarray(tsne.fit_transform(features(signal_mv, real.fs_hz)))
    return coordinates, np.array(labels), np.array(is_synthetic)
