"""The evaluation of a set of synthetic windows: all sections in one call."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from diffecg._version import __version__
from diffecg.choices import choices
from diffecg.datasets.label_maps import LABEL_MAP, LABEL_MAP_CODES
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import assumptions, clean_windows, match_labels, match_windows
from diffecg.evaluation.generation.delineation import Measures
from diffecg.evaluation.generation.encoder import load_encoder
from diffecg.evaluation.generation.fidelity import FIDELITY_STEPS, fidelity
from diffecg.evaluation.generation.metrics import MetricRow
from diffecg.evaluation.generation.physiology import PHYSIOLOGY_STEPS, physiology
from diffecg.evaluation.generation.privacy import PRIVACY_STEPS, NearestPair, privacy
from diffecg.evaluation.generation.sets import EvaluationSets, difference_notes, overlap_notes
from diffecg.evaluation.generation.utility import count_steps, utility
from diffecg.evaluation.progress import Progress, ProgressCallback

SECTIONS = ("fidelity", "physiology", "privacy", "utility")
_MODEL_INFO = ("model", "weights_sha256", "sampler", "steps", "diffecg")


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of an evaluation."""

    sections: tuple[str, ...] = SECTIONS
    """Sections of the report: fidelity, physiology, privacy, utility."""
    partition: str = "validation"
    """Partition of prepared windows to compare with."""
    resampling: bool = False
    """Whether synthetic windows may be resampled to the rate of the real ones."""
    seeds: int = 5
    """Number of random subsets that are compared, and of trained classifiers of each kind."""
    bootstraps: int = 20
    """Number of bootstrap draws of the recordings."""
    max_windows: int = 2000
    """Maximum number of windows of a label in each compared subset."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for unknown sections and for a number of seeds without a spread."""
        for section in self.sections:
            if section not in SECTIONS:
                raise DiffecgError(f"unknown section {section!r}; {choices(section, SECTIONS)}")
        if self.seeds < 2:
            raise DiffecgError(f"{self.seeds} seeds have no spread; use at least 2")


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """The evaluation of a set of synthetic windows."""

    about: dict[str, Any]
    """Sets, split, label map, encoder, seeds and version."""
    notes: list[str]
    """Warnings, and the windows and sections that were left out."""
    rows: list[MetricRow]
    synthetic: Windows
    """The synthetic windows, without those that could not be compared."""
    real: Windows
    """The real windows that they were compared with."""
    nearest_pairs: list[NearestPair] = field(default_factory=list)
    """Synthetic windows nearest to a training window, nearest first."""
    measured: dict[str, tuple[Measures, Measures]] = field(default_factory=dict)
    """Measures of synthetic and of real beats, by label."""

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``report.json``."""
        return {"about": self.about, "notes": self.notes, "rows": [asdict(row) for row in self.rows]}

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each metric and label, with the interval as ``lower`` and ``upper``."""
        rows = [asdict(row) for row in self.rows]
        bounds = [row.pop("interval") or (None, None) for row in rows]
        lower, upper = zip(*bounds, strict=True) if bounds else ((), ())
        return pd.DataFrame(rows).assign(lower=lower, upper=upper)


