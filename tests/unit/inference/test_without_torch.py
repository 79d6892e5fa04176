"""The search for analogues runs where PyTorch cannot be imported."""

import subprocess
import sys

PROGRAM = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
import numpy as np
import diffecg

time_s = np.arange(60 * 100) / 100
signal_mv = np.sin(2 * np.pi * time_s) ** 21
missing = signal_mv.copy()
missing[2000:2060] = np.nan
imputed = diffecg.load_imputer("analogues").impute(missing, 100)
assert np.abs(imputed.signal_mv - signal_mv).max() < 0.1
forecaster = diffecg.Forecaster("analogues", fs_hz=100, horizon_s=0.5)
found = [forecaster.push(signal_mv[first : first + 50]) for first in range(0, 3000, 50)]
assert sum(forecast is not None for forecast in found) > 10
print("done")
"""


def test_analogues_need_no_torch():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
