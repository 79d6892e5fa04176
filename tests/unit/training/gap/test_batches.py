"""Batches of gaps: the same analogues and windows as those of one gap, virtual recordings, and places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gap_cases import assert_same_window, tiny_config, write_recording_set

from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.signal.analogue_search import search_analogues
from diffecg.training.gap.batches import GapBatchSource, cut_batch
from diffecg.training.gap.places import Gaps, draw_gaps
from diffecg.training.gap.recordings import TrainingRecordings
from diffecg.training.gap.search import search_batch
from diffecg.training.gap.signals import SignalGroups, draw_groups
from diffecg.transform import gap_window
from diffecg.transform.gap_window import Gap, cut_gap_window, window_samples

CONFIG = tiny_config()
KINDS = ("ecg", "ecg")
CANDIDATES, TRAINING = CONFIG.candidates, CONFIG.training


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> RecordingSet:
    return RecordingSet.open(write_recording_set(tmp_path_factory.mktemp("sets") / "set"))


def signal_groups(recordings: RecordingSet, *, virtual: float = 0.0, seed: int = 0) -> SignalGroups:
    source = TrainingRecordings(recordings)
    numbers = np.arange(len(source))
    rng = np.random.default_rng(seed)
    return draw_groups(rng, source, numbers, CANDIDATES, virtual=virtual, inverted=0.0)


def with_missing(groups: SignalGroups) -> SignalGroups:
    """Return the recordings with some missing samples in both leads."""
    observed = groups.observed.clone()
    observed[0, 0, 1500:1540] = False
    observed[1, 1, 2000:2005] = False
    signal = torch.where(observed, groups.signal, 0.0)
    return SignalGroups(**{**vars(groups), "signal": signal, "observed": observed})


def as_recording(groups: SignalGroups, number: int) -> np.ndarray:
    """Return both leads with NaN at missing samples."""
    signal = torch.where(groups.observed[number], groups.signal[number], torch.nan)
    return signal[:, : int(groups.samples[number])].numpy()


def flat_gaps(gaps: Gaps) -> list[tuple[int, int, Gap]]:
    return [
        (
            recording,
            number,
            Gap(
                row=0,
                samples=slice(int(gaps.start[recording, number]), int(gaps.stop[recording, number])),
                companions=(1,) if gaps.through_gap[recording, number, 0] else (None,),
                beats=int(gaps.shows_beats[recording, number]),
                is_forecast=bool(gaps.is_forecast[recording, number]),
            ),
        )
        for recording, number in gaps.is_valid.nonzero().tolist()
    ]


@pytest.mark.parametrize("virtual", [0.0, 1.0])
def test_analogues_and_windows_are_those_of_one_gap(
    recordings: RecordingSet, virtual: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = with_missing(signal_groups(recordings, virtual=virtual))
    groups = SignalGroups(
        **{**vars(groups), "beats": groups.beats.round()}
    )  # those of a recording are integers
    gaps = draw_gaps(np.random.default_rng(1), groups, 12, CANDIDATES, TRAINING)
    starts = search_batch(groups, gaps, CANDIDATES)
    batch = cut_batch(groups, gaps, starts, CONFIG)
    cases = flat_gaps(gaps)
    assert len(cases) >= 30
    assert {gap.companions for *_, gap in cases} == {(None,), (1,)}
    assert {gap.is_forecast for *_, gap in cases} == {False, True}
    for recording, number, gap in cases:
        signal_mv = as_recording(groups, recording)
        known = signal_mv[
            : 1 if gap.companions == (None,) else 2, : gap.samples.stop if gap.is_forecast else None
        ]
        expected = search_analogues(known, gap.samples, row=0, fs_hz=100.0, count=CANDIDATES.analogues)
        found = starts[recording, number].numpy()
        assert sorted(found[found >= 0]) == sorted(expected.start)

        # R peaks are given here, where imputation detects them.
        peaks = groups.beats[recording].numpy()
        monkeypatch.setattr(
            gap_window, "_heartbeats", lambda *_, peaks=peaks: peaks[np.isfinite(peaks)].astype(int)
        )
        window = window_samples(gap, CANDIDATES, CONFIG.network.n_fft // 2)
        one = cut_gap_window(signal_mv, KINDS, gap, found[found >= 0], CANDIDATES, window)
        row = recording * gaps.start.shape[1] + number
        assert_same_window(batch.inputs, row, one, atol=1e-4)
        inside = slice(gap.samples.start - window.start, gap.samples.stop - window.start)
        np.testing.assert_allclose(batch.truth[row, inside], signal_mv[0, gap.samples])


def test_recordings_are_read_between_samples(recordings: RecordingSet) -> None:
    source = TrainingRecordings(recordings)
    expected = recordings.recording(1).signal_mv
    tempo = torch.tensor([0.77], dtype=torch.float64)
    signal_mv, observed = source.read(torch.tensor([1]), torch.tensor([100]), tempo, 6000)
    at = 100 + 0.77 * np.arange(6000)
    inside = at <= 3999
    np.testing.assert_array_equal(observed[0].all(dim=0).numpy(), inside)
    interpolated = [np.interp(at[inside], np.arange(4000), lead) for lead in expected]
    np.testing.assert_allclose(signal_mv[0, :, inside], interpolated, atol=1e-5)
    peaks = source.beats(torch.tensor([1]), torch.tensor([100]), tempo, 6000)[0].numpy()
    found = peaks[np.isfinite(peaks)] * 0.77 + 100
    original = recordings.recording(1).r_peaks
    np.testing.assert_allclose(found, original[original >= 100])


def test_a_virtual_lead_combines_leads_at_another_tempo(recordings: RecordingSet) -> None:
    source = TrainingRecordings(recordings)
    groups = signal_groups(recordings, virtual=1.0, seed=3)
    original, _ = source.read(torch.arange(2), torch.zeros(2).long(), torch.ones(2), 4000)
    for recording in range(2):
        samples = int(groups.samples[recording])
        # The tempo is known from the number of samples only, to one sample in the recording.
        tempos = np.linspace(4000 / samples, 4000 / (samples - 1), 9)
        assert 0.79 < tempos[0] < 1.26
        for virtual in groups.signal[recording].numpy():
            residuals = []
            for tempo in tempos:
                at = np.arange(samples - 1) * tempo
                leads = [np.interp(at, np.arange(4000), lead) for lead in original[recording].numpy()]
                _, residual, *_ = np.linalg.lstsq(np.stack(leads, 1), virtual[: samples - 1], rcond=None)
                residuals.append(residual[0])
            assert min(residuals) < 0.01 * np.square(virtual).sum()
            assert 0.05 < virtual[:samples].std() < 1.5
    beats = [int(torch.isfinite(row).sum()) for row in groups.beats]
    rr = [
        float(np.median(np.diff(row[:count]))) for row, count in zip(groups.beats.numpy(), beats, strict=True)
    ]
    plain = signal_groups(recordings).beats.numpy()
    for recording in range(2):
        expected = np.median(np.diff(plain[recording][np.isfinite(plain[recording])]))
        assert rr[recording] * 4000 / int(groups.samples[recording]) == pytest.approx(expected, rel=0.02)


def test_a_gap_is_nowhere_that_samples_are_missing_or_flat(recordings: RecordingSet) -> None:
    groups = with_missing(signal_groups(recordings))
    flat = groups.signal.clone()
    flat[:, 0, 2500:3000] = 0.2
    groups = SignalGroups(**{**vars(groups), "signal": flat})
    gaps = draw_gaps(np.random.default_rng(0), groups, 100, CANDIDATES, TRAINING)
    assert 0.1 < gaps.is_forecast.float().mean() < 0.3
    assert 0.2 < gaps.through_gap.float().mean() < 0.5
    assert not (gaps.is_forecast[..., None] & gaps.through_gap).any()
    for recording, _, gap in flat_gaps(gaps):
        signal_mv = as_recording(groups, recording)
        after = 0 if gap.is_forecast else 30
        near = signal_mv[
            : 1 if gap.companions == (None,) else 2, gap.samples.start - 30 : gap.samples.stop + after
        ]
        assert np.isfinite(near).all()
        assert near[0].std() > 0.009


def test_batches_follow_from_the_generator_and_hide_what_is_missing(recordings: RecordingSet) -> None:
    source = GapBatchSource([recordings], "train", CONFIG, virtual=0.5)
    one, again, other = (source.draw(np.random.default_rng(seed), 32) for seed in (0, 0, 1))
    for name, values in vars(one.inputs).items():
        assert torch.equal(values, getattr(again.inputs, name))
    assert len(one) == len(other) == 32
    assert not torch.equal(one.truth, other.truth)
    assert not (one.inputs.observed & one.inputs.missing).any()
    assert (one.inputs.signal[one.inputs.missing] == 0).all()
    assert (one.inputs.candidates[~one.inputs.valid] == 0).all()


def test_shares_of_folders_are_kept(recordings: RecordingSet, tmp_path: Path) -> None:
    loud = tmp_path / "loud"
    write_recording_set(loud, duration_s=120.0)
    sets = [recordings, RecordingSet.open(loud)]
    config = tiny_config(shares=(1.0, 3.0))
    counts: list[int] = []
    source = GapBatchSource(sets, "train", config)
    draw = source._draw
    source._draw = lambda rng, part, count: counts.append(count) or draw(rng, part, count)
    source.draw(np.random.default_rng(0), 32)
    assert counts == [8, 24]
    with pytest.raises(DiffecgError, match="1 share"):
        GapBatchSource(sets, "train", tiny_config(shares=(1.0,)))


def test_recordings_that_are_too_short_are_refused(tmp_path: Path) -> None:
    short = RecordingSet.open(write_recording_set(tmp_path / "set", duration_s=0.4))
    with pytest.raises(DiffecgError, match="no gap with analogues"):
        GapBatchSource([short], "train", CONFIG).draw(np.random.default_rng(0), 4)


def test_a_set_without_validation_is_refused(tmp_path: Path) -> None:
    folder = write_recording_set(tmp_path / "set", ("train",))
    with pytest.raises(DiffecgError, match="partition 'validation'"):
        GapBatchSource([RecordingSet.open(folder)], "train", CONFIG)
