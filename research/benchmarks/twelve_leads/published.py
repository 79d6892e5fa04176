"""Published figures; other classifiers and protocols gave them."""

from __future__ import annotations

from research.tables import Table

_STRODTHOFF = "Strodthoff et al. 2021, IEEE J Biomed Health Inform 25(5):1519-1528"
_DCDM = "https://openreview.net/forum?id=iTPbysd9s1"
_SSSD = "Alcaraz and Strodthoff 2023, arXiv 2301.08227"

PUBLISHED = Table(
    title="published",
    note=(
        "Macro-AUROC on real records of fold 10, as published; of the five superclasses unless another label "
        "set is named. Classifiers, leads and numbers of records differ from those above."
    ),
    head=("classifier", "trained on", "macro-AUROC", "source", "differences"),
    rows=[
        ("xresnet1d101", "real", "0.928", _STRODTHOFF, "12 leads"),
        ("fcn_wang", "real", "0.925", _STRODTHOFF, "12 leads"),
        ("wavelet features, network", "real", "0.874", _STRODTHOFF, "12 leads"),
        ("not stated", "DCDM-ECG", "0.885", _DCDM, "8,000 records; the abstract does not state the labels"),
        ("xresnet1d50", "SSSD-ECG", "about 0.84", _SSSD, "71 statements in place of superclasses"),
    ],
)
