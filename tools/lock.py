"""Write requirements.lock: what development needs, as constraints.txt pins it, with each file's SHA-256.

    make lock

uv resolves for every system and Python from 3.11 on. torch's entry gets the CPU builds' hashes beside
PyPI's; the CUDA packages are left out, as those builds do without them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
HEADER = """\
# The versions of constraints.txt, each with the SHA-256 of its files for all systems. Written by make lock:
# PyPI's hashes, and those of torch's CPU builds. No CUDA packages: torch's CUDA build pins its own.
"""
CPU_BUILDS = "https://download.pytorch.org/whl/cpu/torch/"
LEFT_OUT = ("cuda-", "nvidia-", "triton", "httpx2-jsfetch")  # CUDA; what only a Python in a browser needs


def main() -> None:
    """Resolve, leave out, add torch's CPU builds, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--uv", default="uv", help="command (default: uv)")
    locked = entries(resolved(parser.parse_args().uv))
    torch = locked["torch"].split()[0]
    hashes = hashes_of(locked["torch"]) | cpu_builds(torch)
    locked["torch"] = " \\\n    --hash=sha256:".join([torch, *sorted(hashes)])
    kept = [locked[name] for name in sorted(locked) if not name.startswith(LEFT_OUT)]
    LOCK.write_text(HEADER + "\n".join(kept) + "\n")
    print(f"{LOCK.name}: {len(kept)} packages, {len(hashes)} builds of {torch}")


def resolved(uv: str) -> str:
    """Return uv's lock of the extra dev and of what it takes to install the project itself."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    research = tomllib.loads((ROOT / "research" / "pyproject.toml").read_text())["project"]["dependencies"]
    others = [requirement for requirement in research if not requirement.startswith("diffecg")]
    files = "pyproject.toml - -c constraints.txt --extra dev --universal --python-version 3.11"
    flags = "--generate-hashes --no-header --no-annotate -q"
    command = [uv, "pip", "compile", *files.split(), *flags.split()]
    return output(command, stdin="\n".join([*build, "editables", *others]))


def cpu_builds(torch: str) -> set[str]:
    """Return the SHA-256 of the build that pip finds here, and those in PyTorch's index, else in the lock."""
    flags = "-m pip -q install --dry-run --ignore-installed --no-deps --report -"
    found = json.loads(output([sys.executable, *flags.split(), torch]))["install"][0]
    hashes = {found["download_info"]["archive_info"]["hashes"]["sha256"]}
    build = torch.replace("==", "-") + "%2Bcpu-"
    try:
        with urlopen(CPU_BUILDS, timeout=30) as answer:
            page = answer.read().decode()
        return hashes | set(re.findall(re.escape(build) + r"[^\"#]*\.whl#sha256=([0-9a-f]{64})", page))
    except OSError as error:
        print(f"{CPU_BUILDS}: {error}; the lock keeps the builds it has")
    before = entries(LOCK.read_text()).get("torch", "") if LOCK.exists() else ""
    return hashes | (hashes_of(before) if before.startswith(f"{torch} ") else set())


def entries(lock: str) -> dict[str, str]:
    """Return a lock's entries, by name."""
    return {entry.split("==")[0]: entry for entry in re.findall(r"(?m)^\w.*(?:\n .*)*", lock)}


def hashes_of(entry: str) -> set[str]:
    """Return the SHA-256 in an entry."""
    return set(re.findall(r"sha256:([0-9a-f]{64})", entry))


def output(command: list[str], stdin: str = "") -> str:
    """Return what a command prints; stop where it fails."""
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return done.stdout if done.returncode == 0 else sys.exit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
