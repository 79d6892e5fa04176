"""Training reads each lead of a recording set in the unit and resolution of its kind."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from gap_cases import MONITOR, assert_same_window, tiny_config, write_recording_set

from diffecg.datasets.databases import database
from diffecg.datasets.options import RecordingSetOptions
from diffecg.datasets.prepare_recordings import prepare_recordings
from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.inference import gap_search
from diffecg.signal.simulation import simulate_ecg
from diffecg.training.gap.batches import GapBatchSource, check_sets, cut_batch
from diffecg.training.gap.places import draw_gaps
from diffecg.training.gap.recordings import TrainingRecordings
from diffecg.training.gap.search import search_batch
from diffecg.training.gap.signals import draw_groups
from diffecg.transform import gap_window
from diffecg.transform.gap_window import Gap, cut_gap_window, window_samples

KINDS = ("ecg", "ppg", "pressure")


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A recording with an ECG and a pressure, and one with an ECG, a PPG and a pressure."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "db").mkdir()
    for name, channels in (
        ("a", {"II": "mV", "ABP": "mmHg"}),
        ("b", {"PLETH": "NU", "ABP": "mmHg", "V": "mV"}),
    ):
        ecg = simulate_ecg(30.0, 100.0, seed=len(channels)).signal_mv
        of_unit = {"mV": ecg, "mmHg": 90 + 40 * ecg, "NU": 0.3 * ecg}
        recording = Recording.from_arrays(
            np.stack([of_unit[unit] for unit in channels.values()]),
            100.0,
            channel_names=list(channels),
            units=list(channels.values()),
        )
        write_recording(folder / "db" / f"{name}.csv", recording)
    options = RecordingSetOptions(database=database("own"), split="subjects", fs_hz=100.0, kinds=KINDS)
    return prepare_recordings(folder / "db", folder / "set", options)


def read(source, number, length):
    at = torch.tensor([number])
    return source.read(at, torch.zeros(1).long(), torch.ones(1, dtype=torch.float64), length)


def test_each_lead_is_read_in_its_unit(several):
    source = TrainingRecordings(several)
    assert source.kinds.tolist() == [["ecg", "pressure", ""], ["ecg", "ppg", "pressure"]]
    assert source.beat_kinds.tolist() == ["ecg", "ecg"]
    for number in range(2):
        expected = several.recording(number).signal
        signal, observed = read(source, number, expected.shape[1])
        assert signal.shape == (1, 3, expected.shape[1])
        np.testing.assert_array_equal(signal[0, : len(expected)].numpy(), expected)
        assert not observed[0, len(expected) :].any()
        assert not signal[0, len(expected) :].any()
    assert several.recording(0).signal[1].max() > 50


def test_an_ecg_is_read_as_it_is_in_mv(tmp_path):
    recordings = RecordingSet.open(write_recording_set(tmp_path / "set"))
    source = TrainingRecordings(recordings)
    assert source.kinds.tolist() == [["ecg", "ecg"]] * 3
    stored = torch.from_numpy(np.array(recordings.parts[0].signal[: 2 * 4000].reshape(1, 2, 4000)))
    signal, observed = read(source, 0, 4000)
    assert torch.equal(signal[observed], (stored.float() / 1000)[observed])
    assert observed[:, :, :-1].all()


def test_a_model_takes_the_signals_of_its_kinds(several):
    several = replace(several, index=several.index.assign(partition=["validation", "train"]))
    ecg = GapBatchSource([several], "train", tiny_config()).draw(np.random.default_rng(0), 32).inputs
    assert set(ecg.kind.tolist()) == {0}
    assert (ecg.signal.abs().amax(dim=1) < 20).all()
    config = tiny_config(MONITOR, companions=1.0)
    both = GapBatchSource([several], "train", config).draw(np.random.default_rng(0), 64).inputs
    kinds = [config.candidates.kinds[kind] for kind in both.kind.tolist()]
    assert {"ecg", "pressure"} <= set(kinds)
    has_companion = both.companion_observed.any(dim=2)
    assert has_companion.any()
    for kind, signal, companions, observed in zip(
        kinds, both.signal, both.companions, has_companion, strict=True
    ):
        assert bool(signal.max() > 20) == (kind == "pressure")
        for name, companion, is_there in zip(config.candidates.companions, companions, observed, strict=True):
            assert bool(companion.max() > 20) == (name == "pressure" and bool(is_there))


def test_a_set_without_signals_of_the_model_is_refused(several):
    candidates = replace(tiny_config().candidates, kinds=("respiration",))
    with pytest.raises(DiffecgError, match=r"have ecg, ppg, pressure at 100 Hz.* needs respiration"):
        check_sets([several], candidates)


@pytest.mark.parametrize("alone", [0, 2])
def test_gaps_of_several_kinds_are_those_of_imputation(several, alone, monkeypatch):
    several = replace(several, index=several.index.assign(partition=["validation", "train"]))
    config = tiny_config(replace(MONITOR, alone=alone), companions=0.7)
    candidates = config.candidates
    source, rng = TrainingRecordings(several), np.random.default_rng(0)
    groups = draw_groups(rng, source, np.array([1] * 20), candidates, virtual=0.0, inverted=0.0)
    groups = replace(groups, beats=groups.beats.round())
    gaps = draw_gaps(rng, groups, 4, candidates, config.training)
    starts = search_batch(groups, gaps, candidates)
    batch = cut_batch(groups, gaps, starts, config)
    checked = set()
    for group, number in gaps.is_valid.nonzero().tolist():
        there = torch.nonzero(groups.observed[group].any(dim=1))[:, 0].tolist()
        signal = torch.where(groups.observed[group], groups.signal[group], torch.nan).numpy()
        own = candidates.kinds[int(groups.kind[group])]
        kinds = [own, *candidates.companions]
        through = gaps.through_gap[group, number].tolist()
        companions = tuple(row + 1 if seen else None for row, seen in enumerate(through))
        samples = slice(int(gaps.start[group, number]), int(gaps.stop[group, number]))
        is_forecast = bool(gaps.is_forecast[group, number])
        used = [0, *(row for row in companions if row is not None)]
        known = signal[used, : samples.stop if is_forecast else None].copy()
        known[0, samples] = np.nan
        expected = search_analogues_of(known, [kinds[row] for row in used], samples, candidates)
        found = starts[group, number].numpy()
        np.testing.assert_array_equal(np.sort(found[found >= 0]), np.sort(expected))

        shows = [row for row in companions if row is not None and groups.shows_beats[group, row]]
        gap = Gap(
            row=0,
            samples=samples,
            companions=companions,
            beats=shows[0] if shows else 0,
            is_forecast=is_forecast,
        )
        beats = groups.beats[group].numpy()
        monkeypatch.setattr(
            gap_window, "_heartbeats", lambda *_, beats=beats: beats[np.isfinite(beats)].astype(int)
        )
        window = window_samples(gap, candidates, config.network.n_fft // 2)
        one = cut_gap_window(signal, kinds, gap, found[found >= 0], candidates, window)
        row = group * gaps.start.shape[1] + number
        assert_same_window(batch.inputs, row, one, atol=2e-3)
        checked.add((own, len(used) > 1, is_forecast))
        assert there[0] == 0
    assert {"ecg", "ppg", "pressure"} == {kind for kind, *_ in checked}
    assert {True, False} == {has_partner for _, has_partner, _ in checked}


def search_analogues_of(signal, kinds, gap, candidates):
    """The analogues of a gap of the first signal, as imputation finds them."""
    rows = range(len(signal))
    companions = {0: tuple(rows)[1:]}
    return gap_search._search(signal, kinds, gap, [0], companions, candidates, 1800.0)
