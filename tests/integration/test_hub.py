"""Models are shared on the Hugging Face hub: a stand-in for it on this machine."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from gap_cases import randomise, tiny_config
from helpers import tiny
from hub_server import TOKEN, serve_hub
from huggingface_hub import ModelCard, constants

import diffecg
from diffecg import pretrained
from diffecg.datasets.formats.registry import read_windows
from diffecg.errors import MissingDependencyError
from diffecg.inference.gap_model import GapModel
from diffecg.inference.loading import load_parent
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.gap.network import GapNetwork

# Of the client of huggingface_hub, where it uploads by Git LFS.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub of huggingface_hub, with an empty cache and no token."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serve_hub() as hub:
        home = tmp_path / "hf"
        url = hub.address + constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(home / "harnesses"), raising=False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in has Git LFS only
        yield hub


@pytest.fixture
def shared(hub):
    """The name of a model of beats on the hub, public."""
    with torch.random.fork_rng(devices=[]):
        denoiser = ConditionalDenoiser(tiny("beat"))
    diffecg.Model(denoiser, "tiny").push_to_hub("org/beat", private=False, token=TOKEN)
    return "org/beat"


def gap_model():
    with torch.random.fork_rng(devices=[]):
        network = GapNetwork(tiny_config())
    randomise(network)
    return GapModel(network, "tiny")


def test_a_bundled_model_comes_back_from_the_hub_bit_for_bit(hub):
    original = diffecg.load("mitbih-beat-fast")
    original.push_to_hub("org/fast", private=False, token=TOKEN)
    loaded = diffecg.Model.from_pretrained("org/fast")
    assert loaded.name == "org/fast"
    assert loaded.weights_sha256 in loaded.card
    for name, weights in original.denoiser.state_dict().items():
        assert torch.equal(loaded.denoiser.state_dict()[name], weights), name
    assert np.array_equal(loaded.generate("V", 2).signal_mv, original.generate("V", 2).signal_mv)
    files = {request.rpartition("/")[2] for request in hub.requests if "/resolve/" in request}
    assert files == {"config.json", "model.safetensors", "README.md"}


def test_a_name_of_the_hub_is_a_model_everywhere(hub, shared, run, tmp_path):
    assert diffecg.load_imputer(shared).name == shared
    assert load_parent(shared).model.name == shared
    run("generate", shared, "--label", "N", "--count", "2", "--out", tmp_path / "n.npz")
    assert read_windows(tmp_path / "n.npz").info["model"] == shared


def test_a_gap_model_with_a_card_made_from_its_settings_comes_back(hub):
    model = gap_model()
    address = model.push_to_hub("org/gaps", token=TOKEN)
    assert address == f"{hub.address}/org/gaps"
    assert hub.private["org/gaps"]
    with pytest.raises(diffecg.DiffecgError, match="no model org/gaps on the hub, and no such folder"):
        GapModel.from_pretrained("org/gaps")
    hub.private["org/gaps"] = False
    loaded = GapModel.from_pretrained("org/gaps")
    assert "# gaps" in loaded.card
    for name, weights in model.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], weights), name
    with pytest.raises(diffecg.DiffecgError, match="org/gaps is of the class GapModel, not Model"):
        diffecg.Model.from_pretrained("org/gaps")


def test_revisions_are_chosen_by_name(hub, shared):
    (_, (commit, _)) = hub.commits[shared]
    model = gap_model()
    model.push_to_hub(shared, token=TOKEN)
    assert isinstance(diffecg.load_imputer(shared), GapModel)
    assert diffecg.load(f"{shared}@{commit}").name == f"{shared}@{commit}"
    with pytest.raises(diffecg.DiffecgError, match="the model org/beat of the hub has no revision 'v9'"):
        diffecg.load(f"{shared}@v9")


def test_without_a_network_it_is_the_model_of_the_cache(hub, shared, tmp_path, monkeypatch):
    digest = diffecg.load(shared).weights_sha256
    code = f"from diffecg.model.finding import find_model; print(find_model({shared!r}).weights_sha256)"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == digest, done.stderr
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # the port of "discard": nothing answers
    assert diffecg.load(shared).weights_sha256 == digest
    with pytest.raises(diffecg.DiffecgError, match="org/other of the hub cannot be downloaded and is not in"):
        diffecg.load("org/other")
    with pytest.raises(diffecg.DiffecgError, match="org/other cannot be uploaded to the hub"):
        gap_model().push_to_hub("org/other", token=TOKEN)


def test_a_folder_wins_over_the_hub(hub, shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gap_model().save(shared)
    before = len(hub.requests)
    assert diffecg.load_imputer(shared).name == "beat"
    assert len(hub.requests) == before


def test_models_that_are_not_there_or_not_of_diffecg_are_refused(hub, shared, tmp_path):
    with pytest.raises(diffecg.DiffecgError, match="no model org/none on the hub, and no such folder"):
        diffecg.load("org/none")
    hub.commit("org/text", {"README.md": b"# Another model"})
    with pytest.raises(
        diffecg.DiffecgError,
        match=r"org/text of the hub is not a model of diffecg: it has no config.json and no model",
    ):
        diffecg.load("org/text")
    hub.commit("org/empty", {"notes.txt": b""})
    with pytest.raises(diffecg.DiffecgError, match="org/empty of the hub is not a model of diffecg"):
        diffecg.load("org/empty")
    files = hub.find(shared, "main")[1]
    hub.commit("org/other", {**files, "config.json": b'{"architectures": ["BertModel"]}'})
    with pytest.raises(diffecg.DiffecgError, match=r"org--other.*architectures: Unexpected keyword"):
        diffecg.load("org/other")
    weights = bytearray(files["model.safetensors"])
    weights[-1] ^= 1
    hub.commit("org/damaged", {**files, "model.safetensors": bytes(weights)})
    with pytest.raises(diffecg.DiffecgError, match="was altered after it was saved"):
        diffecg.load("org/damaged")


def test_uploads_that_the_hub_refuses(hub):
    model = gap_model()
    with pytest.raises(diffecg.DiffecgError, match=r"org/gaps cannot be uploaded .*401.*hf auth login"):
        model.push_to_hub("org/gaps")
    for name in ("gaps", "org/gaps@v1", "a/b/c"):
        with pytest.raises(diffecg.DiffecgError, match="is not a name of the hub; give organisation/name"):
            model.push_to_hub(name, token=TOKEN)
    model.card = "---\ntags: [ecg]\n---\n"
    with pytest.raises(diffecg.DiffecgError, match=r"Invalid metadata in README\.md"):
        model.push_to_hub("org/gaps", token=TOKEN)


def test_without_huggingface_hub_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        MissingDependencyError, match=r"huggingface_hub cannot be imported; pip install 'diffecg\[hub\]'"
    ):
        diffecg.load("org/name")
    with pytest.raises(diffecg.DiffecgError, match="unknown model 'nowhere'"):
        diffecg.load("nowhere")


def test_a_saved_model_is_the_model(tmp_path, monkeypatch):
    model = diffecg.load_imputer("mitbih-strip")
    model.save(tmp_path / "mine")
    for file in ("model.safetensors", "README.md"):
        assert (tmp_path / "mine" / file).read_bytes() == (
            pretrained.find("mitbih-strip") / file
        ).read_bytes()
    assert diffecg.load_imputer(tmp_path / "mine").config == model.config
    with pytest.raises(diffecg.DiffecgError, match="mine exists and is not an empty folder"):
        model.save(tmp_path / "mine")
    older = diffecg.load("mitbih-beat-fast")  # its file has the metadata of version 0.1
    older.save(tmp_path / "newer")
    newer = diffecg.load(tmp_path / "newer")
    assert newer.weights_sha256 != older.weights_sha256
    assert newer.card == older.card.replace(older.weights_sha256, newer.weights_sha256)
    gap_model().save(tmp_path / "gaps")
    card = ModelCard.load(tmp_path / "gaps" / "README.md", ignore_metadata_errors=False).data
    assert (card.library_name, card.pipeline_tag) == ("diffecg", "time-series-forecasting")
    assert card.eval_results is None
    monkeypatch.setattr(diffecg.Model, "engine", "onnx")
    with pytest.raises(diffecg.DiffecgError, match="computed by onnx; load it with engine='torch'"):
        older.save(tmp_path / "onnx")
