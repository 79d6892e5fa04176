"""The evaluation of synthetic windows: real windows reach the reference, each kind of bad set is detected."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from diffecg.config.presets import preset
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.prepare import prepare
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation import classifiers
from diffecg.evaluation.generation.comparison import clean_windows, match_windows, mean_beats
from diffecg.evaluation.generation.delineation import measure
from diffecg.evaluation.generation.encoder import FEATURES, features, load_encoder
from diffecg.evaluation.generation.fidelity import METRICS, fidelity
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.membership import auc
from diffecg.evaluation.generation.metrics import bootstrap_interval
from diffecg.evaluation.generation.physiology import physiology
from diffecg.evaluation.generation.privacy import privacy
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate
from diffecg.evaluation.generation.utility import classification_scores, utility

CLASSES = ["N", "S", "V"]


@pytest.fixture(scope="module")
def real(mitdb):
    """All prepared beats of three labels."""
    windows = prepare(mitdb, preset("beat").window).windows
    return windows.take(np.isin(windows.labels, CLASSES))


@pytest.fixture
def quick(monkeypatch):
    """A single kind of classifier, trained on fewer beats."""
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 4000)
    monkeypatch.delitem(classifiers.CLASSIFIERS, "recurrent")
    monkeypatch.delitem(classifiers.CLASSIFIERS, "boosted features + RR")


def relabelled(windows, labels):
    """Return the windows with other labels."""
    return replace(windows, index=windows.index.assign(label=labels))


def some(windows, count, seed=0):
    """Return at most ``count`` random windows of each label."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(windows.labels == label))[:count] for label in CLASSES]
    return windows.take(np.concatenate(rows))


def halves(windows, seed=0):
    """Return two disjoint random halves."""
    rows = np.random.default_rng(seed).permutation(len(windows))
    return windows.take(rows[::2]), windows.take(rows[1::2])


def excess(row):
    """Return how much worse than its reference a row is, in multiples of the uncertainty of the reference."""
    worse = (
        row.value - row.reference
        if row.better in ("lower", "as the reference")
        else row.reference - row.value
    )
    worse = abs(row.value - row.reference) if row.better == "1" else worse
    return worse / (0.1 * abs(row.reference) + 2 * (row.reference_spread or 0) + 0.02)


@pytest.mark.long
def test_real_windows_reach_the_reference(real, quick):
    train, held_out, test = (real.partition(name) for name in ("train", "validation", "test"))
    made, reference = halves(held_out)
    rows = fidelity(made, reference, train, max_windows=150, bootstraps=0)
    assert {row.metric for row in rows} == set(METRICS)
    rows += [
        row for row in physiology(made, reference, train, max_windows=150)[0] if row.metric != "RR interval"
    ]
    for row in rows:
        slack = 2.5 if row.section == "physiology" else 2.0
        assert excess(row) < slack, row
    for row in privacy(some(made, 300), some(train, 3000), some(reference, 600))[0]:
        assert abs(row.value - row.reference) < 0.2, row
    made, reference = halves(some(train, 3000))
    for row in utility(made, reference, some(test, 800), some(held_out, 800), seeds=2):
        if row.metric.endswith("macro-F1"):
            assert row.value > row.reference - 0.1, row


@pytest.mark.long
def test_mean_beats_are_worse_on_every_metric(real, quick):
    train, held_out, test = (real.partition(name) for name in ("train", "validation", "test"))
    made = mean_beats(train, np.repeat(CLASSES, 200).tolist())
    rows = fidelity(
        made, train, train, max_windows=200, bootstraps=0
    )  # of held-out S beats there are too few
    for row in rows:
        assert excess(row) > 1, row
        assert row.value == pytest.approx(row.baseline, rel=0.25, abs=0.05)
    rows, _ = physiology(made, held_out, train, max_windows=150)
    for metric in {"R amplitude", "QRS width", "QT interval", "T amplitude"}:
        assert np.mean([excess(row) for row in rows if row.metric == metric]) > 2, metric
    ratios = [r for r in privacy(made, train, held_out)[0] if r.metric == "nearest-neighbour distance ratio"]
    assert all(row.value > 2 * row.reference for row in ratios)
    for row in utility(made, some(train, 3000), some(test, 800), some(held_out, 800), seeds=2):
        if row.metric.startswith("TSTR") and row.metric.endswith("macro-F1"):
            assert row.value < row.reference - 0.1, row


