"""``python -m research bundle-model``: a trained run as a model of the package, with its card."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from diffecg._version import __version__
from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig
from diffecg.config.schema import Config
from diffecg.datasets.recording_set import RecordingSet
from diffecg.datasets.training_sets import SET
from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.files import WEIGHTS
from diffecg.model.folder import load_network, save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.training.card import as_rows, gap_settings, model_settings
from diffecg.training.checkpoints import read_metrics
from research.models.calibration import fit_kernel_variance
from research.models.card_fields import model_fields
from research.repository import PRETRAINED

MAX_BYTES = 12 * 1024**2

CARD = """{fields}# {name}

A conditional diffusion model of {what}, made with diffecg {version}: an independent
implementation of DiffECG (arXiv 2306.01875), with extensions, not by its authors.

**Not a medical device. Its output is synthetic and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
{settings}
| Weights | {bits}-bit safetensors, {megabytes:.1f} MB, SHA-256 `{digest}` |

## Data

{data}

Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220 (2000).

## Training

```
{prepare}
{train}
```

Seed {seed}, {samples:,} {examples} (repeats included) in the last command, {minutes:.0f} minutes on
{hardware}. Validation loss of the averaged weights: {validation:.4f}.{intervals}

## What it reaches

{results}

## Known limits

{limits}
"""

MITDB_SOURCE = """\
MIT-BIH Arrhythmia Database 1.0.0 (PhysioNet, doi:10.13026/C2F305), licence ODC-By 1.0. Moody GB, Mark
RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol 20(3):45-50 (2001).
"""

LEADS_DATA = """\
PTB-XL 1.0.3 (PhysioNet, doi:10.13026/kfzx-aw45), licence CC BY 4.0, at 100 Hz. Wagner P et al. PTB-XL, a
large publicly available electrocardiography dataset. Scientific Data 7:154 (2020).

Split `folds`: folds 1 to 8, in steps of 5 uV, for training; fold 9 for validation and choices; fold 10 for
nothing but the final evaluation. R peaks are detected in the eight leads together; each recording gives the
average of its dominant beats and up to four of them, two premature and two wide ones."""

SVDB_SOURCE = """
MIT-BIH Supraventricular Arrhythmia Database 1.0.0 (PhysioNet, doi:10.13026/C2V30W), licence ODC-By 1.0.
Greenwald SD. Improved detection and classification of arrhythmias in noise-corrupted electrocardiograms
using contextual information. PhD thesis, Harvard-MIT (1990).
"""

BEAT_DATA = """\

Split `strict`: the first 48 s of every minute of each recording of de Chazal's DS1, without 201 (the same
subject as 202 in DS2) and without paced recordings. The other 12 s are validation. DS2 was used neither for
training nor for choices. Label map: AAMI EC57."""

SVDB_DATA = """

Of the second database, split `svdb-train`: the first 48 s of every minute of two thirds of its 78 subjects,
chosen by a hash of their names; the others are for tests. The number `set` is the database of a beat, 0 or
1."""

GAP_DATA = """\

Split `strict`: recordings of de Chazal's DS1, without 201 (the same subject as 202 in DS2) and without
paced recordings. PTB-XL 1.0.3 (PhysioNet, doi:10.13026/kfzx-aw45), licence CC BY 4.0: folds 1 to 8, in
steps of 5 uV; validation on the first 300 records of fold 9. Wagner P et al. PTB-XL, a large publicly
available electrocardiography dataset. Scientific Data 7:154 (2020). PhysioNet/CinC Challenge 2015,
training set (doi:10.22489/CinC.2015.0411), licence ODC-By 1.0: two ECG leads of 242 recordings, the first
5 minutes, 213 for training and 29 for validation. Clifford GD et al. The PhysioNet/Computing in
Cardiology Challenge 2015: reducing false arrhythmia alarms in the ICU. Computing in Cardiology 42:273-276
(2015). DS2, svdb and fold 10 were used neither for training nor for choices."""

MONITOR_DATA = """\
PhysioNet/CinC Challenge 2015, training set (doi:10.22489/CinC.2015.0411), licence ODC-By 1.0: ECG (II and
V), PPG, and arterial pressure or respiration of 242 recordings from intensive care, the first 5 minutes, at
125 Hz. Clifford GD et al. The PhysioNet/Computing in Cardiology Challenge 2015: reducing false arrhythmia
alarms in the ICU. Computing in Cardiology 42:273-276 (2015).

