from dataclasses import replace

import numpy as np
import pytest
from lead_cases import FS_HZ, lead_model, leads_mv, stored_recording

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.completed_recording import completed_recording
from diffecg.inference.lead_reconstruction import reconstruct_leads
from diffecg.inference.lead_sampling import LeadSampler
from diffecg.inference.options import DrawOptions
from diffecg.inference.reconstruction_files import lead_table, reconstruction_notes
from diffecg.signal.limb_leads import INDEPENDENT_LEADS, STANDARD_LEADS, limb_lead_residual_mv
from diffecg.signal.rpeaks import r_peaks_by_velocity


@pytest.fixture(scope="module")
def model():
    return lead_model()


def reconstruct(model, recording, leads=("standard",), **options):
    return reconstruct_leads(model, recording, leads, DrawOptions(**{"draws": 3, **options}))


@pytest.mark.parametrize("write", ["draw", "mean"])
@pytest.mark.parametrize(
    ("leads", "gain"), [(["I"], 1000.0), (["V2", "II", "I"], 200.0), (["V2", "V4"], 500.0)]
)
def test_given_channels_keep_their_samples_and_limb_leads_their_relations(model, leads, gain, write):
    recording = stored_recording(leads, gain)
    completed = completed_recording(reconstruct(model, recording), write)
    assert completed.channel_names == STANDARD_LEADS
    rows = [STANDARD_LEADS.index(lead) for lead in leads]
    assert np.array_equal(completed.stored[rows], recording.stored)
    assert [completed.source.gain[row] for row in rows] == [gain] * len(rows)
    residual = limb_lead_residual_mv(completed.signal_mv[:6], STANDARD_LEADS[:6])
    assert np.abs(residual).max() < 1e-9


def test_channels_of_another_kind_stay_behind_the_leads(model):
    recording = Recording.from_arrays(
        np.stack([np.arange(2000.0), leads_mv()[0][0]]),
        FS_HZ,
        channel_names=["resp", "I"],
        units=["NU", "mV"],
    )
    completed = completed_recording(reconstruct(model, recording), "mean")
    assert completed.channel_names == (*STANDARD_LEADS, "resp")
    assert np.array_equal(completed.signal[-1], recording.signal[0])
    assert np.array_equal(completed.signal[0], recording.signal[1])


def test_some_leads_are_appended(model):
    completed = completed_recording(reconstruct(model, stored_recording(["V5", "I"]), ["V1"]), "mean")
    assert completed.channel_names == ("V5", "I", "V1")


def test_leads_that_are_linear_in_the_given_ones_are_found(model):
    signal_mv, _ = leads_mv(99)
    recording = stored_recording(["I", "V2"])
    result = reconstruct(model, recording, ["V4"])
    recorded = signal_mv[INDEPENDENT_LEADS.index("V4")]
    assert np.corrcoef(result.mean_mv[0], recorded)[0, 1] > 0.95


def test_a_draw_depends_on_its_own_seed_only(model):
    recording = stored_recording(["I"])
    seeds = reconstruct(model, recording, draws=3).seeds
    signal = recording.signal_mv
    observed = np.arange(8)[:, None] == np.zeros(signal.shape[1])
    sampler = LeadSampler(
        denoiser=model.denoiser,
        signal_mv=np.where(observed, signal, 0),
        observed=observed,
        peaks=r_peaks_by_velocity(signal, FS_HZ),
    )
    together = sampler.draws(seeds)
    alone = sampler.draws([seeds[2]])
    assert alone[0] == pytest.approx(together[2], abs=1e-5)
    assert not np.allclose(together[0], together[1])


def test_the_rate_of_the_recording_is_kept(model):
    recording = stored_recording(["I", "II"], fs_hz=360.0)
    completed = completed_recording(reconstruct(model, recording), "draw")
    assert (completed.fs_hz, completed.samples) == (360.0, recording.samples)


def test_nothing_is_written_where_no_lead_is_observed(model):
    signal = leads_mv()[0][:2].copy()
    signal[:, 700:900] = np.nan
    signal[0, 1200:1210] = np.nan
    recording = Recording.from_arrays(signal, FS_HZ, channel_names=["I", "II"])
    completed = completed_recording(reconstruct(model, recording), "mean")
    missing = np.isnan(completed.signal_mv)
    v1, third = STANDARD_LEADS.index("V1"), STANDARD_LEADS.index("III")
    assert np.array_equal(np.flatnonzero(missing[v1]), np.arange(700, 900))
    assert np.array_equal(np.flatnonzero(missing[third]), [*range(700, 900), *range(1200, 1210)])


def test_what_is_determined_is_stated(model):
    result = reconstruct(model, stored_recording(["II", "MLII", "I"]))
    table = lead_table(result).set_index("lead")
    assert table.loc["aVL", "made"].startswith("derived from")
    assert (table.loc[["III", "aVR", "aVL", "aVF"], "determined"] == 1).all()
    assert (table.loc["V1":"V6", "mean_interval_width_mv"] > 0).all()
    assert table["determined"].between(0, 1).all()
    assert any("MLII not used" in note for note in reconstruction_notes(result))


def test_models_and_recordings_that_do_not_fit_are_refused(model):
    with pytest.raises(DiffecgError, match="lasts 1 s"):
        reconstruct(model, stored_recording(["I"]).crop(0, 1))
    flat = Recording.from_arrays(np.zeros((1, 1000)), FS_HZ, channel_names=["I"])
    with pytest.raises(DiffecgError, match="no beat was found"):
        reconstruct(model, flat)
    single = replace(model.config, window=replace(model.config.window, leads=("I",)))
    other = lead_model()
    other.denoiser.config = single
    with pytest.raises(DiffecgError, match="several leads"):
        reconstruct(other, stored_recording(["I"]))
