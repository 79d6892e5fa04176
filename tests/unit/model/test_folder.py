"""Model folders: the digest of the tensors, and folders of version 0.1."""

import pytest
import torch
from helpers import tiny
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.files import WEIGHTS
from diffecg.model.folder import load_model, save_model


@pytest.fixture
def folder(tmp_path):
    """A model folder with untrained weights."""
    config = tiny("beat")
    with torch.random.fork_rng():
        save_model(tmp_path, config, ConditionalDenoiser(config).state_dict())
    return tmp_path


def metadata(path):
    with safe_open(path, framework="pt") as file:
        return file.metadata()


def test_metadata_hold_a_digest_of_the_tensors_only(folder):
    assert set(metadata(folder / WEIGHTS)) == {"tensors_sha256"}
    load_model(folder)


def test_the_metadata_key_of_version_0_1_is_read(folder):
    path = folder / WEIGHTS
    digest = metadata(path)["tensors_sha256"]
    save_file(load_file(path), path, metadata={"weights_sha256": digest})
    load_model(folder)


@pytest.mark.parametrize("key", ["tensors_sha256", "weights_sha256", "other"])
def test_weights_that_do_not_match_the_digest_are_rejected(folder, key):
    path = folder / WEIGHTS
    digest, tensors = metadata(path)["tensors_sha256"], load_file(path)
    if key != "other":
        tensors["transform.mean_mv"] += 1
    save_file(tensors, path, metadata={key: digest})
    with pytest.raises(DiffecgError, match="altered"):
        load_model(folder)
