"""Results are reproduced: samples within 1e-4 mV, observed samples exactly, metrics within half a percent.

Draws of imputation have the seeds of the version after 0.1, and ends of composed beats are those of 0.2; all
other signals are those of 0.1.
"""

import numpy as np
import pytest
from regression import FILE, GAP, inputs, outputs


@pytest.fixture(scope="module")
def stored():
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def computed(stored):
    return outputs({name.removeprefix("in_"): value for name, value in stored.items() if name[:3] == "in_"})


def test_inputs_are_reproduced(stored):
    for name, signal in inputs().items():
        np.testing.assert_allclose(signal, stored[f"in_{name}"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "beat", "beat_fast", "vary", "imputed", "lower", "upper", "forecast", "composed",
    ],
)  # fmt: skip
def test_signals_agree_within_1e_4_mv(stored, computed, name):
    assert computed[name].shape == stored[name].shape
    np.testing.assert_allclose(computed[name], stored[name], rtol=0, atol=1e-4)


def test_observed_samples_are_returned_unchanged(stored, computed):
    observed = np.ones(len(stored["in_gap_mv"]), dtype=bool)
    observed[GAP] = False
    for draw in computed["imputed"]:
        np.testing.assert_array_equal(draw[observed], stored["in_gap_mv"][observed])


def test_composed_beats_are_the_same(stored, computed):
    np.testing.assert_array_equal(computed["composed_samples"], stored["composed_samples"])
    np.testing.assert_array_equal(computed["composed_labels"], stored["composed_labels"])


def test_metrics_agree_within_half_a_percent(stored, computed):
    """Ratios of distances to nearest neighbours differ by 0.2 % between processors."""
    assert computed["report"].shape == stored["report"].shape
    assert np.isfinite(stored["report"]).mean() > 0.8
    np.testing.assert_allclose(computed["report"], stored["report"], rtol=5e-3, atol=1e-3)