def test_privacy_detects_a_copied_training_set(real):
    train, held_out = real.partition("train"), real.partition("validation")
    copied = some(train, 600)
    rows, pairs = privacy(copied, copied, held_out)
    for row in rows:
        if row.metric == "membership AUC, nearest synthetic beat":
            assert row.value > 0.9
            assert row.reference < 0.6
        if row.metric == "nearest-neighbour distance ratio":
            assert row.value < 0.01
        if row.metric == "nearer to a training beat than any outsider":
            assert row.value > 0.99
    assert pairs[0].distance_mv == pytest.approx(0, abs=1e-3)
    assert np.array_equal(pairs[0].synthetic_mv, pairs[0].training_mv)


@pytest.mark.long
def test_utility_detects_shuffled_labels(real, quick):
    train, test = some(real.partition("train"), 1500), some(real.partition("test"), 800)
    shuffled = relabelled(train, np.random.default_rng(0).permutation(train.labels))
    sets = train, test, some(real.partition("validation"), 800)
    honest = {row.metric: row for row in utility(train, *sets, seeds=2) if row.label == "all"}
    for row in utility(shuffled, *sets, seeds=2):
        if row.metric.startswith(("TSTR", "TRTS")) and row.label == "all":
            assert row.value < honest[row.metric].value - 0.15, row


