"""Real and synthetic windows on one map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import shared_classes
from diffecg.evaluation.generation.encoder import features
from diffecg.extras import require


def joint_map(
    real: Windows, synthetic: Windows, *, most: int = 300
) -> tuple[NDArray[np.floating], NDArray[np.str_], NDArray[np.bool_]]:
    """Return places (window 2) by t-SNE of the encoder's features, labels, and which are synthetic.

    van der Maaten and Hinton (2008), JMLR 9:2579-2605. As many windows of a class from both sets. Distances
    on the map mean little; whether two sets mix, and which islands one of them lacks, can be seen.

    Args:
        real: real windows.
        synthetic: synthetic windows.
        most: most windows of a class from each set.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    rng = np.random.default_rng(0)
    chosen: list[Windows] = []
    is_synthetic: list[bool] = []
    for label in shared_classes(real, synthetic):
        size = min(most, len(real.of(label)), len(synthetic.of(label)))
        for windows, made in ((real.of(label), False), (synthetic.of(label), True)):
            chosen.append(windows.take(rng.permutation(len(windows))[:size]))
            is_synthetic += [made] * size
    signal_mv = np.concatenate([windows.signal_mv for windows in chosen])
    perplexity = min(30.0, max(1.0, len(signal_mv) / 4))
    tsne = require("sklearn.manifold", "eval").TSNE
    embedding = tsne(2, perplexity=perplexity, init="pca", random_state=0, n_jobs=1)
    places = embedding.fit_transform(features(signal_mv, real.fs_hz))
    return np.asarray(places), np.concatenate([windows.labels for windows in chosen]), np.array(is_synthetic)
