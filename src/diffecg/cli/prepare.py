"""``diffecg prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Force, Json, progress_bar, show
from diffecg.datasets.options import PrepareOptions


def prepare(
    database: str,
    /,
    *,
    out: Path,
    source: Annotated[str | None, Parameter(name="--from")] = None,
    cutting: Annotated[PrepareOptions, Flat] = PrepareOptions(),
    subjects: Path | None = None,
    download: bool = False,
    url: str | None = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Cut the recordings of a database into labelled, patient-disjoint windows.

    Example: diffecg prepare mitdb --from mitdb/ --preset beat --out beats/

    One's own recordings, WFDB, EDF or BDF, in a folder and its subfolders: diffecg prepare own --from
    hospital/ --preset strip --out strips/

    Parameters
    ----------
    database:
        Name of the database: mitdb; svdb, whose subjects chose nothing, for tests only; own, any other.
    out:
        Folder to write; diffecg.open_windows reads it.
    source:
        Folder with the database's files, a path or an address that fsspec knows, as `s3://bucket/ecg`; with
        --download, where to put them.
    subjects:
        Of one's own: a CSV file with the columns recording and subject, of the recordings that take part. Without
        it all do, and each counts as a subject of its own.
    download:
        Get the database from PhysioNet first, into --from; verified by SHA-256.
    url:
        Where to download from, other than PhysioNet.
    """
    from diffecg.datasets.databases import database as find_database
    from diffecg.datasets.folder import write_windows
    from diffecg.datasets.prepare import prepare as prepare_windows
    from diffecg.datasets.subjects import read_subjects
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output

    known = find_database(database)
    window, split = cutting.window(known), cutting.split_of(known)
    check_output(out, force=force, is_folder=True)
    if source is None and not download:
        raise DiffecgError(f"say where the files of {database} are with --from, or use --download")
    folder = source or database
    if download:
        from diffecg.datasets import physionet

        with progress_bar(f"download {database}") as move:
            physionet.download(known, Path(folder), url=url, progress=move)
    with progress_bar(f"prepare {database}") as move:
        prepared = prepare_windows(
            folder,
            window,
            source=known.about(),
            split_name=split,
            label_map_name=cutting.label_map,
            subjects=None if subjects is None else read_subjects(subjects),
            progress=move,
        )
        write_windows(prepared.windows, out, force=force)
    reasons = prepared.dropped.groupby(["partition", "reason"], as_index=False)["count"].sum()
    lines = [
        f"{out}: {len(prepared.windows)} windows of {window.length} samples at {window.fs_hz:g} Hz",
        f"split {split}, class map {cutting.label_map}",
        "",
        prepared.counts.to_string(),
        "",
        *(f"dropped {row['count']:6d}  {row['partition']}: {row['reason']}" for _, row in reasons.iterrows()),
    ]
    show(prepared.windows.info, "\n".join(lines), as_json=json)
