"""The studies: cells are computed once, scores agree with scikit-learn, small versions run to the end."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import ttest_rel
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from diffecg.cli import app
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation import classifiers
from research.cli import study as studies
from research.rivals.train import train_peer
from research.studies import confusion, sources, strategies
from research.studies.beats import beats_of
from research.studies.grid import Cell, run_cells
from research.studies.makers import PEERS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers
LABELS = ["N", "S", "V", "F"]


@pytest.fixture
def beats():
    """Beats of four classes that differ in height, with RR intervals, of four recordings."""
    rng = np.random.default_rng(0)
    labels = np.repeat(LABELS, [40, 10, 20, 6])
    height = np.array([LABELS.index(label) for label in labels]) - 1.5
    bump = np.exp(-0.5 * ((np.arange(64) - 32) / 4) ** 2)
    signal_mv = height[:, None, None] * bump + 0.05 * rng.standard_normal((len(labels), 1, 64))
    recordings = rng.choice(["a", "b", "c", "d"], len(labels))
    before_s, after_s = rng.uniform(0.5, 1.0, (len(labels), 2)).T
    return Windows.from_arrays(
        signal_mv.astype(np.float32),
        90.0,
        labels,
        r_peak=32,
        recording=recordings,
        rr_before_s=before_s,
        rr_after_s=after_s,
    )


@pytest.fixture
def study(capsys):
    """Run ``python -m research`` in this process; return (status, stdout, stderr)."""

    def call(*arguments):
        status = 0
        try:
            app.run(studies, [str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    return call


def cells_that_count(computed, names="abc", fails=()):
    def compute(name):
        computed.append(name)
        if name in fails:
            raise KeyboardInterrupt
        return {"value": name}

    return [Cell(f"cell {name}; 100 %", lambda name=name: compute(name)) for name in names]


def test_a_finished_cell_is_never_computed_again(tmp_path):
    computed = []
    with pytest.raises(KeyboardInterrupt):
        run_cells(tmp_path / "study", {"x": (1, 2)}, cells_that_count(computed, fails="b"))
    assert computed == ["a", "b"]
    results = run_cells(tmp_path / "study", {"x": (1, 2)}, cells_that_count(computed))
    assert computed == ["a", "b", "b", "c"]
    assert results == {f"cell {name}; 100 %": {"value": name} for name in "abc"}
    assert run_cells(tmp_path / "study", {"x": [1, 2]}, cells_that_count(computed)) == results
    assert len(computed) == 4


def test_a_study_of_other_settings_is_refused(tmp_path):
    run_cells(tmp_path / "study", {"seeds": 5, "data": "x"}, [])
    with pytest.raises(DiffecgError, match="a study with other seeds"):
        run_cells(tmp_path / "study", {"seeds": 3, "data": "x"}, [])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(DiffecgError, match="holds no study"):
        run_cells(tmp_path / "mine", {}, [])


def test_scores_agree_with_scikit_learn(beats):
    rng = np.random.default_rng(1)
    test = confusion.Unseen(beats, LABELS)
    guess = np.where(rng.random(len(beats)) < 0.6, beats.labels, rng.choice(LABELS[:3], len(beats)))
    counts = np.array(confusion.counted(test, guess))
    assert len(counts) == 4
    pooled = counts.sum(axis=0)
    assert np.array_equal(pooled, confusion_matrix(beats.labels, guess, labels=LABELS))
    one = beats.recordings == "b"
    assert np.array_equal(counts[1], confusion_matrix(beats.labels[one], guess[one], labels=LABELS))
    options = {"labels": LABELS, "zero_division": 0}
    assert confusion.macro_f1(pooled) == pytest.approx(
        f1_score(beats.labels, guess, average="macro", **options)
    )
    found = recall_score(beats.labels, guess, average=None, **options)
    right = precision_score(beats.labels, guess, average=None, **options)
    assert confusion.sensitivity(pooled) == pytest.approx(found)
    assert np.nan_to_num(confusion.predictive_value(pooled)) == pytest.approx(right)
    assert confusion.accuracy(pooled) == pytest.approx((beats.labels == guess).mean())


def test_a_class_that_no_one_has_is_no_zero():
    counts = np.array([[5, 0, 0], [1, 3, 0], [0, 0, 0]])
    assert confusion.macro_f1(counts) == pytest.approx((10 / 11 + 6 / 7) / 2)
    assert np.isnan(confusion.sensitivity(counts)[2])


def test_paired_differences():
    one, other = [0.5, 0.6, 0.55, 0.7], [0.45, 0.58, 0.56, 0.61]
    assert confusion.paired_p(one, other) == pytest.approx(ttest_rel(one, other).pvalue)
    assert confusion.paired_p(one, one) == 1
    rng = np.random.default_rng(0)
    worse = rng.integers(0, 20, (3, 12, 2, 2))
    better = worse.copy()
    better[..., [0, 1], [0, 1]] += 30
    low, high = confusion.difference_interval(better, worse)
    gap = (confusion.macro_f1(better.sum(axis=1)) - confusion.macro_f1(worse.sum(axis=1))).mean()
    assert 0 < low < gap < high
    assert confusion.difference_interval(worse, worse) == (0, 0)


def test_smote_stays_on_lines_between_beats_of_a_class(beats):
    made = sources.smote(beats, {"S": 30, "F": 3}, seed=0)
    assert made.labels.tolist() == ["S"] * 30 + ["F"] * 3
    real = beats.of("S").flat().astype(float)
    for point in made.of("S").flat():
        ends = real[:, None] - real[None]
        along = np.einsum("ijk,jk->ij", ends, point - real) / np.maximum(np.square(ends).sum(axis=2), 1e-9)
        off = np.abs(real[None] + along[..., None] * ends - point).max(axis=2)
        off[(along < -1e-6) | (along > 1 + 1e-6)] = np.inf
        assert off.min() < 1e-5
    alone = beats.take(np.flatnonzero(beats.labels == "F")[:1])
    assert np.array_equal(sources.smote(alone, {"F": 2}, 0).signal_mv, np.repeat(alone.signal_mv, 2, axis=0))


def test_distorted_beats_come_of_their_class_and_keep_their_rr(beats, monkeypatch):
    wanted = {"S": 25, "V": 3}
    made = sources.distorted(beats, wanted, seed=3)
    assert {label: int((made.labels == label).sum()) for label in wanted} == wanted
    assert not np.isin(made.flat()[:, 10], beats.flat()[:, 10]).any()
    assert {tuple(rr) for rr in made.of("S").rr_s} <= {tuple(rr) for rr in beats.of("S").rr_s}
    for name in ("JITTER", "SCALE", "WARP"):
        monkeypatch.setattr(sources, name, 0.0)
    same = sources.distorted(beats, wanted, seed=3)
    assert np.allclose(same.signal_mv, sources.repeated(beats, wanted, 3).signal_mv, atol=1e-6)


def test_strategies_add_what_they_say(beats):
    pool = {"pool": sources.from_pool(beats.without("recording", "rr_before_s", "rr_after_s"))}
    counts = {"N": 40, "S": 10, "V": 20, "F": 6}
    for amount, aim in ((None, dict.fromkeys(LABELS, 40)), (3, {"N": 40, "S": 40, "V": 80, "F": 24})):
        strategy = strategies.Strategy("any", source="pool", amount=amount)
        more = strategies.augmented(beats, strategy, pool, seed=0)
        for label in counts:
            assert int((more.labels == label).sum()) == aim[label]
            assert np.array_equal(more.signal_mv[: len(beats)], beats.signal_mv)
            mine = {tuple(rr) for rr in beats.of(label).rr_s}
            assert {tuple(rr) for rr in more.of(label).rr_s} <= mine  # no class is told by lacking its RR
    assert strategies.augmented(beats, strategies.STRATEGIES[0], pool, 0) is beats
    few = strategies.part_of(beats, 0.1, seed=0)
    assert {label: int((few.labels == label).sum()) for label in counts} == {"N": 4, "S": 2, "V": 2, "F": 2}
    assert strategies.part_of(beats, 1.0, seed=0) is beats


@pytest.mark.parametrize("mode", ["evenly", "as they occur", "weighted"])
def test_modes_see_classes_as_often_as_they_say(beats, mode):
    rows = classifiers._seen(beats.labels, np.random.default_rng(0), 7600, mode)
    share = {label: (beats.labels[rows] == label).mean() for label in LABELS}
    occurs = {label: (beats.labels == label).mean() for label in LABELS}
    aim = dict.fromkeys(LABELS, 0.25) if mode == "evenly" else occurs
    assert share == pytest.approx(aim, abs=0.01)


def test_weights_find_more_of_a_rare_class(beats, monkeypatch):
    monkeypatch.setattr(classifiers, "SEEN", 1280)
    rng = np.random.default_rng(0)
    blurred = replace(beats, signal=beats.signal_mv + rng.normal(0, 1.5, beats.signal_mv.shape).astype("f4"))
    rare = blurred.take(
        (blurred.labels == "N") | ((blurred.labels == "S") & (np.arange(len(beats)) % 2 == 0))
    )
    test = confusion.Unseen(blurred, ["N", "S"])
    kind = "residual CNN"
    plain, weighted = (
        np.array(confusion.confusions(kind, rare, test, range(3), mode)).sum(axis=(0, 1))
        for mode in ("as they occur", "weighted")
    )
    assert confusion.sensitivity(weighted)[1] > confusion.sensitivity(plain)[1]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_goes_on_where_it_stopped_and_draws_by_seed(name, beats, tmp_path):
    def fresh():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return PEERS[name](1, 64, 4)

    first = train_peer(fresh(), beats, tmp_path / "peer", 0.2)
    again = train_peer(fresh(), beats, tmp_path / "peer", 0.2)
    assert again.steps == first.steps > 0
    drawn = first.draw(["N", "F"] * 3, seed=1)
    assert drawn.signal_mv.shape == (6, 1, 64)
    assert np.isfinite(drawn.signal_mv).all()
    assert np.array_equal(again.draw(["N", "F"] * 3, seed=1).signal_mv, drawn.signal_mv)
    assert not np.array_equal(first.draw(["N", "F"] * 3, seed=2).signal_mv, drawn.signal_mv)
    longer = train_peer(fresh(), beats, tmp_path / "peer", first.seconds + 0.1)
    assert longer.steps > first.steps
    assert longer.seconds >= first.seconds + 0.1


def test_a_peer_learns_what_class_means(beats):
    classes = torch.tensor([LABELS.index(label) for label in beats.labels])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        peer = PEERS["conditional VAE"](1, 64, 4)
        for _ in range(150):
            peer.learn(torch.from_numpy(beats.signal_mv), classes)
        with torch.no_grad():
            drawn = peer.eval().draw(torch.arange(4).repeat(20))
    heights = drawn[:, 0, 32].view(20, 4).mean(dim=0)
    assert torch.allclose(heights, torch.tensor([-1.5, -0.5, 0.5, 1.5]), atol=0.3)


@pytest.fixture(scope="module")
def small(windows, tmp_path_factory):
    """Prepared beats, as a user has them."""
    return windows["beat"]


def test_augmentation_from_end_to_end(study, runs, small, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "SEEN", 256)
    command = ["augmentation", "--data", small, "--out", tmp_path / "study", "--model", runs["beat"]]
    command += ["--seeds", 2, "--shares", 0.2, 1, "--pool", 20, "--minutes", 0.002, "--json"]
    status, out, _ = study(*command)
    assert status == 0
    tables = json.loads(out)["tables"]
    disjoint = tables["Patient-disjoint, 100% of the beats: residual CNN"]
    assert [row["strategy"] for row in disjoint] == [one.name for one in strategies.STRATEGIES]
    assert "says nothing about new subjects" in (tmp_path / "study" / "tables.md").read_text()
    assert (tmp_path / "study" / "learning-curve.png").stat().st_size > 10_000
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "study" / "cells").iterdir()}
    assert json.loads(study(*command)[1])["tables"] == tables
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_what_a_study_cannot_use_is_refused(study, windows, tmp_path):
    out = ["--out", tmp_path / "study"]
    status, _, err = study("generators", "--data", windows["strip"], *out)
    assert status == 1
    assert "the windows are strips; this study needs beats" in err
    status, _, err = study("generators", "--data", tmp_path, *out)
    assert status == 1
    assert err.count("\n") == 1
    assert study("nothing")[0] == 2


def test_beats_are_those_of_the_models_classes(small):
    beats = beats_of(open_windows(small))
    assert beats.labels == [label for label in LABELS if label in set(beats.all.labels)]
    assert set(beats.partition("train").recordings) & set(beats.partition("test").recordings) == set()
    with pytest.raises(DiffecgError, match="no windows in the partition 'other'"):
        beats.partition("other")


FEWER = "from diffecg.evaluation.generation import classifiers; classifiers.SEEN = 256; "
MAIN = "from diffecg.cli.app import run; from research.cli import study; run(study)"


@pytest.mark.long
def test_generators_killed_and_started_again(small, runs, tmp_path):
    out = tmp_path / "study"
    settings = ["--minutes", 0.02, "--count", 20, "--seeds", 2, "--models", runs["beat"], "--presets", "beat"]
    arguments = ["generators", "--data", small, "--out", out, *settings, "--threads", 1, "--json"]
    command = [sys.executable, "-c", FEWER + MAIN, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(list(out.glob("cells/*.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {file: file.stat().st_mtime_ns for file in out.glob("cells/*.json")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {file: file.stat().st_mtime_ns for file in finished} == finished
    rows = json.loads(done.stdout)["tables"]["Generators"]
    assert {row["generator"] for row in rows} >= {*PEERS, "preset beat", "SMOTE", "mean beat + noise"}
    assert (out / "beats.png").stat().st_size > 10_000
    assert (out / "reports" / "SMOTE" / "report.html").is_file()


@pytest.mark.long
def test_ablation_from_end_to_end(study, small, runs, tmp_path, monkeypatch):
    from research.studies import ablation, variants

    few = {"Conditions": variants.VARIANTS["Conditions"]}
    monkeypatch.setattr(ablation, "VARIANTS", few)
    command = [
        "ablation",
        "--data",
        small,
        "--out",
        tmp_path / "study",
        "--samples",
        256,
        "--count",
        20,
    ]
    status, out, err = study(
        *command, "--models", runs["beat"], runs["beat"], "--evaluations", 1, 4, "--json"
    )
    assert status == 0, err
    tables = json.loads(out)["tables"]
    assert [row["variant"] for row in tables["Conditions"]] == list(few["Conditions"])
    assert [row["variant"] for row in tables["Class told or not"]] == list(variants.CLASSLESS)
    assert len(tables["Steps against quality"]) == 5
    assert (tmp_path / "study" / "steps-against-quality.png").is_file()


@pytest.mark.long
def test_transfer_from_end_to_end(study, database, small, runs, tmp_path, monkeypatch):
    from research.studies import transfer

    monkeypatch.setattr(classifiers, "SEEN", 256)
    monkeypatch.setattr(transfer, "_LEAST", 5)
    command = ["transfer", "--data", small, "--other", small, "--recordings", database]
    command += ["--out", tmp_path / "study", "--model", runs["beat"], "--strip", runs["strip"], "--seeds", 2]
    status, out, err = study(*command, "--pool", 40, "--minutes", 0.002, "--draws", 2, "--json")
    assert status == 0, err
    tables = json.loads(out)["tables"]
    assert {row["figure"] for row in tables["Distances"]} == set(transfer.SHOWN)
    assert tables["Other database: residual CNN"][-1]["strategy"] == transfer.SYNTHETIC
    assert "Other database: next heartbeat" in tables


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--seeds", "0"], "seeds 0 must be at least 2"),
        (["--shares", "0"], "share 0 must lie above 0"),
        (["--shares", "2"], "share 2"),
    ],
)
def test_settings_that_make_no_study_are_refused(study, windows, tmp_path, more, words):
    status, _, err = study("augmentation", "--data", windows["beat"], "--out", tmp_path / "study", *more)
    assert status == 1
    assert words in err
    assert not (tmp_path / "study").exists()


def test_every_variant_of_the_ablation_can_be_built():
    from diffecg.config.io import with_settings
    from diffecg.config.presets import preset
    from diffecg.model.denoiser import ConditionalDenoiser
    from research.studies import variants

    for group in (*variants.VARIANTS.values(), variants.CLASSLESS):
        for change in group.values():
            small = [*change, "network.width=16"]
            with torch.random.fork_rng():
                ConditionalDenoiser(with_settings(preset("beat"), small))
