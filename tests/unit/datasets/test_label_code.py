"""Labels as weights of the rows of an embedding."""

import numpy as np
import pytest

from diffecg.datasets.label_code import LabelCode
from diffecg.datasets.labels import check_label
from diffecg.errors import DiffecgError


def test_one_label_has_one_row_that_names_its_morphology():
    code = LabelCode(labels=("N", "V"), morphologies=2)
    assert code.rows == 7
    weights = code.encode(["N", "V", "V", None, "Q"], [-1, -1, 1, 0, 0])
    assert weights.argmax(axis=1).tolist() == [1, 4, 6, 0, 0]
    assert (weights.sum(axis=1) == 1).all()


def test_several_labels_are_complete_or_leave_others_unknown():
    code = LabelCode(labels=("NORM", "MI", "AFIB"), several=True)
    weights = code.encode([None, "MI", "MI+AFIB", ("MI",), ("MI", "AFIB", "other"), ()])
    assert weights.tolist() == [
        [1, 0, 0, 0],
        [1, 0, 1, 0],
        [1, 0, 1, 1],
        [0, 0, 1, 0],
        [0, 0, 1, 1],
        [0, 0, 0, 0],
    ]
    assert weights.dtype == np.float32


def test_unknown_labels_are_named():
    check_label("MI+AFIB", ("MI", "AFIB"), "model", several=True)
    check_label(("MI", "AFIB"), ("MI", "AFIB"), "model", several=True)
    check_label("LAO+LAE", ("LAO+LAE",), "model")
    for label in ("MI+XY", ("MI", "XY"), "XY"):
        with pytest.raises(DiffecgError, match=r"unknown label 'XY' for the model model; .* MI, AFIB"):
            check_label(label, ("MI", "AFIB"), "model", several=True)
    with pytest.raises(DiffecgError, match=r"unknown label 'N\+V'"):
        check_label("N+V", ("N", "V"), "model")
