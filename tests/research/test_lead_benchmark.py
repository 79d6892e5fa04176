"""A small version of the benchmark of lead reconstruction."""

import numpy as np
import pandas as pd
import pytest
from lead_cases import lead_model, leads_mv, stored_recording

from diffecg.formats.registry import write_recording
from diffecg.model.folder import save_model
from diffecg.signal.limb_leads import INDEPENDENT_LEADS
from diffecg.signal.rpeaks import r_peaks_of_leads
from research.benchmarks.lead_methods import GaussianBeats, LinearRegression


@pytest.fixture(scope="module")
def records():
    return np.stack([leads_mv(seed, duration_s=10.0)[0] for seed in range(6)])


def test_regression_finds_leads_that_are_linear_in_the_given_ones(records):
    found = LinearRegression(records[:4], [0, 3], 0)(records[5])
    assert found == pytest.approx(records[5], abs=0.01)


def test_lags_help_where_a_lead_is_a_derivative_of_the_given_one(records):
    errors = [np.std(LinearRegression(records[:4], [0], lags)(records[5]) - records[5]) for lags in (0, 8)]
    assert errors[1] < 0.5 * errors[0]


def test_gaussian_beats_find_what_one_lead_determines(records):
    method = GaussianBeats(
        records[:4], [0], lead_model().config.window, lambda record: r_peaks_of_leads(record, 100.0)
    )
    inside = slice(150, 850)
    assert np.corrcoef(method(records[5])[5, inside], records[5, 5, inside])[0, 1] > 0.9


def test_the_benchmark_writes_a_row_for_each_method(research, tmp_path):
    model = lead_model()
    folder = tmp_path / "tiny-leads"
    folder.mkdir()
    save_model(folder, model.config, model.denoiser.state_dict())
    (tmp_path / "records100").mkdir()
    names = [f"records100/r{number}" for number in range(6)]
    for number, name in enumerate(names):
        write_recording(tmp_path / name, stored_recording(INDEPENDENT_LEADS, seed=number, name=f"r{number}"))
    table = pd.DataFrame({"filename_lr": names, "strat_fold": [1, 2, 3, 9, 9, 10]})
    table.to_csv(tmp_path / "ptbxl_database.csv")
    out = tmp_path / "leads.md"
    options = ["--every", 1, "--train-every", 1, "--draws", 2]
    status, _, err = research("lead-reconstruction", tmp_path, "--model", folder, "--out", out, *options)
    assert status == 0, err
    text = out.read_text()
    assert "fold 9, 2 records; baselines trained on 3 records" in text
    assert text.count("\n| I, II, V2 |") == 8
