"""requirements.lock: the versions of constraints.txt, with hashes, and nothing missing."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NOT_LOCKED = {"tensorboard", "wandb"}
"""Extras that no test needs."""
LOCK = (ROOT / "requirements.lock").read_text()
ENTRIES = [entry.split(" \\\n") for entry in re.findall(r"(?m)^[^\s#].*(?:\n .*)*", LOCK)]


def pins(lines):
    found = {}
    for line in lines:
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        name = canonicalize_name(requirement.name)
        assert pin.operator == "=="
        assert name not in found
        found[name] = pin.version
    return found


def test_the_lock_has_the_versions_of_the_constraints():
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    assert pins(first for first, *_ in ENTRIES) == pins(line for line in constraints if line[:1] != "#")


def test_every_entry_has_hashes():
    for first, *hashes in ENTRIES:
        assert hashes, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line) for line in hashes), first


def test_every_direct_dependency_is_locked_in_a_version_that_it_may_have():
    project, research = (
        tomllib.loads((folder / "pyproject.toml").read_text()) for folder in (ROOT, ROOT / "research")
    )
    wanted = [*project["build-system"]["requires"], "editables", *project["project"]["dependencies"]]
    for name, extra in project["project"]["optional-dependencies"].items():
        if name not in NOT_LOCKED:
            wanted += extra
    wanted += research["project"]["dependencies"]
    locked = pins(first for first, *_ in ENTRIES)
    for requirement in map(Requirement, wanted):
        if requirement.name == "diffecg":
            continue
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_leaves_cuda_and_indexes_to_the_machine():
    assert not re.search(r"(?m)^(nvidia|cuda|triton|-)|://", LOCK)
