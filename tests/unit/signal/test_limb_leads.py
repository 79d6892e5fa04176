"""The relations between the limb leads."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.signal.lead_names import lead_name
from diffecg.signal.limb_leads import (
    INDEPENDENT_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    derive_leads,
    known_leads,
    limb_lead_residual_mv,
)


@pytest.fixture
def independent_mv():
    """Two recordings of the eight independent leads."""
    return np.random.default_rng(0).normal(size=(2, len(INDEPENDENT_LEADS), 50))


def test_limb_leads_are_differences_of_electrode_potentials():
    right_arm, left_arm, left_leg = potentials = np.random.default_rng(1).normal(size=(3, 50))
    electrodes = {"aVR": right_arm, "aVL": left_arm, "aVF": left_leg}
    defined = {"I": left_arm - right_arm, "II": left_leg - right_arm, "III": left_leg - left_arm}
    for name, potential in electrodes.items():
        defined[name] = potential - (potentials.sum(axis=0) - potential) / 2  # Goldberger's terminal
    derived = derive_leads(np.stack([defined["I"], defined["II"]]), ["I", "II"], list(LIMB_LEADS))
    assert derived == pytest.approx(np.stack([defined[lead] for lead in LIMB_LEADS]), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derived_leads_are_rounded_once_and_given_ones_not_at_all(independent_mv, dtype):
    signal = independent_mv.astype(dtype)
    whole = derive_leads(signal, INDEPENDENT_LEADS)
    assert (whole.shape, whole.dtype) == ((2, 12, 50), dtype)
    lead = dict(zip(STANDARD_LEADS, np.moveaxis(whole, 1, 0), strict=True))
    exact = dict(zip(INDEPENDENT_LEADS, np.moveaxis(signal.astype(np.longdouble), 1, 0), strict=True))
    assert all(np.array_equal(lead[name], exact[name]) for name in INDEPENDENT_LEADS)
    assert np.array_equal(lead["III"], lead["II"] - lead["I"])
    for name, sum_ in (
        ("aVR", -(exact["I"] + exact["II"]) / 2),
        ("aVL", exact["I"] - exact["II"] / 2),
        ("aVF", exact["II"] - exact["I"] / 2),
    ):
        assert np.array_equal(lead[name], sum_.astype(dtype))


def test_in_integer_steps_the_sums_hold_exactly():
    steps = np.random.default_rng(2).integers(-3000, 3000, size=(2, 1000)).astype(np.float64)
    lead = dict(zip(LIMB_LEADS, derive_leads(steps, ["I", "II"], list(LIMB_LEADS)), strict=True))
    assert np.array_equal(lead["I"] + lead["III"], lead["II"])
    assert not (lead["aVR"] + lead["aVL"] + lead["aVF"]).any()
    assert not (lead["III"] % 1).any()
    assert not (2 * lead["aVF"] % 1).any()


@pytest.mark.parametrize("given", list(combinations(LIMB_LEADS, 2)))
def test_any_two_limb_leads_determine_the_others(independent_mv, given):
    whole = derive_leads(independent_mv, INDEPENDENT_LEADS)
    rows = [STANDARD_LEADS.index(lead) for lead in given]
    assert derive_leads(whole[:, rows], given, list(LIMB_LEADS)) == pytest.approx(whole[:, :6], abs=1e-12)


def test_what_follows_depends_on_the_limb_leads_alone():
    assert set(known_leads(INDEPENDENT_LEADS)) == set(STANDARD_LEADS)
    assert known_leads(["II", "V1"]) == ("II", "V1")
    assert known_leads([]) == ()


def test_leads_that_do_not_follow_are_named(independent_mv):
    with pytest.raises(DiffecgError, match="V3 cannot be derived from I, II: the limb leads"):
        derive_leads(independent_mv[:, :2], ["I", "II"], ["III", "V3"])
    with pytest.raises(DiffecgError, match="I, I do not name the 2 leads"):
        derive_leads(independent_mv[:, :2], ["I", "I"])
    with pytest.raises(DiffecgError, match="at least three"):
        limb_lead_residual_mv(independent_mv[:, :2], ["I", "II"])


def test_a_missing_sample_is_missing_in_what_follows_from_it(independent_mv):
    independent_mv[0, 0, 7] = np.nan
    whole = derive_leads(independent_mv, INDEPENDENT_LEADS)
    missing = [STANDARD_LEADS[row] for row in np.flatnonzero(np.isnan(whole[0, :, 7]))]
    assert missing == ["I", "III", "aVR", "aVL", "aVF"]
    assert np.isnan(whole).sum() == 5


def test_the_residual_is_what_was_added_to_a_lead(independent_mv):
    whole = derive_leads(independent_mv, INDEPENDENT_LEADS)
    whole[0, STANDARD_LEADS.index("aVL")] += 0.25
    residual = limb_lead_residual_mv(whole, STANDARD_LEADS)
    assert residual.shape == (2, 4, 50)
    assert residual[0, 2] == pytest.approx(0.25)
    assert np.delete(residual.reshape(8, 50), 2, axis=0) == pytest.approx(0, abs=1e-12)


def test_released_recordings_hold_the_relations_within_rounding(ptbxl):
    names = pd.read_csv(ptbxl / "ptbxl_database.csv").query("strat_fold == 9")["filename_lr"]
    for name in names.head(20):
        recording = read_recording(ptbxl / name)
        leads = [lead_name(channel) for channel in recording.channel_names]
        residual_mv = limb_lead_residual_mv(recording.signal_mv, leads)
        assert np.percentile(np.abs(residual_mv), 99.9) <= 0.0016, name  # 1.6 steps
