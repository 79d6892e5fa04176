"""The properties of all modules of this kind, together."""

from importlib import import_module
from pathlib import Path

from fuzzing import LONG, PROPERTIES


def test_the_long_run_is_as_long_as_is_said():
    modules = [path.stem for path in Path(__file__).parent.glob("test_fuzz_*.py")]
    for module in modules:
        import_module(module)
    assert sum(wanted.long for module in modules for wanted in PROPERTIES[module].values()) >= LONG
