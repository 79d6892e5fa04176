"""Morphologies are found, counted and sampled."""

import numpy as np
import torch
from helpers import tiny

from diffecg.config.presets import preset
from diffecg.datasets.morphologies import cluster_morphologies
from diffecg.model.denoiser import ConditionalDenoiser


def beats(seed=0):
    """Return 300 upright and 100 inverted N beats in random order, 60 S beats and a Q beat."""
    rng = np.random.default_rng(seed)
    sign = rng.permutation(np.repeat([1.0, -1.0], [300, 100]))
    peak = np.exp(-(((np.arange(256) - 128) / 10) ** 2))
    signal = np.concatenate([sign, np.ones(61)])[:, None] * peak + 0.02 * rng.standard_normal((461, 256))
    return signal[:, None].astype(np.float32), np.repeat(["N", "S", "Q"], [400, 60, 1]), sign


def test_different_shapes_become_different_clusters():
    signal_mv, labels, sign = beats()
    divided, member = cluster_morphologies(signal_mv, labels, ["N", "S", "V"], 2, seed=0)
    share = divided.share
    inverted = member[:400] == member[:400][sign < 0][0]
    assert (inverted == (sign < 0)).all()
    assert sorted(share[0].tolist()) == [0.25, 0.75]
    assert (member[400:460] == 0).all()  # 60 beats are too few for two
    assert share[1].tolist() == [1, 0]
    assert member[460] == -1
    assert share[2].tolist() == [0, 0]
    assert (cluster_morphologies(signal_mv, labels, ["N", "S", "V"], 2, seed=0)[1] == member).all()


def test_no_clusters_are_made_where_none_are_requested():
    signal_mv, labels, _ = beats()
    divided, member = cluster_morphologies(signal_mv, labels, ["N"], 0, seed=0)
    share = divided.share
    assert (member == -1).all()
    assert share.shape == (1, 0)


def test_morphologies_are_drawn_as_often_as_they_occur_and_by_seed_alone():
    with torch.random.fork_rng():
        model = ConditionalDenoiser(tiny("beat"))
    model.morphology_share[0, :3] = torch.tensor([0.5, 0.3, 0.2])
    drawn = model.draw_morphologies(["N"] * 4000, range(4000))
    assert np.allclose(np.bincount(drawn) / 4000, [0.5, 0.3, 0.2], atol=0.03)
    assert model.draw_morphologies(["N"] * 10, range(100, 110)) == drawn[100:110]
    assert model.draw_morphologies([None, "?", "S"], [1, 2, 3]) == [-1, -1, -1]


def test_each_pair_of_label_and_morphology_has_a_different_number():
    with torch.random.fork_rng():
        model = ConditionalDenoiser(tiny("beat"))
    each = preset("beat").conditions.morphologies
    labels = [None, "Q", *(label for label in model.config.labels for _ in range(each + 1))]
    morphologies = [3, 3, *(m for _ in model.config.labels for m in range(-1, each))]
    numbers = model.encode_labels(labels, morphologies).argmax(dim=1).tolist()
    assert numbers == [0, 0, *range(1, 1 + len(model.config.labels) * (each + 1))]
    assert model.network.embed_label.num_embeddings == max(numbers) + 1
