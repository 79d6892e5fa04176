"""Imputation by analogues: what it knows, what it admits not to know, and the terms all imputers share."""

import numpy as np
import pytest
from helpers import make_ecg

import diffecg
from diffecg.errors import DiffecgError
from diffecg.inference.analogue_pool import LEAST_POOL, POOL, pool_size
from diffecg.inference.summary import nearest_to_draws
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 100.0
IMPUTER = diffecg.AnalogueImputer()


def ecg(seconds=120, seed=0):
    """Return two leads of a simulated ECG with noise of their own."""
    lead = simulate_ecg(seconds, FS_HZ, seed=seed).signal_mv
    rng = np.random.default_rng(seed)
    return np.stack([lead, 0.6 * lead - 0.2]) + 0.01 * rng.standard_normal((2, len(lead)))


def hide(signal, *gaps):
    """Return the signal without the samples of some (lead, start, stop)."""
    hidden = signal.copy()
    for lead, start, stop in gaps:
        hidden[lead, start:stop] = np.nan
    return hidden


def test_a_gap_of_a_regular_ecg_gets_a_beat_where_it_must_stand():
    signal = ecg()
    hidden = hide(signal, (0, 6000, 6100))
    imputed = IMPUTER.impute(hidden, FS_HZ)
    observed = np.isfinite(hidden)
    for array in (imputed.signal_mv, imputed.mean_mv, imputed.lower_mv, imputed.upper_mv, *imputed.draws_mv):
        assert np.array_equal(array[observed], hidden[observed])
        assert np.isfinite(array).all()
    gap = (0, slice(6000, 6100))
    for array in (imputed.signal_mv, imputed.mean_mv):
        assert np.sqrt(np.square(array - signal)[gap].mean()) < 0.1 < signal[gap].std()
    assert ((imputed.lower_mv <= signal) & (signal <= imputed.upper_mv))[gap].mean() > 0.75
    assert imputed.interval_name == "90 % interval"
    assert imputed.attainable_coverage == 0.9


def test_the_draws_are_analogues_and_one_of_them_is_written():
    """Every draw is a segment of the recording, except for a shift and 50 ms at either end."""
    signal = ecg()[:1]
    imputed = IMPUTER.impute(hide(signal, (0, 6000, 6100)), FS_HZ)
    draws = imputed.draws_mv[:, 0, 6000:6100]
    inner = np.lib.stride_tricks.sliding_window_view(signal[0], 90)
    inner = inner - inner.mean(axis=1, keepdims=True)
    for draw in draws:
        centred = draw[5:-5] - draw[5:-5].mean()
        assert np.abs(inner - centred).max(axis=1).min() < 1e-9
    assert len({draw.tobytes() for draw in draws}) == POOL, "each analogue once"
    written = imputed.signal_mv[0, 6000:6100]
    distances = np.sqrt(np.square(draws[:, None] - draws).mean(axis=2)).sum(axis=1)
    assert np.array_equal(written, draws[distances.argmin()])
    assert imputed.mean_mv[0, 6000:6100] == pytest.approx(draws.mean(axis=0))


def test_a_draw_depends_on_its_seed_alone():
    hidden = hide(ecg(), (0, 3000, 3080), (1, 8000, 8200))
    whole = IMPUTER.impute(hidden, FS_HZ, draws=40, seed=3)
    for k in (0, 17, 39):
        one = IMPUTER.impute(hidden, FS_HZ, draws=1, seed=[whole.seeds[k]])
        assert np.array_equal(one.draws_mv[0], whole.draws_mv[k])
    order = IMPUTER.impute(hidden, FS_HZ, seed=4)
    first = IMPUTER.impute(hidden, FS_HZ, seed=3)
    assert not np.array_equal(order.draws_mv, first.draws_mv)
    both = [{draw[0, 3000:3080].tobytes() for draw in one.draws_mv} for one in (order, first, whole)]
    assert both[0] == both[1] == both[2], "16 draws take each analogue once, more repeat them"
    ranks = [
        [int(np.abs(draw[lead, gap]).sum() * 1e9) for draw in first.draws_mv]
        for lead, gap in ((0, slice(3000, 3080)), (1, slice(8000, 8200)))
    ]
    assert np.argsort(ranks[0]).tolist() != np.argsort(ranks[1]).tolist()