def evaluate(
    synthetic: Windows,
    real: Windows,
    options: EvaluateOptions | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> Report:
    """Evaluate synthetic windows against real ones.

    With prepared windows, fidelity and physiology compare with the partition ``options.partition``, utility
    trains on ``train`` and tests on ``test``, and privacy compares ``train`` with ``validation``. Real
    windows without partitions allow neither utility nor privacy.

    Example:
        >>> import diffecg, numpy as np
        >>> from diffecg.evaluation.generation.report import EvaluateOptions
        >>> rng = np.random.default_rng(0)
        >>> def windows():
        ...     return diffecg.Windows.from_arrays(rng.normal(size=(60, 1, 64)), 128, ["N"] * 60)
        >>> options = EvaluateOptions(sections=("fidelity",), seeds=2, bootstraps=2)
        >>> report = diffecg.evaluate(windows(), windows(), options)
        >>> report.rows[0].metric, report.rows[0].label
        ('sliced Wasserstein, time', 'N')

    Args:
        synthetic: windows to evaluate.
        real: real windows, with or without partitions.
        options: what is computed.
        progress: called with the numbers of finished steps and of all steps.

    Raises:
        DiffecgError: the sets cannot be compared, or a library of the extra ``eval`` is not installed.
    """
    options = options or EvaluateOptions()
    assumed = [*assumptions(synthetic), *assumptions(real)]
    synthetic = match_windows(synthetic, real, resampling=options.resampling)
    synthetic, notes = clean_windows(synthetic, "synthetic")
    real, more_notes = clean_windows(real, "real")
    synthetic, real, label_notes = match_labels(synthetic, real)
    sets = EvaluationSets.of(synthetic, real, options.partition)
    notes = [*dict.fromkeys(assumed), *notes, *more_notes, *label_notes]
    notes += [*difference_notes(sets), *overlap_notes(sets, options.partition)]
    run = _Run(sets=sets, options=options, progress=Progress(_count_steps(sets, options), progress))
    if "fidelity" in options.sections:
        run.add_fidelity()
    if "physiology" in options.sections:
        run.add_physiology()
    if "privacy" in options.sections:
        run.add_privacy()
    if "utility" in options.sections:
        run.add_utility()
    return Report(
        about=_about(sets, real.info, options),
        notes=notes + run.notes,
        rows=run.rows,
        synthetic=sets.synthetic,
        real=sets.real,
        nearest_pairs=run.nearest_pairs,
        measured=run.measured,
    )


@dataclass(kw_only=True, eq=False)
class _Run:
    """Results of the sections as they are computed."""

    sets: EvaluationSets
    options: EvaluateOptions
    progress: Progress
    rows: list[MetricRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nearest_pairs: list[NearestPair] = field(default_factory=list)
    measured: dict[str, tuple[Measures, Measures]] = field(default_factory=dict)

    def add_fidelity(self) -> None:
        self.rows += fidelity(
            self.sets.synthetic,
            self.sets.real,
            self.sets.baseline_source,
            seeds=self.options.seeds,
            bootstraps=self.options.bootstraps,
            max_windows=self.options.max_windows,
            progress=self.progress,
        )

    def add_physiology(self) -> None:
        rows, self.measured = physiology(
            self.sets.synthetic,
            self.sets.real,
            self.sets.baseline_source,
            seeds=self.options.seeds,
            progress=self.progress,
        )
        self.rows += rows

    def add_privacy(self) -> None:
        train, held_out = self.sets.train, self.sets.held_out
        if train is None or held_out is None:
            self.notes.append(
                "privacy is undefined: the real windows have no train and validation partitions"
            )
            return
        rows, self.nearest_pairs = privacy(
            self.sets.synthetic, train, held_out, seeds=self.options.seeds, progress=self.progress
        )
        self.rows += rows

    def add_utility(self) -> None:
        train, held_out, test = self.sets.train, self.sets.held_out, self.sets.test
        if train is None or held_out is None or test is None or self.sets.labels == [UNKNOWN]:
            self.notes.append(
                "utility is undefined: it needs labels and train, validation and test partitions"
            )
            return
        self.rows += utility(
            self.sets.synthetic, train, test, held_out, seeds=self.options.seeds, progress=self.progress
        )


def _count_steps(sets: EvaluationSets, options: EvaluateOptions) -> int:
    labels = len(sets.labels)
    steps = {
        "fidelity": FIDELITY_STEPS * (labels + (labels > 1)),
        "physiology": PHYSIOLOGY_STEPS * labels,
        "privacy": PRIVACY_STEPS * labels,
        "utility": count_steps(options.seeds) * (labels if sets.have_several_labels else 1),
    }
    return sum(steps[section] for section in options.sections)


def _about(sets: EvaluationSets, info: dict[str, Any], options: EvaluateOptions) -> dict[str, Any]:
    synthetic, real = sets.synthetic, sets.real
    return {
        "synthetic": {
            **{key: synthetic.info[key] for key in _MODEL_INFO if key in synthetic.info},
            "windows": synthetic.counts(),
        },
        "real": {
            **{key: info[key] for key in ("database", "version") if key in info},
            "partition": None if real.partitions is None else options.partition,
            "windows": real.counts(),
            "recordings": None if real.recordings is None else len(np.unique(real.recordings)),
        },
        "split": info.get("split"),
        LABEL_MAP: info.get(LABEL_MAP),
        **{key: info[key] for key in (LABEL_MAP_CODES,) if key in info},
        "fs_hz": real.fs_hz,
        "samples": int(real.signal_mv.shape[2]),
        "seeds": options.seeds,
        "bootstraps": options.bootstraps,
        "max_windows": options.max_windows,
        "encoder_sha256": load_encoder()[1],
        "diffecg": __version__,
        "notice": "Not a medical device.",
    }
