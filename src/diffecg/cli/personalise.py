"""``diffecg personalise``: beats to adapt a classifier to a subject."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Force, Json, ReadFlags, print_notes, show


def personalise(
    recording: Path,
    /,
    *,
    out: Path,
    lead: str | None = None,
    minutes: float = 5.0,
    count: int = 100,
    seed: int = 0,
    read: ReadFlags = ReadFlags(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the normal beats of a subject, and supraventricular beats in the same morphology.

    Example: diffecg personalise mitdb/100 --out personal.npz

    A supraventricular beat is a normal beat of the subject that comes early: it gets a measured coupling
    interval and pause (columns rr_before_s and rr_after_s). Train a classifier that uses RR intervals further
    on these beats together with those that it was trained on; docs/studies/personalisation.md says how much
    that helps. Not a medical device.

    Parameters
    ----------
    recording:
        A recording of the subject, in any format that impute reads, with annotated beats: of a table those
        in NAME_annotations.csv beside it, with the columns sample (or time_s) and symbol (N = normal).
    out:
        File to write, .npz, .parquet or .csv; without a suffix a folder of WFDB records.
    lead:
        The lead; default: the first one.
    minutes:
        Length of the part of the recording that is used, from the beginning.
    count:
        Number of supraventricular beats.
    seed:
        Seed of the choice of normal beats and intervals.
    """
    from diffecg.composition.personal_beats import personal_beats
    from diffecg.datasets.formats.registry import check_suffix, write_windows
    from diffecg.files import check_output

    check_suffix(out)
    check_output(out, force=force, is_folder=not out.suffix)
    subject = read.read(recording, () if lead is None else (lead,))
    print_notes(subject)
    windows = personal_beats(subject, lead=lead, minutes=minutes, count=count, seed=seed)
    card = write_windows(iter([windows]), out, count=len(windows), force=force)
    normal = len(windows) - count
    text = f"{out}: {normal} normal beats of {subject.name}, {count} supraventricular ones made of them"
    show({"out": str(out), **card}, text, as_json=json)