def test_leads_that_are_missing_together_come_from_the_same_place():
    signal = ecg()
    imputed = IMPUTER.impute(hide(signal, (0, 6000, 6100), (1, 6020, 6150)), FS_HZ)
    inner = slice(6030, 6090)
    for draw in (*imputed.draws_mv, imputed.signal_mv):
        shape = np.stack([lead - lead.mean() for lead in draw[:, inner]])
        windows = np.lib.stride_tricks.sliding_window_view(signal, 60, axis=1)
        windows = windows - windows.mean(axis=2, keepdims=True)
        assert np.abs(windows - shape[:, None]).max(axis=(0, 2)).min() < 1e-9


def test_the_other_lead_shows_when_the_beat_comes():
    """A random rhythm: only the lead that is observed through the gap tells where the beats are."""
    rng = np.random.default_rng(0)
    peaks = np.cumsum(rng.integers(60, 140, 200))
    time = np.arange(peaks[-1])
    lead = sum(np.exp(-0.5 * ((time - peak) / 2.0) ** 2) for peak in peaks)
    signal = np.stack([lead, 0.5 * lead]) + 0.01 * rng.standard_normal((2, len(lead)))
    gap = slice(9000, 9200)
    truth = signal[0, gap]
    helped = IMPUTER.impute(hide(signal, (0, 9000, 9200)), FS_HZ).mean_mv[0, gap]
    alone = IMPUTER.impute(hide(signal, (0, 9000, 9200))[0], FS_HZ).mean_mv[gap]
    errors = [np.sqrt(np.square(values - truth).mean()) for values in (helped, alone)]
    assert errors[0] < 0.7 * errors[1]


@pytest.mark.parametrize("gap", [(0, 80), (11_900, 12_000), (0, 1), (11_999, 12_000)])
def test_gaps_at_the_ends_are_imputed_from_one_side(gap):
    signal = ecg()[:1]
    hidden = hide(signal, (0, *gap))
    imputed = IMPUTER.impute(hidden, FS_HZ)
    assert np.isfinite(imputed.draws_mv).all()
    assert (imputed.upper_mv > imputed.lower_mv)[np.isnan(hidden)].all()


def test_a_gap_without_analogues_is_interpolated_and_says_so():
    signal = ecg(3)[0]
    signal[100:220] = np.nan
    imputed = IMPUTER.impute(signal, FS_HZ)
    assert imputed.info["interpolated_gaps"] == 1
    line = np.interp(np.arange(100, 220), [99, 220], signal[[99, 220]])
    assert imputed.mean_mv[100:220] == pytest.approx(line)
    assert np.array_equal(imputed.signal_mv, imputed.mean_mv)
    observed = signal[np.isfinite(signal)]
    width = (imputed.upper_mv - imputed.lower_mv)[100:220]
    assert width == pytest.approx(np.full(120, 2 * 1.6449 * observed.std()), rel=1e-3)


def test_only_wanted_samples_of_the_span_are_imputed():
    hidden = hide(ecg(), (0, 3000, 3080), (0, 5000, 5100), (1, 5000, 5100))
    wanted = np.zeros(hidden.shape, dtype=bool)
    wanted[0, 5000:5100] = True
    part = IMPUTER.impute(hidden, FS_HZ, wanted=wanted, span=slice(4900, 5200))
    assert part.signal_mv.shape == (2, 300)
    assert np.isfinite(part.draws_mv[:, 0]).all()
    assert np.isnan(part.signal_mv[1, 100:200]).all()
    assert np.isnan(part.interval(0.5)[:, 1, 100:200]).all()
    whole = IMPUTER.impute(hidden, FS_HZ, wanted=wanted)
    assert np.array_equal(part.draws_mv[:, 0], whole.draws_mv[:, 0, 4900:5200])
    assert np.isnan(whole.signal_mv[0, 3000:3080]).all()
    with pytest.raises(DiffecgError, match="wanted, of shape"):
        IMPUTER.impute(hidden, FS_HZ, wanted=np.zeros(3, dtype=bool))
    with pytest.raises(DiffecgError, match="span"):
        IMPUTER.impute(hidden, FS_HZ, span=slice(300, 300))


def test_intervals_of_any_coverage_are_nested():
    signal = ecg()[0]
    imputed = IMPUTER.impute(hide(signal[None], (0, 6000, 6100))[0], FS_HZ)
    narrow, wide = imputed.interval(0.5), imputed.interval(0.99)
    gap = slice(6000, 6100)
    assert (wide[0] < narrow[0])[gap].all()
    assert (narrow[1] < wide[1])[gap].all()
    assert np.array_equal(np.stack([imputed.lower_mv, imputed.upper_mv]), imputed.interval(0.9))
    assert np.array_equal(wide[0][:6000], signal[:6000])
    with pytest.raises(DiffecgError, match="coverage 95"):
        imputed.interval(95)


