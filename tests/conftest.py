import os
from pathlib import Path

import numpy as np
import pytest
import torch
from gap_cases import randomise, tiny_config
from helpers import tiny, write_database, write_lead_database, write_recording
from hypothesis import HealthCheck, settings

from diffecg.cli.app import main
from diffecg.datasets.databases import database as find_database
from diffecg.datasets.folder import write_folder
from diffecg.datasets.loading import open_windows
from diffecg.datasets.options import DETECTED_BEATS, DetectedBeatsOptions
from diffecg.datasets.prepare import prepare
from diffecg.datasets.prepare_beats import prepare_beats
from diffecg.model.folder import save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.training.trainer import train

torch.set_num_threads(1)

settings.register_profile(
    "default",
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
# New examples at each run by hand; in CI the same, so that a change is not blamed for an older defect.
settings.register_profile(
    "long", settings.get_profile("default"), max_examples=5_000, derandomize="CI" in os.environ
)
settings.load_profile("default")


def real_database(name):
    """Return the folder of a database, or skip the test."""
    folder = Path(os.environ.get("DIFFECG_DATA") or "nowhere") / name
    if not folder.is_dir():
        pytest.skip(f"set DIFFECG_DATA to the folder that holds {name}/ to test on real recordings")
    return folder


@pytest.fixture(scope="session")
def mitdb():
    """The real MIT-BIH Arrhythmia Database."""
    return real_database("mitdb")


@pytest.fixture(scope="session")
def svdb():
    """The real MIT-BIH Supraventricular Arrhythmia Database."""
    return real_database("svdb")


@pytest.fixture(scope="session")
def cinc2015():
    """Thirteen recordings of the PhysioNet/CinC Challenge 2015, as released."""
    return real_database("cinc2015-subset")


@pytest.fixture(scope="session")
def bidmc():
    """Eight minutes of respiration, PPG and ECG: recording 1 of the BIDMC PPG and Respiration Dataset."""
    return real_database("misc") / "bidmc" / "bidmc_01_Signals.csv"


@pytest.fixture(scope="session")
def biosppy():
    """One signal of each kind, among them EEG and EMG: the examples of BioSPPy."""
    return real_database("misc") / "biosppy-examples"


@pytest.fixture(scope="session")
def ptbxl():
    """PTB-XL as released, at 100 Hz."""
    folder = Path(os.environ.get("DIFFECG_DATA") or "nowhere") / "ptbxl"
    if not (folder / "records100").is_dir():
        pytest.skip("set DIFFECG_DATA to the folder that holds ptbxl/records100/ to test on PTB-XL")
    return folder


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """A small database made here, with the names of mitdb's recordings."""
    return write_database(tmp_path_factory.mktemp("database") / "mitdb")


@pytest.fixture
def recording(tmp_path):
    """A recording of a minute, two leads, 360 Hz."""
    return write_recording(tmp_path / "100")


class OnDemand(dict):
    """A dictionary that computes the value of a key when it is first read."""

    def __init__(self, compute):
        super().__init__()
        self.compute = compute

    def __missing__(self, key):
        self[key] = self.compute(key)
        return self[key]


@pytest.fixture(scope="session")
def windows(database, tmp_path_factory):
    """Folders of prepared windows, by preset; each is prepared when first read."""

    def prepared(name):
        folder = tmp_path_factory.mktemp("windows") / name
        if name in DETECTED_BEATS:
            recordings = tmp_path_factory.mktemp("leads") / "recordings"
            table = write_lead_database(recordings)
            options = DetectedBeatsOptions(
                database=find_database("own"), split="subjects", window=tiny(name).window, subjects=table
            )
            prepare_beats(recordings, folder, options)
            return folder
        write_folder(prepare(database, tiny(name).window).windows, folder)
        return folder

    return OnDemand(prepared)


@pytest.fixture(scope="session")
def runs(windows, tmp_path_factory):
    """Folders of a short training run, by preset; each is trained when first read."""

    def trained(name):
        folder = tmp_path_factory.mktemp("runs") / name
        train(tiny(name), open_windows(windows[name]), folder)
        return folder

    return OnDemand(trained)


@pytest.fixture(scope="session")
def gaps(tmp_path_factory):
    """The folder of a small model of gaps, called ``gaps``, with random weights."""
    folder = tmp_path_factory.mktemp("models") / "gaps"
    folder.mkdir()
    with torch.random.fork_rng():
        network = GapNetwork(tiny_config())
    randomise(network)
    save_model(folder, tiny_config(), network.state_dict())
    return folder


@pytest.fixture
def run(capsys):
    """Run a command line in this process; return (status, stdout, stderr)."""

    def call(*arguments):
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture(autouse=True)
def no_global_randomness():
    """The library leaves the global generators alone."""
    before = torch.random.get_rng_state(), repr(np.random.get_state())  # noqa: NPY002
    yield
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == repr(np.random.get_state())  # noqa: NPY002
