"""All sections of the report on a synthetic set, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from diffecg._version import __version__
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation import fidelity as fidelity_section
from diffecg.evaluation.generation import physiology as physiology_section
from diffecg.evaluation.generation import privacy as privacy_section
from diffecg.evaluation.generation import utility as utility_section
from diffecg.evaluation.generation.comparison import cleaned, matched, shared_classes
from diffecg.evaluation.generation.encoder import load_encoder
from diffecg.evaluation.generation.physiology import Measures
from diffecg.evaluation.generation.privacy import Suspect
from diffecg.evaluation.generation.rows import MetricRow

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

_MADE_BY = ("model", "weights_sha256", "sampler", "steps", "diffecg")

SECTIONS = ("fidelity", "physiology", "privacy", "utility")


@dataclass(frozen=True)
class Settings:
    """What is computed."""

    sections: tuple[str, ...] = SECTIONS
    """Sections of the report."""
    partition: str = "validation"
    """Partition of prepared windows that the synthetic ones are compared with."""
    resampling: bool = False
    """Whether synthetic windows may be brought to the rate of the real ones."""
    seeds: int = 5
    """How often sets are drawn anew, and classifiers of each kind."""
    bootstraps: int = 20
    """How often recordings are drawn anew."""
    most: int = 2000
    """Most windows of a class on either side of a comparison."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """The report on a synthetic set."""

    rows: list[MetricRow]
    notes: list[str]
    """What was left out, and what the reader must know."""
    about: dict[str, Any]
    """Sets, split, class map, encoder, seeds, version."""
    synthetic: Windows
    """What was judged, after cleaning."""
    real: Windows
    """What it was judged against."""
    suspects: list[Suspect] = field(default_factory=list)
    measured: dict[str, tuple[Measures, Measures]] = field(default_factory=dict)
    """Measures of synthetic and real beats, by class."""

    def to_dict(self) -> dict[str, Any]:
        """Return what ``report.json`` holds."""
        return {"about": self.about, "notes": self.notes, "rows": [asdict(row) for row in self.rows]}


def evaluate(
    synthetic: Windows,
    reference: Windows,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
) -> Report:
    """Return the report on a synthetic set.

    With prepared windows as the reference, fidelity and physiology compare with ``settings.partition``, utility
    trains on ``train`` and tests on ``test``, and privacy asks whether ``train`` shows through more than
    ``validation``. A reference without parts has no utility and no privacy.

    Args:
        synthetic: the windows to judge.
        reference: real windows.
        settings: what is computed.
        progress: called with steps done and in all.

    Raises:
        DiffecgError: the sets cannot be compared, or a section needs a library that is not installed.
    """
    settings = settings or Settings()
    wrong = sorted(set(settings.sections) - set(SECTIONS))
    if wrong:
        raise DiffecgError(f"unknown section {wrong[0]!r}; choose of {', '.join(SECTIONS)}")
    if settings.seeds < 2:
        raise DiffecgError(f"{settings.seeds} seeds have no spread; use at least 2")
    synthetic = matched(synthetic, reference, resampling=settings.resampling)
    synthetic, notes = cleaned(synthetic, "synthetic")
    reference, more = cleaned(reference, "real")
    real = reference if reference.partitions is None else reference.partition(settings.partition)
    shared = shared_classes(real, synthetic)
    if not shared:
        raise DiffecgError(
            f"synthetic classes {_named(synthetic)} and real classes {_named(real)} have none in common"
        )
    notes += [*more, *_differences(synthetic, real), *_overlap(synthetic, reference, settings)]
    train, held_out, test = (
        reference.partition(name) if reference.has_partition(name) else None for name in PARTITIONS
    )
    averaged = real if train is None else _completed(train, real)
    total = _steps(settings, len(shared))
    done = 0

    def advance(_: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done, total), total)

    rows: list[MetricRow] = []
    suspects: list[Suspect] = []
    measured: dict[str, tuple[Measures, Measures]] = {}
    if "fidelity" in settings.sections:
        rows += fidelity_section.fidelity(
            synthetic,
            real,
            averaged,
            seeds=settings.seeds,
            bootstraps=settings.bootstraps,
            most=settings.most,
            advance=advance,
        )
    if "physiology" in settings.sections:
        found, measured = physiology_section.physiology(
            synthetic, real, averaged, seeds=settings.seeds, advance=advance
        )
        rows += found
    if "privacy" in settings.sections:
        if train is None or held_out is None:
            notes.append("privacy is undefined: the reference does not tell training from held-out windows")
        else:
            found, suspects = privacy_section.privacy(
                synthetic, train, held_out, seeds=settings.seeds, advance=advance
            )
            rows += found
    if "utility" in settings.sections:
        if train is None or test is None or held_out is None or shared == [UNKNOWN]:
            notes.append("utility is undefined: it needs classes, and windows to train and to test on")
        else:
            rows += utility_section.utility(
                synthetic, train, test, held_out, seeds=settings.seeds, advance=advance
            )
    about = _about(synthetic, real, reference, settings)
    return Report(
        rows=rows,
        notes=notes,
        about=about,
        synthetic=synthetic,
        real=real,
        suspects=suspects,
        measured=measured,
    )


def _completed(train: Windows, real: Windows) -> Windows:
    """Return ``train`` with the windows of ``real`` of the classes that it lacks."""
    lacking = ~np.isin(real.labels, train.classes())
    return concatenate([train, real.take(lacking)]) if lacking.any() else train


def _steps(settings: Settings, classes: int) -> int:
    each = {"fidelity": classes + (classes > 1), "physiology": classes, "privacy": classes}
    total = sum(each.get(name, 0) for name in settings.sections)
    return total + (utility_section.steps(settings.seeds) if "utility" in settings.sections else 0)


def _about(synthetic: Windows, real: Windows, reference: Windows, settings: Settings) -> dict[str, Any]:
    made, taken = synthetic.info, reference.info
    return {
        "synthetic": {
            **{key: made[key] for key in _MADE_BY if key in made},
            "windows": {label: int((synthetic.labels == label).sum()) for label in synthetic.classes()},
        },
        "real": {
            **{key: taken[key] for key in ("database", "version") if key in taken},
            "partition": settings.partition if reference.partitions is not None else None,
            "windows": {label: int((real.labels == label).sum()) for label in real.classes()},
            "recordings": None if real.recordings is None else len(np.unique(real.recordings)),
        },
        "split": taken.get("split"),
        "label_map": taken.get("label_map"),
        "fs_hz": real.fs_hz,
        "samples": int(real.signal_mv.shape[2]),
        "seeds": settings.seeds,
        "bootstraps": settings.bootstraps,
        "most_windows": settings.most,
        "encoder_sha256": load_encoder()[1],
        "diffecg": __version__,
        "notice": "Not a medical device.",
    }


def _differences(synthetic: Windows, real: Windows) -> list[str]:
    """Return sentences on classes that only one set has, and on amplitudes that cannot be millivolts."""
    made, taken = synthetic.classes(), real.classes()
    notes = [
        f"class {label}: no {name} windows, so it is left out"
        for name, has, other in (("synthetic", made, taken), ("real", taken, made))
        for label in other
        if label not in has
    ]
    ratio = float(np.std(synthetic.signal_mv) / np.std(real.signal_mv))
    if not 0.2 < ratio < 5:
        notes.append(
            f"the synthetic windows vary {ratio:.2g} times as much as the real ones; both must be in mV"
        )
    return notes


def _overlap(synthetic: Windows, reference: Windows, settings: Settings) -> list[str]:
    """Return sentences on a reference that the generator may have seen."""
    notes = []
    if settings.partition == "train" and reference.partitions is not None:
        notes.append(
            "the reference is the training partition: its windows are what the generator learnt from, so that "
            "copies look perfect here; the held-out minutes are --partition validation"
        )
    real = reference if reference.partitions is None else reference.partition(settings.partition)
    seen = {window.tobytes() for window in np.round(real.signal_mv, 4)}
    copies = sum(window.tobytes() in seen for window in np.round(synthetic.signal_mv, 4))
    if copies:
        notes.append(f"{copies} synthetic windows are copies of windows of the reference")
    return notes


def _named(windows: Windows) -> str:
    return ", ".join(windows.classes())
