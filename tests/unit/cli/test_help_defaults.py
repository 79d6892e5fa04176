"""The help of every command states the defaults that are used."""

import inspect
from dataclasses import is_dataclass

import pytest

from diffecg.cli import app as cli
from diffecg.cli import bulk

COMMANDS = (*cli._COMMANDS, bulk.prepare, bulk.generate, bulk.compose)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__qualname__)
def test_flags_of_options_have_the_defaults_of_their_class(command):
    for parameter in inspect.signature(command).parameters.values():
        if is_dataclass(parameter.default):  # its fields are flags, and their defaults are in the help
            assert parameter.default == type(parameter.default)(), parameter.name


@pytest.mark.parametrize("command", [("bulk", "compose"), ("pretrain-set",)])
def test_the_help_states_the_batch_size_of_composed_sets(run, command):
    status, out, _ = run(*command, "--help")
    words = " ".join(out.replace("│", " ").split())
    assert status == 0
    assert "--batch-size INT Recordings composed, and beats computed, together" in words
    assert "[default: 256]" in words
