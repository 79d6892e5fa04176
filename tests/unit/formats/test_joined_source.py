import numpy as np

from diffecg.formats.samples import ArraySource, JoinedSource, SelectedSource


def test_channels_of_several_sources_are_read_as_they_are_stored():
    rng = np.random.default_rng(0)
    first, second = rng.integers(-99, 99, (2, 50)), rng.integers(-99, 99, (3, 50))
    missing = rng.random((3, 50)) < 0.2
    joined = JoinedSource(
        [
            ArraySource(
                first, 100.0, gain=(200.0, 500.0), baseline=(3.0, 0.0), missing=np.zeros((2, 50), bool)
            ),
            ArraySource(second, 100.0, gain=(1.0,) * 3, missing=missing),
        ]
    )
    assert joined.is_integer
    assert joined.gain == (200.0, 500.0, 1.0, 1.0, 1.0)
    assert joined.baseline == (3.0, 0.0, 0.0, 0.0, 0.0)
    block = SelectedSource(joined, [4, 0, 2]).read([0, 1, 2], 10, 40)
    assert np.array_equal(block.stored, np.stack([second[2], first[0], second[0]])[:, 10:40])
    assert np.array_equal(block.missing, np.stack([missing[2], missing[0] & False, missing[0]])[:, 10:40])
    assert joined.read([], 0, 10).stored.shape == (0, 10)
