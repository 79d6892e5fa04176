"""Leads that are modelled together: what one shows helps another, and any number of leads goes in."""

import numpy as np
import pytest
from helpers import make_ecg

import diffecg
from diffecg.config.schema import WindowConfig
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.inference.imputation import group_leads

FEW = {"draws": 2, "steps": 3}
PAIR = WindowConfig(kind="strip", leads=("*", "*"))


@pytest.fixture(scope="module")
def strip2(runs):
    return diffecg.load(runs["strip2"])


def leads(count, duration_s=25):
    signal = make_ecg(7, duration_s=duration_s, fs_hz=100)[0]
    return np.stack([signal * scale for scale in (1, -0.6, 0.4, 1.5)[:count]])


def test_a_lead_is_grouped_with_the_lead_observed_most():
    missing = np.zeros((3, 100), bool)
    missing[0, 20:60] = True
    missing[1, 20:60] = True
    assert group_leads(PAIR, missing) == [[0, 2], [1, 0]], "imputed leads count as observed"
    assert group_leads(WindowConfig(leads=("*",)), missing) == [[0], [1]]
    assert group_leads(PAIR, missing[:2]) == [[0, 1]]
    assert group_leads(PAIR, missing[:1]) == [[0]]
    assert group_leads(PAIR, ~missing & missing) == []
    with pytest.raises(DiffecgError, match="MLII, V1 together"):
        group_leads(WindowConfig(leads=("MLII", "V1")), missing)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_leads(strip2, count):
    signal = leads(count)
    signal[0, 300:420] = np.nan
    signal[-1, 900:2400] = np.nan
    filled = strip2.impute(signal, 100, **FEW)
    known = ~np.isnan(signal)
    assert np.isfinite(filled.draws_mv).all()
    assert np.array_equal(filled.signal_mv[known], signal[known])


def test_a_missing_lead_is_imputed_from_another(strip2):
    signal = leads(2)
    signal[1] = np.nan
    filled = strip2.impute(signal, 100, **FEW)
    assert np.isfinite(filled.draws_mv).all()
    assert np.ptp(filled.draws_mv[:, 1], axis=0).max() > 1e-3
    with pytest.raises(DiffecgError, match="nothing is observed"):
        strip2.impute(np.full((2, 1000), np.nan), 100, **FEW)


def test_imputation_depends_on_the_other_lead(strip2):
    signal = leads(2)
    signal[1, 800:1000] = np.nan
    changed = signal.copy()
    changed[0, 800:1000] = 0
    one, other = (strip2.impute(rows, 100, **FEW).signal_mv[1, 800:1000] for rows in (signal, changed))
    assert np.abs(one - other).max() > 1e-3


def test_draws_do_not_depend_on_each_other(strip2):
    signal = leads(3)
    signal[:2, 800:1000] = np.nan
    whole = strip2.impute(signal, 100, draws=3, steps=2)
    last = strip2.impute(signal, 100, draws=1, seed=[whole.seeds[2]], steps=2)
    assert np.allclose(whole.draws_mv[2], last.draws_mv[0], atol=1e-4)


def test_the_command_changes_the_given_lead_only(run, runs, recording, tmp_path):
    few = ["--gap", "12:13", "--draws", 1, "--steps", 1]
    assert (
        run(
            "impute", "--model", runs["strip2"], recording, "--lead", "V1", "--out", tmp_path / "fixed", *few
        )[0]
        == 0
    )
    before, after = read_recording(recording), read_recording(tmp_path / "fixed" / "100")
    changed = (before.stored != after.stored).any(axis=1)
    assert changed.tolist() == [lead == "V1" for lead in before.channel_names]
