"""``diffecg export``: a network as ONNX."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Force, Json, show
from diffecg.errors import DiffecgError


def export(model: str, /, *, out: Path, force: Force = False, json: Json = False) -> None:
    """Export the network of a model as ONNX, for batches of any size.

    Example: diffecg export mitbih-beat-fast --out beat.onnx

    STFT, noise schedule and sampler are not part of the network; docs/speed.md describes its inputs and
    output. To sample with ONNX Runtime, use --engine onnx of the other commands instead.

    Parameters
    ----------
    model:
        A bundled model or a model folder.
    out:
        File to write, .onnx.
    """
    from diffecg.files import check_output
    from diffecg.inference.loading import load
    from diffecg.model.onnx import INPUTS, OUTPUT, export_onnx

    if out.suffix != ".onnx":
        raise DiffecgError(f"unknown suffix {out.suffix!r} of {out}; choose .onnx")
    check_output(out, force=force, is_folder=False)
    export_onnx(load(model).denoiser, out)
    result = {"out": str(out), "inputs": list(INPUTS), "outputs": [OUTPUT]}
    show(result, f"{out}: inputs {', '.join(INPUTS)}; output {OUTPUT}", as_json=json)
