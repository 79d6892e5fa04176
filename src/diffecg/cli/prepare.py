"""``diffecg prepare``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Force, Json, progress_bar, show, show_notes
from diffecg.datasets.options import DetectedBeatsOptions, PrepareOptions, RecordingSetOptions
from diffecg.files import check_output

if TYPE_CHECKING:
    from diffecg.config.schema import WindowConfig
    from diffecg.datasets.databases import Database
    from diffecg.datasets.label_maps import LabelMap
    from diffecg.datasets.subject_table import SubjectTable


def prepare(
    database: str,
    /,
    *,
    out: Path,
    source: Annotated[str | None, Parameter(name="--from")] = None,
    options: Annotated[PrepareOptions, Flat] = PrepareOptions(),
    subjects: Path | None = None,
    download: bool = False,
    url: str | None = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Cut the recordings of a database into labelled windows for training, validation and testing.

    Example: diffecg prepare mitdb --from mitdb/ --download --preset beat --out beats/

    Beats of 12-lead recordings, which are not annotated: diffecg prepare ptbxl --from ptb-xl/ --download
    --preset twelve-lead --out beats12/

    Whole recordings instead of windows, as a recording set: diffecg prepare ptbxl --from ptb-xl/ --preset
    imputation --out ptbxl-set/. An interrupted command continues when it is run again.

    ECG with pulse, pressure and respiration: diffecg prepare cinc2015 --from cinc2015/ --preset monitor
    --out monitor-set/

    A folder of your own recordings in any format that diffecg reads, with subfolders: diffecg prepare own
    --from hospital/ --subjects subjects.csv --lead II --out beats/

    Labels of your own, or rhythms: --label-map labels.csv, whose lines are such as `V,ectopic` or
    `(AFIB,fibrillation`; --label-map rhythm.

    Parameters
    ----------
    database:
        mitdb (MIT-BIH Arrhythmia Database), svdb (MIT-BIH Supraventricular Arrhythmia Database, for testing
        only), ptbxl (PTB-XL, without annotated beats), cinc2015 (PhysioNet/CinC Challenge 2015, training set:
        ECG, PPG, pressure and respiration, without annotated beats), or own (your recordings).
    out:
        Folder to write; diffecg.open_windows reads windows, RecordingSet.open a recording set.
    source:
        Folder of the recordings: a path or a URL such as `s3://bucket/ecg`. With --download, the folder to
        download to.
    subjects:
        For own: a CSV file with the columns recording and subject. Only the recordings in it are used, and
        all recordings of a subject get into the same partition: that of a column partition (train,
        validation or test), else one drawn by subject. The preset twelve-lead also uses a column labels
        (separated by semicolons) and columns of numbers, such as age. Default: all recordings, each of a
        different subject.
    download:
        Download the database from PhysioNet first; every file is verified by its SHA-256.
    url:
        Address of a mirror to download from.
    """
    from diffecg.datasets.databases import database as find_database
    from diffecg.datasets.subjects import read_subjects
    from diffecg.errors import DiffecgError

    known = find_database(database)
    fs_hz, split, labels = options.recording_rate_hz, options.split_name(known), options.labels
    window = None if fs_hz is not None else options.window(known)
    if source is None and not download:
        raise DiffecgError(f"give the folder of the recordings of {database} with --from, or use --download")
    folder, table = source or database, None if subjects is None else read_subjects(subjects)
    if window is not None:
        check_output(out, force=force, is_folder=True)
    if download:
        from diffecg.datasets import physionet

        with progress_bar(f"download {database}") as move:
            physionet.download(known, Path(folder), url=url, progress=move)
    if window is not None and options.has_detected_beats:
        detected = DetectedBeatsOptions(
            database=known, split=split, window=window, reading=options.reading, subjects=table
        )
        _write_beats(folder, out, detected, force=force, as_json=json)
    elif window is not None:
        _write_windows(known, folder, out, window, split, labels, options, table, force=force, as_json=json)
    elif fs_hz is not None:
        recordings = RecordingSetOptions(
            database=known,
            split=split,
            fs_hz=fs_hz,
            leads=options.leads,
            kinds=options.kinds,
            reading=options.reading,
            subjects=table,
        )
        _write_recordings(folder, out, recordings, force=force, as_json=json)


def _write_windows(
    database: Database,
    folder: str,
    out: Path,
    window: WindowConfig,
    split: str,
    labels: LabelMap,
    options: PrepareOptions,
    subjects: SubjectTable | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write windows, and print what they are."""
    from diffecg.datasets.prepare import prepare_folder
    from diffecg.formats.registry import read_recording

    with progress_bar(f"prepare {database.name}") as move:
        prepared = prepare_folder(
            folder,
            out,
            window,
            split_name=split,
            labels=labels,
            subjects=subjects,
            read=partial(read_recording, **options.reading),
            info=database.provenance(),
            progress=move,
            force=force,
        )
    reasons = prepared.dropped.groupby(["partition", "reason"], as_index=False)["count"].sum()
    lines = [
        f"{out}: {len(prepared.windows)} windows of {window.length} samples at {window.fs_hz:g} Hz",
        f"split {split}, label map {labels.name}",
        "",
        prepared.counts.to_string(),
        "",
        *(f"dropped {row['count']:6d}  {row['partition']}: {row['reason']}" for _, row in reasons.iterrows()),
    ]
    show_notes(prepared.notes)
    show(prepared.windows.info, "\n".join(lines), as_json=as_json)


def _write_beats(
    folder: str, out: Path, options: DetectedBeatsOptions, *, force: bool, as_json: bool
) -> None:
    """Write windows around detected beats, and print what they are."""
    import pandas as pd

    from diffecg.datasets.prepare_beats import prepare_beats

    with progress_bar(f"prepare {options.database.name}") as move:
        windows = prepare_beats(folder, out, options, progress=move, force=force)
    counts = pd.DataFrame(windows.info["counts"]).fillna(0).astype(int).rename_axis("label")
    size = f"{windows.signal.shape[1]} leads x {windows.signal.shape[2]} samples at {windows.fs_hz:g} Hz"
    lines = [
        f"{out}: {len(windows)} windows of {size}, from {windows.info['recordings']} recordings",
        f"split {options.split}",
        "",
        counts.to_string(),
    ]
    show_notes(windows.info["notes"])
    show(windows.info, "\n".join(lines), as_json=as_json)


def _write_recordings(
    folder: str, out: Path, options: RecordingSetOptions, *, force: bool, as_json: bool
) -> None:
    """Write a recording set, and print what it is."""
    import pandas as pd

    from diffecg.datasets.prepare_recordings import prepare_recordings

    with progress_bar(f"prepare {options.database.name}") as move:
        recordings = prepare_recordings(folder, out, options, progress=move, force=force)
    [card] = recordings.cards
    counts = pd.DataFrame.from_dict(card["counts"], orient="index")
    show_notes(card["notes"])
    show(
        card,
        f"{out}: {recordings!r}\nsplit {options.split}\n\n{counts.to_string()}",
        as_json=as_json,
    )
