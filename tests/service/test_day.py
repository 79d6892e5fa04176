"""A day of ECG in a CSV file, over HTTP: what is drawn of it takes the memory of a few minutes."""

from pathlib import Path

import numpy as np
import pytest
from helpers import make_ecg
from servers import serving

pytestmark = pytest.mark.studio
FS_HZ, MINUTES, DAY_S = 100.0, 10, 86_400


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Ten minutes, repeated for a day, without a second at noon."""
    signal_mv = make_ecg(1, duration_s=60.0 * MINUTES, fs_hz=FS_HZ)[0]
    lines = [f"{mv:.2f}\n" for mv in np.tile(signal_mv, DAY_S // (60 * MINUTES))]
    lines[round(43_200 * FS_HZ) : round(43_201 * FS_HZ)] = ["nan\n"] * round(FS_HZ)
    path = tmp_path_factory.mktemp("day") / "day.csv"
    path.write_text("".join(["II (mV)\n", *lines]))
    return path


def peak_mb(pid):
    """Return the largest resident memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1e3


def test_a_day_in_a_csv_file_is_imputed_and_forecast_in_little_memory(day):
    with serving("--model", "mitbih-beat-fast") as server:
        answer = server.upload(day, fs=FS_HZ)
        assert answer.status_code == 201, answer.text
        info = answer.json()
        assert info["duration_s"] == DAY_S
        assert info["leads"][0]["missing_s"] == 1
        job, imputed = server.result("impute", recording=info["id"])
        assert [one["last"] - one["first"] for one in imputed["intervals"]] == [FS_HZ]
        made = server("GET", f"/api/recordings/{job['result_recording']}").json()
        assert made["leads"][0]["missing_s"] == 0
        _, ahead = server.result(
            "forecast", recording=info["id"], options={"at_s": 80_000.0, "horizon_s": 2.0}, draw={"draws": 16}
        )
        assert [one["last"] - one["first"] for one in ahead["intervals"]] == [2 * FS_HZ]
        for pid in (server.process.pid, *server.workers()):
            assert peak_mb(pid) < 1000
