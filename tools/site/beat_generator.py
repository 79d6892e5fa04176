"""The generator of heartbeats on the front page: the ONNX file of a model, and the form of the script."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256, sha384
from pathlib import Path
from typing import Any

import jinja2
import onnx
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import diffecg
from diffecg import pretrained
from diffecg.inference.onnx_export import export_model

ROOT = Path(__file__).parents[2]
MODEL = "mitbih-beat-fast"
FILE = f"models/{MODEL}.onnx"
"""The model on the site."""
PLACE = "<!-- beat generator -->"
"""Stands where the page has the form."""
NAMES = {"N": "normal", "S": "supraventricular", "V": "ventricular", "F": "fusion"}
"""What the labels are called."""
EXPORTER = ("diffusion/*.py", "transform/*.py", "model/*.py", "inference/onnx_export.py")
"""Code of the package that the content of an exported file depends on."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the ONNX file of the model."""
    files.append(File.generated(config, FILE, abs_src_path=str(exported(MODEL))))
    return files


def on_page_content(html: str, **_: object) -> str:
    """Add the form, with what its script has to know of the model."""
    return html.replace(PLACE, form(exported(MODEL))) if PLACE in html else html


def exported(name: str) -> Path:
    """Return the ONNX file of a bundled model, written again after changes of the weights or the exporter."""
    code = [path for pattern in EXPORTER for path in sorted((ROOT / "src" / "diffecg").glob(pattern))]
    used = [*sorted(pretrained.folder(name).iterdir()), *code]
    digest = sha256(b"".join(path.read_bytes() for path in used)).hexdigest()
    path = ROOT / ".cache" / f"{name}-{digest[:16]}.onnx"
    if not path.is_file():
        for older in path.parent.glob(f"{name}-*.onnx"):
            older.unlink()
        export_model(diffecg.load(name), path)
    return path


def form(path: Path) -> str:
    """Return the HTML of the form for an exported model."""
    about = about_model(path)
    template = Path(__file__).with_suffix(".html").read_text()
    names = {label: NAMES[label] for label in about["labels"]}
    return jinja2.Environment(autoescape=True).from_string(template).render(model=about, names=names)


def about_model(path: Path) -> dict[str, Any]:
    """Return what the script has to know of an exported model: its properties, and the file on the site."""
    content = path.read_bytes()
    stated = {one.key: one.value for one in onnx.load_from_string(content).metadata_props}
    digest = sha384(content)
    return {
        "name": stated["name"],
        "labels": json.loads(stated["labels"]),
        "lead": json.loads(stated["leads"])[0],
        "fs_hz": float(stated["fs_hz"]),
        "file": {
            "url": f"{FILE}?{digest.hexdigest()[:8]}",
            "bytes": len(content),
            "sha384": b64encode(digest.digest()).decode(),
        },
    }
