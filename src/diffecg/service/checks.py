"""Checks of requests against the limits of the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from diffecg.choices import choices
from diffecg.composition.options import ComposeOptions, SubjectOptions
from diffecg.config.schema import SamplerName
from diffecg.datasets.labels import check_label
from diffecg.errors import DiffecgError
from diffecg.inference.options import DrawOptions, SamplerOptions
from diffecg.inference.seeds import MAX_SEED
from diffecg.service.limits import Limits
from diffecg.service.schemas import (
    ComposeRequest,
    DenoiseRequest,
    EvaluateRequest,
    ForecastRequest,
    GenerateRequest,
    ImputeRequest,
    ModelInfo,
    Request,
    RhythmRequest,
)
from diffecg.signal.artefacts import ARTEFACTS

SAMPLERS: tuple[str, ...] = get_args(SamplerName)
MAX_BATCH_SIZE = 4096
MAX_GAP_S = 3600.0
MAX_EVALUATION_SEEDS = 20
MAX_EVALUATION_WINDOWS = 5000
LARGEST_OF_SUBJECT = {"age": 120, "height": 250, "weight": 400}
"""Largest age in years, height in cm and weight in kg of the subject of a composed recording."""


class LimitExceeded(DiffecgError):
    """A request exceeds a limit of the server."""


class StorageFull(DiffecgError):
    """There is no space left on the disk."""


def check_request(request: Request | RhythmRequest, limits: Limits) -> None:
    """Check the numbers of a request.

    Raises:
        LimitExceeded: a number exceeds the limits.
        DiffecgError: a number is too small or out of range.
    """
    match request:
        case GenerateRequest(options=options, sampling=sampling):
            _check("count", options.count, 1, limits.max_windows)
            _check_seed("seed", options.seed)
            _check_sampling(sampling, limits)
        case ImputeRequest(options=imputation, draw=draw, sampling=sampling):
            _check_artefacts(imputation.detect)
            _check("max_gap_s", imputation.max_gap_s, 0.0, MAX_GAP_S)
            _check_draw(draw, limits)
            _check_sampling(sampling, limits)
        case DenoiseRequest(options=denoising):
            _check_artefacts(denoising.detect)
            _check_coverage(denoising.coverage)
        case ForecastRequest(options=ahead, draw=draw, sampling=sampling):
            _check("horizon_s", ahead.horizon_s, 0.0, limits.max_horizon_s)
            _check_draw(draw, limits)
            _check_sampling(sampling, limits)
        case ComposeRequest(text=text, options=composition) | RhythmRequest(text=text, options=composition):
            _check("rhythm length", len(text), 0, limits.max_rhythm_length)
            _check_composition(composition, limits)
        case EvaluateRequest(seeds=seeds, max_windows=windows):
            _check("seeds", seeds, 2, MAX_EVALUATION_SEEDS)
            _check("max_windows", windows, 2, MAX_EVALUATION_WINDOWS)


def check_subject(subject: SubjectOptions, model: ModelInfo) -> None:
    """Check what is stated of the subject of a composed recording.

    Raises:
        DiffecgError: an unknown statement, a number out of range, or a model without statements.
    """
    if subject == SubjectOptions():
        return
    if not model.several_labels:
        raise DiffecgError(
            f"{model.name} generates beats of one label each; statements, age and sex need a model with "
            "several labels, such as ptbxl-beat"
        )
    for statement in subject.statement:
        check_label(statement, model.labels, model.name)
    for name, most in LARGEST_OF_SUBJECT.items():
        value = getattr(subject, name)
        if value is not None and not 0 <= value <= most:
            raise DiffecgError(f"{name} {value:g} must be 0 to {most}")


def check_draw_samples(draws: int, samples: int, limits: Limits) -> None:
    """Check that the draws of what is imputed fit into memory.

    Raises:
        LimitExceeded: there are too many.
    """
    check_samples(draws, samples, limits.max_draw_samples)


def check_samples(draws: int, samples: int, most: int) -> None:
    """Check the product of draws and samples to impute.

    Raises:
        LimitExceeded: it is too large.
    """
    _check("draws x samples to impute", draws * samples, 0, most)


def _check_sampling(sampling: SamplerOptions, limits: Limits) -> None:
    if sampling.sampler is not None and sampling.sampler not in SAMPLERS:
        raise DiffecgError(f"unknown sampler {sampling.sampler!r}; {choices(sampling.sampler, SAMPLERS)}")
    if sampling.steps is not None:
        _check("steps", sampling.steps, 1, limits.max_steps)
    _check("batch_size", sampling.batch_size, 1, MAX_BATCH_SIZE)


def _check_artefacts(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in ARTEFACTS]
    if unknown:
        raise DiffecgError(f"unknown artefact {unknown[0]!r}; {choices(unknown[0], ARTEFACTS)}")


def _check_draw(draw: DrawOptions, limits: Limits) -> None:
    _check("draws", draw.draws, 1, limits.max_draws)
    _check_coverage(draw.coverage)
    _check_seed("seed", draw.seed)


def _check_coverage(coverage: float) -> None:
    if not 0 < coverage < 1:
        raise DiffecgError(f"coverage {coverage:g} must be between 0 and 1, exclusive")


def _check_composition(options: ComposeOptions, limits: Limits) -> None:
    _check("minutes", options.minutes, 0.0, limits.max_minutes)
    _check_seed("subject_seed", options.subject_seed)
    _check_seed("seed", options.seed)


def _check_seed(name: str, value: int) -> None:
    if not 0 <= value <= MAX_SEED:
        raise DiffecgError(f"{name} must be 0 to {MAX_SEED}")


def _check(name: str, value: float, least: float, most: float) -> None:
    if not value >= least:  # refuses NaN, too
        raise DiffecgError(f"{name} {value:g} must be at least {least:g}")
    if value > most:
        raise LimitExceeded(f"{name} {value:g} exceeds the limit of this server, {most:g}")
