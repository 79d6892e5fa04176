"""Augmentation adds rare labels and keeps real windows unchanged."""

import numpy as np
import pytest

from diffecg.config.schema import WindowConfig
from diffecg.datasets.folder import write_folder
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.loading import open_windows
from diffecg.datasets.prepare import prepare
from diffecg.inference.augment import missing_counts


@pytest.mark.parametrize(
    ("to_ratio", "expected"),
    [(1.0, {"S": 60, "V": 90}), (0.2, {"V": 10}), (2.0, {"N": 100, "S": 160, "V": 190})],
)
def test_each_label_reaches_the_ratio(to_ratio, expected):
    assert missing_counts({"N": 100, "S": 40, "V": 10}, to_ratio) == expected


def test_augmented_windows_contain_the_real_ones(run, runs, windows, tmp_path):
    out = tmp_path / "balanced"
    model = str(runs["beat"])
    arguments = ("augment", str(windows["beat"]), "--model", model, "--steps", "2", "--out", str(out))
    status, text, _ = run(*arguments)
    assert status == 0
    assert "synthetic windows added" in text
    before, after = open_windows(windows["beat"]), open_windows(out)
    assert np.array_equal(after.signal_mv[: len(before)], before.signal_mv)
    added = after.index.iloc[len(before) :]
    assert added["synthetic"].all()
    assert not after.index["synthetic"][: len(before)].any()
    assert set(added["partition"]) == {"train"}
    counts = after.partition("train").index["label"].value_counts()
    assert len({counts[label] for label in ("N", "V", "F", "S") if label in counts}) == 1
    assert added["sample"].tolist() == list(range(len(added)))
    assert read_windows(out).partition("train").signal_mv.shape[0] == counts.sum()


def test_invalid_requests_are_refused(run, runs, database, windows, tmp_path):
    out, short = str(tmp_path / "out"), tmp_path / "short"
    write_folder(prepare(database, WindowConfig(length=100, before=50)).windows, short)
    for data, ratio, words in (
        (short, "1", "the preset of the model"),
        (windows["beat"], "0", "must be above 0"),
        (windows["beat"], "1e-6", "choose a larger ratio"),
    ):
        status, _, error = run(
            "augment", str(data), "--model", str(runs["beat"]), "--to-ratio", ratio, "--out", out
        )
        assert status == 1
        assert words in error
    assert not (tmp_path / "out").exists()
