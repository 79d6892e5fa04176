"""The properties of all modules of this kind, together."""

from importlib import import_module
from pathlib import Path

import numpy as np
from fuzzing import LONG, MOST_BYTES, PROPERTIES, most_memory


def test_the_long_run_is_as_long_as_is_said():
    modules = [path.stem for path in Path(__file__).parent.glob("test_fuzz_*.py")]
    for module in modules:
        import_module(module)
    assert sum(wanted.long for module in modules for wanted in PROPERTIES[module].values()) >= LONG


def test_memory_that_was_taken_is_seen():
    """Also where the process had more before."""
    for _ in range(2):
        before = most_memory(forget=True)
        np.ones(MOST_BYTES // 8 * 2)
        assert before == 0 or most_memory() - before > MOST_BYTES
