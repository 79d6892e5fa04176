"""A small PTB-XL made here, as it is released."""

from pathlib import Path

import numpy as np
import pandas as pd

from research.benchmarks.twelve_leads import records

TIME = np.arange(records.SAMPLES)
HEADER = "\n".join(
    ["{name} 12 100 1000", *(f"{{name}}.dat 16 1000.0(0)/mV 16 0 0 0 0 {x}" for x in records._HEADER_LEADS)]
)


def made_record(rr: int, gain: float, seed: int) -> np.ndarray:
    """Twelve leads with an R peak every ``rr`` samples, in µV."""
    signal = sum(np.exp(-(((TIME - r) / 1.5) ** 2)) for r in range(60, records.SAMPLES - 5, rr))
    noise = np.random.default_rng(seed).standard_normal((12, records.SAMPLES))
    lead_gains = np.linspace(0.5, 1, 12)[:, None]
    return np.rint(1000 * gain * lead_gains * signal + 10 * noise).astype("<i2")


def write_ptbxl(folder: Path) -> Path:
    """Write eighty records as PTB-XL is released; MI has small QRS complexes."""
    rows = []
    for number in range(80):
        name = f"records100/00000/{number + 1:05d}_lr"
        label = ("NORM", "IMI", "NDT", "LAFB", "LVH")[number % 5]
        rhythm = records.RHYTHMS[number // 2 % 7]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = made_record(70 + number % 30, 0.4 if label == "IMI" else 1.2, number)
        path.with_suffix(".dat").write_bytes(made.T.tobytes())
        path.with_suffix(".hea").write_text(HEADER.format(name=path.name))
        codes = str({label: 100.0, rhythm: 0.0})
        rows.append(
            (number + 1, number + 100.0, 30.0 + 7 * number % 50, number % 2, codes, number // 8 + 1, name)
        )
    columns = ["ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold", "filename_lr"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "ptbxl_database.csv", index=False)
    classes = {"NORM": "NORM", "IMI": "MI", "NDT": "STTC", "LAFB": "CD", "LVH": "HYP"}
    statements = pd.DataFrame({"diagnostic": 1.0, "diagnostic_class": pd.Series(classes)})
    statements.to_csv(folder / "scp_statements.csv")
    return folder