**The recordings carry no identifiers of subjects, so that the split is by recording** (by a hash of its name:
162 for training, 29 for validation, 51 for testing): a patient may be in several parts.
"""

MONITOR_ECG_DATA = """\
Of this one, the ECG of the recordings of de Chazal's DS1, without 201 (the same subject as 202 in DS2) and
without paced recordings (split `strict`). DS2 and the recordings for testing were used neither for training
nor for choices."""

NOT_EVALUATED = "Not evaluated yet: make report DATA=mitdb/"
NOT_EVALUATED_MONITOR = "Not evaluated yet: python -m research report-monitors monitor/"
NOT_EVALUATED_TWICE = "Not evaluated yet: python -m research beat-models --data beats/ --data svdb-beats/"

BEAT_LIMITS = """\
Half of DS1 was selected for rare events; prevalence is not clinical. F and S come from few subjects. One lead
(MLII), one recorder. The window holds no RR interval, so that an S beat differs by its shape alone.
Generated beats reveal whose beats it was trained on (docs/explanation/privacy.md)."""

SVDB_LIMITS = """\
Half of DS1 was selected for rare events; prevalence is not clinical. F comes from few subjects, nearly all of
DS1. One lead: MLII of one database and the first of the other, recorded at 128 Hz. N and V of DS1 are less
like the real ones than those of mitbih-beat. Without `--condition set=0` (or 1), beats are of either
database, as often as in training."""

LEADS_LIMITS = """\
Adults at rest, one country, recorders of one make. Statements are those of the database, of any
likelihood; age, sex, height and weight follow from them only as they do there. The labels N, S and V of
beats come from an algorithm. 100 Hz: no late potentials, no pacemaker spikes. A beat holds no wander and
little noise; recordings are composed from beats (diffecg compose)."""

GAP_LIMITS = """\
Trained on adults at rest, on patients of intensive care, and on Holter recordings of 21 subjects. It draws
from segments of the recording: where none resembles the gap, the gap is interpolated, and beats of kinds that
the recording does not show are not drawn. Gaps of more than 3 s are longer than those of the training."""

MONITOR_LIMITS = """\
Adults in intensive care, most of whom had an alarm, one challenge, recorders of few makes; signals were
filtered before the release. PPG has no unit, and respiration is the impedance that the monitor shows.
Pressure is imputed at the level around the gap: a change of which neither the surroundings nor the other
signals tell is not foreseen. An ECG that is imputed from the pulse alone has its beats where they were, in
the shape of the recording's other beats: a beat of another origin is not recognised. Do not raise or silence
alarms by it."""


def bundle_model(
    run: Annotated[Path, Parameter(help="Folder of the run; its name becomes the name of the model.")],
    /,
    *,
    prepare: str,
    train: str,
    data: Annotated[tuple[Path, ...], Parameter(n_tokens=1, negative="")] = (),
    hardware: str = "one thread of a two-core machine without GPU",
) -> None:
    """Put a trained run into the package: weights in 16 bits, settings and model card.

    Example: python -m research bundle-model runs/mitbih-beat --prepare "diffecg prepare ..." --train "..."

    Then run make report DATA=mitdb/, or python -m research report-leads ptb-xl/ for ptbxl-beat, which
    evaluates the model and adds the results to its card.

    Args:
        prepare: Command that prepared the windows, for the card.
        train: Commands that trained the model, one a line, for the card.
        data: Recording sets of a model of gaps; those for validation fit the kernel around its draws.
        hardware: What the model was trained on, for the card.
    """
    model = load_network(run)
    intervals = fit_intervals(model, data) if isinstance(model, GapNetwork) else ""
    folder = PRETRAINED / run.name
    folder.mkdir(exist_ok=True)
    save_model(folder, model.config, model.state_dict(), half=True)
    size = (folder / WEIGHTS).stat().st_size
    if size > MAX_BYTES:
        raise DiffecgError(f"the weights of {run} take {size} bytes; at most {MAX_BYTES} are allowed")
    last = [row for row in read_metrics(run) if "validation_loss" in row][-1]
    facts = {
        "bits": 16,
        "prepare": prepare,
        "train": train,
        "parameters": sum(p.numel() for p in model.parameters()),
        "megabytes": size / 1e6,
        "digest": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        "samples": int(last["samples"]),
        "minutes": last["seconds"] / 60,
        "validation": last["validation_loss"],
        "hardware": hardware,
        "intervals": intervals,
    }
    write_atomic(folder / "README.md", card(run.name, model.config, facts).encode())
    print(folder)


def fit_intervals(model: GapNetwork, data: Sequence[Path]) -> str:
    """Fit the kernel around the draws of a model of gaps, and return what the card states about it."""
    sets = [RecordingSet.open(folder) for folder in data]
    variance, covered = fit_kernel_variance(model, sets)
    model.config = replace(model.config, diffusion=replace(model.config.diffusion, kernel_variance=variance))
    shares = " and ".join(f"{100 * share:.0f} %" for share in covered.values())
    nominal = " and ".join(f"{100 * coverage:.0f} %" for coverage in covered)
    gaps = model.config.training.validation_examples
    return (
        f"\nThe kernel around a draw has {variance:g} of the variance of the draws; the {nominal}\n"
        f"intervals cover {shares} of the samples of {gaps} gaps for validation."
    )


def card(name: str, config: AnyConfig, facts: dict[str, Any]) -> str:
    """Return the model card, without results.

    Args:
        name: of the model.
        config: its settings.
        facts: about the run and the weights.
    """
    about = gap_facts(config, facts) if isinstance(config, GapConfig) else beat_facts(config, facts)
    fields = model_fields(name, config).front_matter()
    return CARD.format(
        fields=fields, name=name, version=__version__, seed=config.training.seed, **about, **facts
    )


def beat_facts(config: Config, facts: dict[str, Any]) -> dict[str, str]:
    """Return what the card of a model of beats states."""
    settings = as_rows(model_settings(config, facts["parameters"]))
    if config.conditions.several_labels:
        return {
            "what": "heartbeats in eight leads, from which twelve follow",
            "settings": settings,
            "data": LEADS_DATA,
            "examples": "windows",
            "limits": LEADS_LIMITS,
            "results": "Not evaluated yet: python -m research report-leads ptb-xl/",
        }
    several = SET in config.conditions.numbers
    return {
        "what": "single labelled heartbeats",
        "settings": settings,
        "data": MITDB_SOURCE + SVDB_SOURCE + BEAT_DATA + SVDB_DATA if several else MITDB_SOURCE + BEAT_DATA,
        "examples": "windows",
        "limits": SVDB_LIMITS if several else BEAT_LIMITS,
        "results": NOT_EVALUATED_TWICE if several else NOT_EVALUATED,
    }


def gap_facts(config: GapConfig, facts: dict[str, Any]) -> dict[str, str]:
    """Return what the card of a model of gaps states."""
    of_ecg = set(config.candidates.kinds) == {"ecg"}
    return {
        "what": "the gaps and the continuation of "
        + ("an ECG" if of_ecg else "ECG, PPG, pressure and respiration"),
        "settings": as_rows(gap_settings(config, facts["parameters"])),
        "data": MITDB_SOURCE + GAP_DATA if of_ecg else MONITOR_DATA + "\n" + MITDB_SOURCE + MONITOR_ECG_DATA,
        "examples": "gaps",
        "limits": GAP_LIMITS if of_ecg else MONITOR_LIMITS,
        "results": NOT_EVALUATED if of_ecg else NOT_EVALUATED_MONITOR,
    }
