"""Messages about unknown names suggest similar ones."""

from __future__ import annotations

import pytest

import diffecg
from diffecg import pretrained
from diffecg.choices import MAX_LISTED, choices
from diffecg.config.io import read_any_config
from diffecg.datasets.label_meanings import label_meanings
from diffecg.datasets.labels import check_label
from diffecg.datasets.splits import split
from diffecg.model.finding import find_model
from diffecg.signal.kinds import signal_kind

LABELS = read_any_config(pretrained.folder("ptbxl-beat") / "config.json").labels


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ("LBBB", "CLBBB (complete left bundle branch block)"),
        ("left bundle branch block", "CLBBB (complete left bundle branch block)"),
        ("Right Bundle", "CRBBB (complete right bundle branch block)"),
        ("afib", "AFIB (atrial fibrillation)"),
        ("atrial fibrillation", "AFIB (atrial fibrillation)"),
        ("myocardial infarction", "MI (myocardial infarction)"),
        ("wolff-parkinson", "WPW (Wolff-Parkinson-White syndrome)"),
    ],
)
def test_statements_are_suggested_by_code_and_by_meaning(given, first):
    with pytest.raises(diffecg.DiffecgError) as caught:
        check_label(given, LABELS, "ptbxl-beat", several=True)
    message = str(caught.value)
    assert f"did you mean {first}" in message
    assert message.endswith("diffecg info MODEL lists all labels")
    assert sum(f" {label}" in message for label in LABELS) <= MAX_LISTED


def test_long_lists_are_cut_where_nothing_is_similar():
    text = choices("zzz", map(str, range(40)), all_by="see the list")
    assert text == "choose one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 28 more; see the list"


def test_short_lists_are_complete():
    assert choices("c", ["a", "b"]) == "choose one of a, b"
    assert choices("A", ["a", "b"]) == "choose one of a, b; did you mean a?"
    assert choices("a", []) == "choose one of none"


def test_labels_of_own_data_have_no_meaning():
    assert label_meanings(["N", "V"])["V"] == "ventricular ectopic beat"
    assert label_meanings(["N", "noise"]) == {}


@pytest.mark.parametrize(
    ("find", "given", "meant"),
    [
        (signal_kind, "presure", "pressure"),
        (split, "stric", "strict"),
        (find_model, "mitbih-beats", "mitbih-beat"),
    ],
)
def test_every_registry_suggests(find, given, meant):
    with pytest.raises(diffecg.DiffecgError, match=f"did you mean {meant}"):
        find(given)