def waves(count=150, seed=0, labels=("N", "V")):
    """Return simulated beats of several recordings."""
    rng = np.random.default_rng(seed)
    signal, peaks, _ = make_ecg(seed, duration_s=count)
    rows = [signal[p - 128 : p + 128] for p in peaks[2:-2]][:count]
    signals = np.stack(rows)[:, None] + 0.02 * rng.standard_normal((len(rows), 1, 256))
    places = np.arange(len(rows))
    return Windows.from_arrays(
        signals.astype(np.float32),
        360.0,
        np.array(labels)[places % len(labels)],
        r_peak=128,
        recording=np.array(["a", "b", "c", "d"])[places // 2 % 4],
    )


def test_windows_that_cannot_be_compared_are_left_out_and_counted():
    windows = waves()
    signals = windows.signal_mv.copy()
    signals[0, 0, 5] = np.nan
    signals[1] = 0.3
    signals[2:4] = 0.1
    kept, notes = clean_windows(replace(windows, signal=signals), "synthetic")
    assert len(kept) == len(windows) - 4
    assert [note.split(" of ")[0] for note in notes] == ["1", "3"]
    with pytest.raises(DiffecgError, match="no synthetic window"):
        clean_windows(replace(windows, signal=0 * signals), "synthetic")


def test_sampling_rates_are_converted_on_request_only():
    windows = waves()
    slow = replace(windows, signal=windows.signal_mv[..., ::2], fs_hz=180.0, r_peak=64)
    with pytest.raises(DiffecgError, match="--resample"):
        match_windows(slow, windows, resampling=False)
    assert match_windows(slow, windows, resampling=True).signal_mv.shape == windows.signal_mv.shape
    short = replace(windows, signal=windows.signal_mv[..., :200])
    with pytest.raises(DiffecgError, match="1 lead"):
        match_windows(short, windows, resampling=True)
    with pytest.raises(DiffecgError, match="cannot be used together"):
        concatenate([windows, short])


def test_undefined_metrics_have_no_value_and_a_reason():
    made, reference = waves(seed=1), waves(seed=2, labels=("N",) * 9 + ("V",))
    report = evaluate(made, reference, EvaluateOptions(seeds=2))
    few = [row for row in report.rows if row.label == "V"]
    assert few
    assert all(row.value is None and "too few" in row.note for row in few)
    [rr] = [row for row in report.rows if row.metric == "RR interval"]
    assert rr.value is None
    assert rr.note.startswith("undefined")
    assert any(note.startswith("privacy is undefined") for note in report.notes)
    assert any(note.startswith("utility is undefined") for note in report.notes)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_comparison_with_training_windows_is_noted():
    windows = waves()
    partition = np.where(np.arange(len(windows)) % 2, "train", "validation")
    reference = replace(windows, index=windows.index.assign(partition=partition))
    report = evaluate(windows, reference, EvaluateOptions(sections=("fidelity",), partition="train", seeds=2))
    assert any("training partition" in note for note in report.notes)
    assert any("are copies" in note for note in report.notes)
    with pytest.raises(DiffecgError, match="no windows in the partition 'test'"):
        evaluate(windows, reference, EvaluateOptions(partition="test"))


def test_the_page_is_self_contained(tmp_path):
    report = evaluate(
        waves(seed=1), waves(seed=2), EvaluateOptions(sections=("fidelity", "physiology"), seeds=2)
    )
    write_report(report, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/png;base64,") == len(list((tmp_path / "report" / "plots").iterdir())) >= 5
    stored = json.loads((tmp_path / "report" / "report.json").read_text())
    assert stored["about"]["encoder_sha256"] == load_encoder()[1]
    assert all(
        row["reference"] is not None and row["baseline"] is not None for row in stored["rows"] if row["value"]
    )


def test_the_table_has_the_figures_of_the_report(tmp_path):
    report = evaluate(waves(seed=1), waves(seed=2), EvaluateOptions(sections=("fidelity",), seeds=2))
    write_report(report, tmp_path / "report")
    table = pd.read_csv(tmp_path / "report" / "report.csv").set_index(["metric", "label"])
    assert len(table) == len(report.rows)
    for row in report.rows:
        written = table.loc[row.metric, row.label]
        assert written.value == pytest.approx(row.value)
        assert (row.interval or (None, None)) == pytest.approx(
            tuple(None if np.isnan(x) else x for x in (written.lower, written.upper))
        )


def test_the_encoder_is_the_one_named_in_the_reports():
    assert load_encoder()[1] == "aad0e50e41edcf32f02c3d6533325d37af8b81467dd19df515645efc104bb09b"
    windows = waves()
    found = features(windows.signal_mv, windows.fs_hz)
    assert found.shape == (len(windows), FEATURES)
    both = np.concatenate([windows.signal_mv, -windows.signal_mv], axis=1)
    assert np.allclose(features(both, windows.fs_hz)[:, :FEATURES], found)


def test_classification_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth, guess = rng.choice(CLASSES, (2, 500), p=[0.7, 0.1, 0.2])
    found = classification_scores(truth, guess, CLASSES)
    assert found["macro-F1", "all"] == pytest.approx(f1_score(truth, guess, average="macro"))
    for i, label in enumerate(CLASSES):
        oracle = recall_score(truth, guess, average=None, labels=CLASSES)[i]
        assert found["sensitivity", label] == pytest.approx(oracle)
        oracle = precision_score(truth, guess, average=None, labels=CLASSES)[i]
        assert found["positive predictive value", label] == pytest.approx(oracle)
    never = classification_scores(truth, np.full(500, "N"), CLASSES)
    assert np.isnan(never["positive predictive value", "S"])


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(0.5, 1, 80), rng.normal(0, 1, 120).round(1)
    oracle = roc_auc_score([1] * 80 + [0] * 120, np.concatenate([positive, negative]))
    assert auc(positive, negative) == pytest.approx(oracle)


@pytest.mark.parametrize("name", classifiers.CLASSIFIERS)
def test_each_classifier_learns_separable_labels(name, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 4000)
    sets = []
    for seed in (1, 2):
        normal = waves(seed=seed, labels=("N",))
        flipped = relabelled(replace(normal, signal=-normal.signal), "V")
        sets.append(concatenate([normal, flipped]))
    kind = classifiers.CLASSIFIERS[name]
    train, test = (kind.represent(one) for one in sets)
    guess = kind.fit(train, sets[0].labels, 0)(test)
    assert (guess == sets[1].labels).mean() > 0.95
    assert (kind.fit(train, sets[0].labels, 0)(test) == guess).all()


def test_the_delineator_measures_simulated_beats():
    signal, peaks, symbols = make_ecg(3, duration_s=40.0)
    rows = [p - 128 + np.arange(256) for p, s in zip(peaks[1:-1], symbols[1:-1], strict=True) if s == "N"]
    windows = Windows.from_arrays(
        signal[np.array(rows)][:, None].astype(np.float32), 360.0, np.full(len(rows), "N"), r_peak=128
    )
    found = measure(windows)
    height = windows.signal_mv[:, 0, 128] - np.median(windows.signal_mv[:, 0], axis=1)
    assert np.allclose(found["R amplitude"], height, atol=0.25)
    assert 40 < np.nanmedian(found["QRS width"]) < 160
    assert np.nanmean(found["T inverted"]) < 0.2
    assert np.isnan(found["RR interval"]).all()
    strip = Windows.from_arrays(signal[None, None, :3600].astype(np.float32), 360.0)
    rr_s = np.diff(peaks[peaks < 3600]) / 360
    assert np.nanmedian(measure(strip)["RR interval"]) == pytest.approx(np.median(rr_s), abs=0.02)


def test_intervals_are_clipped_to_possible_values():
    rng = np.random.default_rng(0)
    low, high = bootstrap_interval(0.9, rng.normal(0.8, 0.1, 200), (0, 1))
    assert low == pytest.approx(0.9 - 1.96 * 0.1, abs=0.03)
    assert high == 1
    assert bootstrap_interval(0.9, [0.8] * 9, (0, 1)) is None
