"""The wheel and the sdist: what is in them, and that the wheel needs no other dependencies than it names."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import yaml
from packaging.metadata import Metadata
from packaging.requirements import Requirement

import diffecg

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("distribution")]
ROOT = Path(__file__).parents[2]
INFO = f"diffecg-{diffecg.__version__}.dist-info"


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The sdist and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def package_files():
    """Names of the files of the package in the repository."""
    paths = (ROOT / "src" / "diffecg").rglob("*")
    return {
        path.relative_to(ROOT / "src").as_posix()
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_its_models_and_the_licence(distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        metadata = Metadata.from_email(archive.read(f"{INFO}/METADATA"), validate=True)
        licence = archive.read(f"{INFO}/licenses/LICENSE")
    content = {name for name in sizes if not name.startswith(f"{INFO}/")}
    assert content == package_files()
    assert "diffecg/py.typed" in content
    weights = [size for name, size in sizes.items() if name.endswith(".safetensors")]
    assert len(weights) == 8
    assert sum(weights) < 60e6
    assert distributions[1].stat().st_size < 60e6
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert (metadata.license_expression, metadata.license_files) == ("Apache-2.0", ["LICENSE"])
    assert str(metadata.version) == diffecg.__version__
    assert metadata.description == (ROOT / "README.md").read_text()


def test_the_sdist_holds_the_package_and_no_tests_or_data(distributions):
    with tarfile.open(distributions[0]) as archive:
        paths = [PurePosixPath(member.name) for member in archive.getmembers() if member.isfile()]
    (folder,) = {path.parts[0] for path in paths}
    names = {path.relative_to(folder).as_posix() for path in paths}
    around = {
        *(".gitignore", "PKG-INFO", "pyproject.toml"),
        *("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"),
    }
    assert names == around | {f"src/{name}" for name in package_files()}


def needed(name, extras=()):
    """Names of the installed distributions that a distribution depends on, directly or indirectly."""
    found = set()
    waiting = [(name, tuple(extras))]
    while waiting:
        name, extras = waiting.pop()
        for requirement in map(Requirement, distribution(name).requires or []):
            contexts = [{"extra": extra} for extra in ("", *extras)]
            applies = requirement.marker is None or any(map(requirement.marker.evaluate, contexts))
            key = requirement.name, tuple(requirement.extras)
            if applies and key not in found:
                found.add(key)
                waiting.append(key)
    return {name for name, _ in found}


@pytest.fixture
def environment(distributions, tmp_path):
    """The programs of a virtual environment that has the wheel, and links to its dependencies only."""
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "-q"]
    subprocess.run([*pip, "--no-index", "--no-deps", "--no-compile", distributions[1]], check=True)
    for name in needed("diffecg"):
        files = distribution(name).files
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(files[0].locate().parents[len(files[0].parts) - 1] / top)
    return folder / "bin"


def test_the_wheel_works_with_the_dependencies_that_it_names(environment, tmp_path):
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    (commands,) = [step["run"] for step in workflow["jobs"]["smoke"]["steps"] if "working-directory" in step]
    where = 'python -c "import diffecg; print(diffecg.__file__)"'
    folder = tmp_path / "work"
    folder.mkdir()
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["PATH"] = os.pathsep.join([str(environment), variables["PATH"]])
    done = subprocess.run(
        ["bash", "-e"],
        input=f"{commands}\n{where}\n",
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"diffecg {diffecg.__version__}"
    assert Path(lines[-1]).is_relative_to(environment.parent)
    with np.load(folder / "v.npz") as beats:
        assert list(beats["labels"]) == ["V"] * 4
        assert np.isfinite(beats["signal_mv"]).all()
    assert (folder / "imputed" / "made.imputed").exists()
