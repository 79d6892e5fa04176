import pytest

pytest.register_assert_rewrite("guards")

from guards import MAX_BYTES, peak_memory  # noqa: E402


@pytest.fixture(autouse=True)
def memory_limit():
    """No test needs much memory, over all its examples."""
    before = peak_memory(reset=True)
    yield
    assert peak_memory() - before < MAX_BYTES
