"""``diffecg detector-set``: annotated recordings to train a detector of heartbeats on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import Force, Json, Threads, progress_bar, show, use_threads

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording


def detector_set(
    *,
    out: Path,
    count: int = 300,
    minutes: float = 2.0,
    model: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ("mitbih-beat", "ptbxl-beat"),
    noise_from: Annotated[Path | None, Parameter(show_default=False)] = None,
    seed: int = 0,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write annotated synthetic recordings to train a detector of R peaks or of types of beats on.

    Example: diffecg detector-set --out detector-set/ --noise-from nstdb/

    Each recording is of another synthetic subject, with one of six basic rhythms, among them atrial
    fibrillation, three of four with ectopic beats: singly, in pairs, in runs, in bigeminy. Recordings of
    mitbih-beat have one lead at 360 Hz, those of ptbxl-beat two random leads of twelve at 100 Hz. Annotations
    (.atr) are the exact R peaks. docs/studies/detectors.md says how detectors trained on them compare. Not a
    medical device.

    Parameters
    ----------
    out:
        Folder to write: WFDB records c0000, c0001, … and a card (card.json) of what each was made of.
    count:
        Number of recordings.
    minutes:
        Length of each recording in minutes.
    model:
        Models of beats, by turns: of one or of several leads, with the labels N, S and V.
    noise_from:
        Folder of the MIT-BIH Noise Stress Test Database: four of five recordings get its noise, of a random
        kind, at -9 to 18 dB, with a note in the annotations; default: no recorded noise.
    seed:
        Seed of the set; sets of different seeds have no recording in common.
    """
    from diffecg.composition.detector_set import DetectorSet, write_detector_set
    from diffecg.files import check_output, new_folder

    check_output(out, force=force, is_folder=True)
    use_threads(threads)
    options = DetectorSet(models=model, count=count, duration_s=60 * minutes, seed=seed)
    beats: Counter[str] = Counter()

    def counted() -> Iterator[Recording]:
        with progress_bar("detector-set") as progress:
            for number, recording in enumerate(options.compose(noise_from)):
                beats.update(recording.beats().symbol.tolist())
                progress(number + 1, count)
                yield recording

    with new_folder(out, force=force) as folder:
        write_detector_set(folder, counted(), {**vars(options), "noise_from": noise_from and str(noise_from)})
    text = f"{out}: {count} recordings of {60 * minutes:g} s, beats: " + ", ".join(
        f"{number} {label}" for label, number in sorted(beats.items())
    )
    show({"out": str(out), "recordings": count, "beats": dict(sorted(beats.items()))}, text, as_json=json)
