"""Detection of flat, clipped, saturated and noisy intervals."""

import numpy as np
import pytest
from helpers import make_ecg

from diffecg.errors import DiffecgError
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts


def test_artefacts_are_found_where_they_are():
    signal, _, _ = make_ecg(3)
    fs, rng = 360, np.random.default_rng(0)
    quiet = find_artefacts(signal, fs, list(ARTEFACTS))
    assert not any(mask.any() for kind, mask in quiet.items()), {k: v.mean() for k, v in quiet.items()}
    flawed, where = signal.copy(), {"flat": slice(4000, 4400), "noise": slice(9000, 10440)}
    flawed[where["flat"]] = flawed[4000]
    flawed[where["noise"]] += 0.5 * rng.standard_normal(1440)
    found = find_artefacts(flawed, fs, ["flat", "noise"])
    for kind, interval in where.items():
        inside = np.zeros(len(signal), bool)
        inside[interval] = True
        assert found[kind][inside].mean() > 0.95
        assert found[kind][~inside].mean() < 0.02
    clipped = np.minimum(signal, 0.6 * signal.max())
    assert find_artefacts(clipped, fs, ["clipped"])["clipped"].sum() > 100
    saturated = signal.copy()
    saturated[5000:5200] = signal.max() + 1
    assert np.array_equal(
        np.flatnonzero(find_artefacts(saturated, fs, ["saturated"])["saturated"]), np.arange(5000, 5200)
    )
    with pytest.raises(DiffecgError, match="flat, clipped, saturated, noise"):
        find_artefacts(signal, fs, ["ugly"])
