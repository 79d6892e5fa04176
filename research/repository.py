"""Paths in a clone of diffecg; commands that write documentation or models need one."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "benchmarks" / "index.md"
REPORTS = ROOT / "docs" / "reports"
IMAGES = ROOT / "docs" / "images"
GALLERY = ROOT / "docs" / "gallery"
EXAMPLES = ROOT / "examples"
PACKAGE = ROOT / "src" / "diffecg"
PRETRAINED = PACKAGE / "pretrained"
