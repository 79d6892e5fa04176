"""Folders of windows that version 0.1 wrote, in the present names."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from diffecg.signal.channels import make_channels

FORMAT = 1
"""Value of ``format`` in the ``info.json`` of version 0.1."""
SIGNAL = "signal_mv.npy"
"""Name of the array of windows in version 0.1."""
RENAMED_COLUMNS = {"record": "recording", "split": "partition"}
"""New name of each renamed column of the index."""
RENAMED_KEYS = {"class_map": "label_map", "records": "recordings", "left_out": "excluded"}
"""New name of each renamed key of ``info.json``."""
RENAMED_SPLITS = {"people": "subjects"}
"""New name of each renamed split."""


def migrate_index(index: pd.DataFrame) -> pd.DataFrame:
    """Return an index of version 0.1 with the present names of columns."""
    return index.rename(columns=RENAMED_COLUMNS)


def migrate_info(info: dict[str, Any]) -> dict[str, Any]:
    """Return the ``info.json`` of version 0.1 in the present format, with channels and R peak."""
    window, database = info["window"], info.get("database", {})
    migrated = {RENAMED_KEYS.get(key, key): value for key, value in info.items() if key != "database"}
    if isinstance(database, dict):
        migrated |= {"database" if key == "name" else key: value for key, value in database.items()}
    else:
        migrated["database"] = database
    migrated["split"] = RENAMED_SPLITS.get(info.get("split", ""), info.get("split"))
    migrated["channels"] = [asdict(channel) for channel in make_channels(window["leads"])]
    migrated["r_peak"] = window["before"] if window["kind"] == "beat" else None
    migrated["window"] = {key: value for key, value in window.items() if key not in ("kind", "stride")}
    return migrated
