"""Reference outputs of fixed inputs and seeds, stored in ``tests/data/regression.npz`` by running this file.

Run it only when a change alters results on purpose, and say why in the commit. Inputs are stored beside the
outputs, so that the comparison depends on nothing but the code under test.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers import tiny, write_recording

import diffecg
from diffecg.composition.timing import Rhythm
from diffecg.datasets.prepare import prepare
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate
from diffecg.signal.simulation import simulate_ecg

FILE = Path(__file__).parents[1] / "data" / "regression.npz"
FS_HZ = 250.0
GAP = slice(2000, 2250)
RECORDINGS = ("101", "106", "108", "109")
SECTIONS = ("fidelity", "physiology", "privacy")


def inputs() -> dict[str, np.ndarray]:
    """Return the signals (time), in mV, that the outputs are computed from."""
    signal = simulate_ecg(15.0, FS_HZ, seed=1, symbols=("N", "V")).signal_mv
    gap = signal.copy()
    gap[GAP] = np.nan
    return {"gap_mv": gap}


def outputs(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return generated, imputed, forecast and composed signals, and the figures of a report."""
    beat, fast = (diffecg.load(name) for name in ("mitbih-beat", "mitbih-beat-fast"))
    imputer = diffecg.load_imputer("mitbih-strip")
    found = {
        "beat": beat.generate(["N", "S", "V", "F", None], 5, seed=3).signal_mv,
        "beat_fast": fast.generate(["N", "S", "V", "F"], 4, seed=5).signal_mv,
        "vary": beat.vary(beat.generate("V", seed=1).signal_mv[0], "V", 2, seed=9).signal_mv,
    }
    imputed = imputer.impute(given["gap_mv"], FS_HZ, draws=4, seed=11)
    found |= {"imputed": imputed.draws_mv, "lower": imputed.lower_mv, "upper": imputed.upper_mv}
    found["forecast"] = imputer.forecast(given["gap_mv"][:1800], FS_HZ, draws=2, seed=13).draws_mv
    composed = diffecg.compose(Rhythm("N*3 V N*4 S", heart_rate=80), 12.0, seed=17)
    found["composed"] = composed.signal_mv
    found["composed_samples"] = composed.beats().sample
    found["composed_labels"] = composed.beats().symbol
    return found | report(fast)


def report(model) -> dict[str, np.ndarray]:
    """Return value, reference and baseline of every metric of an evaluation report (metric, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mitdb"
        database.mkdir()
        for seed, name in enumerate(RECORDINGS):  # long enough for 20 windows of each label and partition
            write_recording(database / name, seed=seed, duration_s=600.0)
        (database / "RECORDS").write_text("\n".join(RECORDINGS) + "\n")
        real = prepare(database, tiny("beat").window).windows
    labels = ["N"] * 60 + ["V"] * 40
    made = model.generate(labels, len(labels), seed=0)
    options = EvaluateOptions(sections=SECTIONS, seeds=2, bootstraps=12, max_windows=60)
    found = evaluate(made, real, options)
    figures = [[row.value, row.reference, row.baseline] for row in found.rows]
    names = [f"{row.section}: {row.metric}: {row.label}" for row in found.rows]
    return {"report": np.array(figures, dtype=float), "report_metrics": np.array(names)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    stored = inputs()
    np.savez_compressed(FILE, **{f"in_{k}": v for k, v in stored.items()}, **outputs(stored))
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")
