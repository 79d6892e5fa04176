"""Properties of the layers: rotary position embeddings and attention."""

import pytest
import torch

from diffecg.model.layers import SelfAttention, rotate, rotation_angles


@pytest.mark.parametrize("grid", [(12,), (5, 6)])
def test_scores_of_rotated_queries_and_keys_depend_on_their_distance(grid):
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 32, generator=generator)
    angles = rotation_angles(torch.Size(grid), 32, query.device)
    points = angles.shape[0]
    queries, keys = (rotate(x.expand(1, 1, points, 32), angles) for x in (query, key))
    scores = (queries @ keys.mT).reshape(*grid, *grid)
    assert torch.allclose(queries.norm(dim=-1), query.norm(dim=-1))
    if len(grid) == 1:
        assert torch.allclose(scores[3, 1], scores[9, 7], atol=1e-4)
        assert not torch.allclose(scores[3, 1], scores[3, 2], atol=1e-2)
    else:
        assert torch.allclose(scores[2, 3, 1, 1], scores[3, 5, 2, 3], atol=1e-4)
        assert not torch.allclose(scores[2, 3, 1, 1], scores[2, 3, 1, 2], atol=1e-2)


def test_attention_without_positions_is_equivariant_to_permutations():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention = SelfAttention(32)
        torch.nn.init.normal_(attention.out.weight)
        x = torch.randn(1, 32, 10)
    order = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    assert torch.allclose(attention(x)[..., order], attention(x[..., order]), atol=1e-5)
    attention.positions = True
    assert not torch.allclose(attention(x)[..., order], attention(x[..., order]), atol=1e-2)
