"""``diffecg compose``: a rhythm in, an annotated recording out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Force, Json, Threads, progress_bar, show, use_threads
from diffecg.cli.impute import Format, Several
from diffecg.composition.options import ComposeOptions


def compose(
    rhythm: str,
    /,
    *,
    out: Path,
    asked: Annotated[ComposeOptions, Flat] = ComposeOptions(),
    model: str = "mitbih-beat",
    draws: int = 1,
    noise: Several = (),
    noise_from: Annotated[Path | None, Parameter(show_default=False)] = None,
    format: Format = "wfdb",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compose a recording whose every beat is known: its time and its class.

    Example: `diffecg compose "N*8 V N*12 S N*6" --heart-rate 72 --minutes 30 --out bigeminy/`

    The rhythm is a period that is repeated: labels (N, S, V, F), `N*8` for eight, `(N*3 V)*10` for a group,
    and names: bigeminy, trigeminy, quadrigeminy, couplet, triplet, salvo of 5; atrial bigeminy has S for V.
    Or like:208, a random rhythm with the statistics of that recording of DS1. Ectopic beats come as early, and
    pauses last as long, as real ones.

    Parameters
    ----------
    rhythm:
        Which beats come.
    out:
        Folder to write: a recording with reference annotations, a picture, card.json.
    model:
        Of beats: a bundled model or a model folder.
    draws:
        How many recordings of the same beats.
    noise:
        Recorded noise as em:6 or em:6:60:120 (bw, ma or em; dB; from and to in s); may be repeated.
    noise_from:
        Folder of the MIT-BIH Noise Stress Test Database.
    """
    from diffecg.composition.export import write_composed
    from diffecg.composition.noise import parse_noise, with_noise
    from diffecg.composition.recording import compose as compose_recording
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output, new_directory
    from diffecg.inference.loading import load

    check_output(out, force=force, is_folder=True)
    true_runs = [parse_noise(text) for text in noise]
    if true_runs and noise_from is None:
        raise DiffecgError("--noise needs --noise-from, the folder of the MIT-BIH Noise Stress Test Database")
    if draws < 1:
        raise DiffecgError(f"draws {draws} must be at least 1")
    use_threads(threads)
    beats, seed, duration_s = asked.rhythm(rhythm), asked.seed, 60 * asked.minutes
    beats.beats(duration_s, seed)  # what cannot be read is refused before the model is loaded
    loaded, composed = load(model), []
    with progress_bar("compose") as move:
        for i in range(draws):

            def progress(done: int, total: int, before: int = i) -> None:
                move(before * total + done, draws * total)

            one = compose_recording(
                beats,
                duration_s,
                model=loaded,
                seed=seed + i,
                rhythm_seed=seed,
                subject_seed=asked.subject_seed,
                progress=progress,
            )
            composed.append(with_noise(one, true_runs, noise_from) if true_runs and noise_from else one)
    suffix = "" if format == "wfdb" else f".{format}"
    with new_directory(out, force=force) as folder:
        card = write_composed(folder, composed, out.name, suffix)
    counts = ", ".join(f"{count} {label}" for label, count in card["beats"].items())
    text = f"{out}: {', '.join(card['recordings'])}, {duration_s:g} s, {counts}; rhythm.png"
    show({"out": str(out), **card}, text, as_json=json)
