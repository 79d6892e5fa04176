import json

import numpy as np
import pytest
from lead_cases import lead_model, stored_recording

import diffecg
from diffecg.model.folder import save_model
from diffecg.signal.limb_leads import STANDARD_LEADS


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny-leads"
    folder.mkdir()
    model = lead_model()
    save_model(folder, model.config, model.denoiser.state_dict())
    return folder


@pytest.fixture
def watch(tmp_path):
    diffecg.write_recording(tmp_path / "watch.edf", stored_recording(["I"]))
    return tmp_path / "watch.edf"


def impute(run, *arguments):
    return run("impute", *arguments, "--draws", 2, "--steps", 2, "--json")


@pytest.mark.parametrize("format", ["edf", "wfdb", "csv"])
def test_a_watch_becomes_a_12_lead_recording(run, model, watch, tmp_path, format):
    out = tmp_path / "out"
    status, stdout, err = impute(
        run, watch, "--leads", "standard", "--model", model, "--out", out, "--format", format
    )
    assert status == 0, err
    result = json.loads(stdout)
    recording, given = diffecg.read_recording(out / result["file"]), diffecg.read_recording(watch)
    assert recording.channel_names == STANDARD_LEADS
    if recording.source.is_integer:
        assert np.array_equal(recording.stored[0], given.stored[0])
    assert recording.signal[0] == pytest.approx(given.signal[0], abs=1e-9)
    assert {"leads.csv", "draws.npz", "card.json", "sheet.png"} <= {path.name for path in out.iterdir()}
    card = json.loads((out / "card.json").read_text())
    assert card["given"] == {"I": "I"}
    assert [row["lead"] for row in card["leads"]] == [lead for lead in STANDARD_LEADS if lead != "I"]
    assert np.load(out / "draws.npz")["draws_mv"].shape[:2] == (2, 11)


def test_nothing_but_the_draws_is_written_on_request(run, model, watch, tmp_path):
    out = tmp_path / "out"
    status, *_ = impute(run, watch, "--leads", "V1,V2", "--write", "none", "--model", model, "--out", out)
    assert status == 0
    assert diffecg.read_recording(out / "watch.edf").channel_names == ("I",)
    assert list(np.load(out / "draws.npz")["leads"]) == ["V1", "V2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gap", "1:2"], "--gap and --leads exclude each other"),
        (["--label", "N"], "leave --label out"),
        (["--engine", "analogues"], "diffusion engine"),
    ],
)
def test_options_of_gaps_are_refused(run, model, watch, tmp_path, options, message):
    flags = [] if "--engine" in options else ["--model", model]
    status, _, err = impute(run, watch, "--leads", "standard", *flags, *options, "--out", tmp_path / "out")
    assert status
    assert message in err


def test_several_recordings_are_summed_up(run, model, watch, tmp_path):
    diffecg.write_recording(tmp_path / "holter.edf", stored_recording(["MLII", "V5"], name="holter"))
    out = tmp_path / "all"
    status, stdout, err = impute(run, tmp_path / "*.edf", "--leads", "V1", "--model", model, "--out", out)
    assert status == 0, err
    holter, first = json.loads(stdout)["recordings"]
    assert (holter["given"], first["given"]) == (["II", "V5"], ["I"])
    assert "MLII is taken for lead II" in holter["notes"][0]
    assert {path.name for path in out.glob("*.edf")} == {"holter.edf", "watch.edf"}
