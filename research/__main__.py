"""``python -m research``."""

from __future__ import annotations

from diffecg.cli.app import run
from research.cli import study

if __name__ == "__main__":
    run(study)
