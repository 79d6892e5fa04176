"""``diffecg compose``: annotated synthetic recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Force, Json, Threads, progress_bar, show, use_threads
from diffecg.cli.impute import RecordingFormat
from diffecg.cli.parsing import parse_noise, repeatable
from diffecg.composition.noise import NoiseInterval
from diffecg.composition.options import ComposeOptions, SubjectOptions


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ComposeFlags(ComposeOptions):
    """The options of compose as flags."""

    sdnn_ms: Annotated[float | None, Parameter(name="--sdnn")] = None
    """Standard deviation of the intervals between normal beats in ms; default: 40, that of the recording
    after like:, or a usual one of the basic rhythm."""
    respiration_hz: Annotated[float, Parameter(name="--respiration")] = 0.25
    """Respiratory frequency in Hz, the faster of two oscillations of the heart rate."""


def compose(
    rhythm: str,
    /,
    *,
    out: Path,
    options: ComposeFlags = ComposeFlags(),
    subject: Annotated[SubjectOptions, Flat] = SubjectOptions(),
    model: str = "mitbih-beat",
    leads: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=False)] = (),
    noise_scale: float = 1.0,
    draws: int = 1,
    noise: Annotated[tuple[NoiseInterval, ...], repeatable(parse_noise)] = (),
    noise_from: Annotated[Path | None, Parameter(show_default=False)] = None,
    format: RecordingFormat = "wfdb",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compose an annotated synthetic recording from a rhythm.

    Example: `diffecg compose "N*8 V N*12 S N*6" --heart-rate 72 --minutes 30 --out ectopy/`

    A rhythm is one period, which is repeated: labels (N, S, V, F), `N*8` for eight beats, `(N*3 V)*10` for
    ten groups, and the names bigeminy, trigeminy, quadrigeminy, couplet, triplet and salvo of 5; "atrial
    bigeminy" has S in place of V. A basic rhythm may precede it, whose intervals are those of PTB-XL: sinus
    rhythm, sinus arrhythmia, sinus tachycardia, sinus bradycardia, first-degree block, atrial fibrillation;
    "atrial fibrillation occasional V" has V beats at random places. like:208 is a random rhythm with the
    statistics of record 208 of the MIT-BIH Arrhythmia Database (records of DS1 only). Coupling intervals and
    pauses of ectopic beats are measured ones.

    Parameters
    ----------
    rhythm:
        Order of the beats.
    out:
        Folder to write: the recording with reference annotations, a figure and a data card (card.json).
    model:
        A bundled model of beats (mitbih-beat, mitbih-beat-fast; of 12 leads: ptbxl-beat), a model folder, or
        a model of the Hugging Face hub (organisation/name).
    leads:
        Of a model of several leads: the leads to write, in order; default: all that it determines.
    noise_scale:
        Of a model of several leads: factor of baseline wander and noise, whose usual level is that of PTB-XL.
    draws:
        Number of recordings with the same beats and different variation from beat to beat; draw i has
        seed + i.
    noise:
        Recorded noise to add, kind:SNR or kind:SNR:start:stop, such as em:6 or em:6:60:120 (kinds: bw =
        baseline wander, ma = muscle artefact, em = electrode motion; SNR in dB, times in s); may be repeated.
    noise_from:
        Folder of the MIT-BIH Noise Stress Test Database; required by --noise.
    format:
        Format of the recording.
    """
    from diffecg.composition.export import write_composed
    from diffecg.composition.noise import with_noise
    from diffecg.composition.recording import compose as compose_recording
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output, new_folder
    from diffecg.inference.loading import load

    check_output(out, force=force, is_folder=True)
    if noise and noise_from is None:
        raise DiffecgError("--noise needs --noise-from, the folder of the MIT-BIH Noise Stress Test Database")
    if draws < 1:
        raise DiffecgError(f"draws {draws} must be at least 1")
    use_threads(threads)
    parsed, duration_s = options.rhythm(rhythm), 60 * options.minutes
    parsed.beats(duration_s, options.seed)  # report an invalid rhythm before the model is loaded
    loaded, recordings = load(model), []
    with progress_bar("compose") as progress:
        for draw in range(draws):
            recording = compose_recording(
                parsed,
                duration_s,
                model=loaded,
                seed=options.seed + draw,
                rhythm_seed=options.seed,
                subject_seed=options.subject_seed,
                conditions=subject.conditions(),
                leads=leads or None,
                noise_scale=noise_scale,
                progress=_progress_of_draw(progress, draw, draws),
            )
            if noise_from is not None:
                recording = with_noise(recording, noise, noise_from)
            recordings.append(recording)
    suffix = "" if format == "wfdb" else f".{format}"
    with new_folder(out, force=force) as folder:
        card = write_composed(folder, recordings, out.name, suffix)
    counts = ", ".join(f"{count} {label}" for label, count in card["beats"].items())
    files = ", ".join(card["recordings"])
    text = f"{out}: {files}, {duration_s:g} s, beats: {counts}; sheets rhythm.pdf and rhythm.png"
    show({"out": str(out), **card}, text, as_json=json)


def _progress_of_draw(
    progress: Callable[[int, int], None], draw: int, draws: int
) -> Callable[[int, int], None]:
    return lambda done, total: progress(draw * total + done, draws * total)
