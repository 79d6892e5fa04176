"""``diffecg prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Force, Json, progress_bar, show
from diffecg.config import preset as find_preset


def prepare(
    database: str,
    /,
    *,
    out: Path,
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    preset: str = "beat",
    split: str | None = None,
    class_map: str = "aami",
    lead: str | None = None,
    length: int | None = None,
    download: Annotated[bool, Parameter(negative="")] = False,
    url: str | None = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Cut the records of a database into labelled, patient-disjoint windows.

    Example: diffecg prepare mitdb --from mitdb/ --preset beat --out beats/

    Parameters
    ----------
    database:
        Name of the database: mitdb; or svdb, whose people chose nothing, for tests only.
    out:
        Folder to write; diffecg.open_windows reads it.
    source:
        Folder with the database's WFDB files; with --download, where to put them.
    preset:
        What a window is: beat, strip, strip2 or paper.
    split:
        Of mitdb: strict, unless told otherwise, leaves out record 201, the same patient as 202; classic keeps
        it; development divides DS1 alone, to make choices that DS2 must not make. Of svdb: all records are
        for testing.
    class_map:
        aami, or aami-escape-s, which counts escape beats (e, j) as S.
    lead:
        Lead of the beats: MLII in mitdb, ECG1 in svdb, whose placement is not known.
    length:
        Samples in a window, other than the preset's.
    download:
        Get the database from PhysioNet first, into --from; verified by SHA-256.
    url:
        Where to download from, other than PhysioNet.
    """
    from dataclasses import replace

    from diffecg.data import physionet
    from diffecg.data.prepare import prepare as prepare_windows
    from diffecg.data.store import refuse_existing, write_windows
    from diffecg.errors import DiffecgError

    known = physionet.database(database)
    window = find_preset(preset).window
    split = known.splits[0] if split is None else split
    if split not in known.splits:
        raise DiffecgError(f"{database} has no split {split!r}; choose one of {', '.join(known.splits)}")
    if window.any_leads and lead:
        raise DiffecgError(f"the preset {preset} takes any leads; leave out --lead")
    if not window.any_leads:
        window = replace(window, leads=(lead or known.lead,))
    if length is not None:
        if length < 1:
            raise DiffecgError(f"length {length} must be at least 1 sample")
        window = replace(window, length=length, before=min(window.before, length // 2))
    refuse_existing(out, force=force, is_folder=True)
    if source is None and not download:
        raise DiffecgError(f"say where the files of {database} are with --from, or use --download")
    folder = source or Path(database)
    if download:
        with progress_bar(f"download {database}") as move:
            physionet.download(known, folder, url=url, progress=move)
    with progress_bar(f"prepare {database}") as move:
        prepared = prepare_windows(
            folder,
            window,
            source={
                "database": known.name,
                "version": known.version,
                "licence": known.licence,
                "citation": known.citation,
            },
            split_name=split,
            class_map_name=class_map,
            progress=move,
        )
        write_windows(prepared.windows, out, force=force)
    reasons = prepared.dropped.groupby(["split", "reason"], as_index=False)["count"].sum()
    lines = [
        f"{out}: {len(prepared.windows)} windows of {window.length} samples at {window.fs_hz:g} Hz",
        f"split {split}, class map {class_map}",
        "",
        prepared.counts.to_string(),
        "",
        *(f"dropped {row['count']:6d}  {row['split']}: {row['reason']}" for _, row in reasons.iterrows()),
    ]
    show(prepared.windows.info, "\n".join(lines), as_json=json)
