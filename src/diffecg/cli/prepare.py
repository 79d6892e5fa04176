"""``diffecg prepare``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Force, Json, progress_bar, show, show_notes
from diffecg.datasets.options import PrepareOptions


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

    A folder of your own recordings in any format that diffecg reads, with subfolders: diffecg prepare own
    --from hospital/ --subjects subjects.csv --preset strip --out strips/

    Parameters
    ----------
    database:
        mitdb (MIT-BIH Arrhythmia Database), svdb (MIT-BIH Supraventricular Arrhythmia Database, for testing
        only), or own (your recordings).
    out:
        Folder to write; diffecg.open_windows reads it.
    source:
        Folder of the recordings: a path or a URL such as `s3://bucket/ecg`. With --download, the folder to
        download to.
    subjects:
        For own: a CSV file with the columns recording and subject. Only the recordings in it are used, and
        all recordings of a subject get into the same partition: that of a column partition (train,
        validation or test), else one drawn by subject. Default: all recordings, each of a different subject.
    download:
        Download the database from PhysioNet first; every file is verified by its SHA-256.
    url:
        Address of a mirror to download from.
    """
    from diffecg.datasets.databases import database as find_database
    from diffecg.datasets.prepare import prepare_folder
    from diffecg.datasets.subjects import read_subjects
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output
    from diffecg.formats.registry import read_recording

    known = find_database(database)
    window, split = options.window(known), options.split_name(known)
    check_output(out, force=force, is_folder=True)
    if source is None and not download:
        raise DiffecgError(f"give the folder of the recordings of {database} with --from, or use --download")
    folder = source or database
    if download:
        from diffecg.datasets import physionet

        with progress_bar(f"download {database}") as move:
            physionet.download(known, Path(folder), url=url, progress=move)
    with progress_bar(f"prepare {database}") as move:
        prepared = prepare_folder(
            folder,
            out,
            window,
            split_name=split,
            label_map_name=options.label_map,
            subjects=None if subjects is None else read_subjects(subjects),
            leads=options.leads,
            read=partial(read_recording, **options.reading),
            info=known.provenance(),
            progress=move,
            force=force,
        )
    reasons = prepared.dropped.groupby(["partition", "reason"], as_index=False)["count"].sum()
    lines = [
        f"{out}: {len(prepared.windows)} windows of {window.length} samples at {window.fs_hz:g} Hz",
        f"split {split}, label map {options.label_map}",
        "",
        prepared.counts.to_string(),
        "",
        *(f"dropped {row['count']:6d}  {row['partition']}: {row['reason']}" for _, row in reasons.iterrows()),
    ]
    show_notes(prepared.notes)
    show(prepared.windows.info, "\n".join(lines), as_json=json)