@pytest.mark.parametrize("axes", ["time lead", "window lead time"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_order_of_axes_and_type_gives_the_same(axes, dtype):
    hidden = hide(ecg(30), (0, 1000, 1050)).astype(dtype)
    expected = IMPUTER.impute(hidden, FS_HZ)
    given = hidden.T if axes == "time lead" else np.stack([hidden, hidden[::-1]])
    imputed = IMPUTER.impute(given, FS_HZ)
    assert imputed.axes == axes
    assert imputed.signal_mv.dtype == dtype
    same = imputed.signal_mv.T if axes == "time lead" else imputed.signal_mv[0]
    assert np.array_equal(same, expected.signal_mv)


def test_a_rate_of_another_device_changes_little():
    beats = [make_ecg(0, fs_hz=fs_hz, duration_s=60)[0] for fs_hz in (125.0, 360.0)]
    errors = []
    for signal, fs_hz in zip(beats, (125.0, 360.0), strict=True):
        gap = slice(round(30 * fs_hz), round(30.5 * fs_hz))
        hidden = hide(signal[None], (0, gap.start, gap.stop))
        errors.append(np.sqrt(np.square(IMPUTER.impute(hidden, fs_hz).mean_mv[0] - signal)[gap].mean()))
    assert errors[1] == pytest.approx(errors[0], abs=0.05)


def test_a_forecast_is_what_followed_analogues_of_the_end():
    signal = ecg()
    ahead = IMPUTER.forecast(signal[:, :9000], FS_HZ, horizon_s=0.8)
    assert ahead.signal_mv.shape == (2, 80)
    assert not ahead.observed.any()
    assert ahead.info["task"] == "forecast"
    changed = signal.copy()
    changed[:, 9000:] = 5.0
    again = IMPUTER.forecast(changed[:, :9000], FS_HZ, horizon_s=0.8)
    assert np.array_equal(ahead.draws_mv, again.draws_mv)
    near = diffecg.AnalogueImputer(reach_s=20).forecast(signal[:, :9000], FS_HZ, horizon_s=0.8)
    recent = signal[:, 7000:9000]
    assert np.array_equal(near.draws_mv, IMPUTER.forecast(recent, FS_HZ, horizon_s=0.8).draws_mv)


def test_progress_counts_gaps():
    seen = []
    hidden = hide(ecg(30), (0, 300, 350), (0, 1000, 1050), (1, 320, 340))
    IMPUTER.impute(hidden, FS_HZ, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


HOLED = hide(ecg(20), (0, 500, 600))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: IMPUTER.impute(HOLED * np.nan, FS_HZ), "nothing is observed in lead 0"),
        (lambda: IMPUTER.impute(HOLED * 0 + 0.5, FS_HZ), "flat line at 0.5"),
        (lambda: IMPUTER.impute(np.where(HOLED > 0.8, np.inf, HOLED), FS_HZ), "infinite"),
        (lambda: IMPUTER.impute(HOLED, 0.36), "0.36 Hz"),
        (lambda: IMPUTER.impute(HOLED, FS_HZ, label="V"), "not conditioned on a label such as 'V'"),
        (lambda: IMPUTER.impute(HOLED, FS_HZ, draws=0), "draws 0"),
        (lambda: IMPUTER.impute(HOLED, FS_HZ, coverage=90), "coverage 90"),
        (lambda: IMPUTER.impute(HOLED, FS_HZ, seed=[1, 2], draws=3), "2 seeds for 3 draws"),
        (lambda: IMPUTER.forecast(HOLED, FS_HZ, horizon_s=-1), "horizon -1"),
        (lambda: diffecg.AnalogueImputer(reach_s=0), "reach 0"),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(call, message):
    with pytest.raises(DiffecgError, match=message):
        call()


def test_the_medoid_is_that_of_all_distances():
    draws = np.random.default_rng(0).standard_normal((9, 30))
    distances = np.sqrt(np.square(draws[:, None] - draws).sum(axis=2)).sum(axis=1)
    assert nearest_to_draws(draws, draws) == distances.argmin()
    assert nearest_to_draws(draws[:1], draws[:1]) == 0


def test_short_recordings_have_fewer_analogues():
    assert pool_size(1000, slice(400, 500), 100.0, 1800.0) == 4
    assert pool_size(1000, slice(900, 1000), 100.0, 1800.0) == 4
    assert pool_size(400, slice(100, 300), 100.0, 1800.0) == LEAST_POOL
    assert pool_size(180_000, slice(9000, 9100), 100.0, 1800.0) == POOL
    assert pool_size(180_000, slice(9000, 9100), 100.0, 6.0) == 6
