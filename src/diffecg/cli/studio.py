"""``diffecg studio``: the studio in the browser and its REST service."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Threads, stderr
from diffecg.extras import require_extra
from diffecg.service.limits import Limits

Models = Annotated[tuple[str, ...], Parameter(consume_multiple=True)]
ServerLimits = Annotated[Limits, Flat]


def studio(
    folder: Path = Path("diffecg-studio"),
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: Models = ("mitbih-beat", "mitbih-beat-fast", "mitbih-strip", "icu-strip", "ptbxl-beat"),
    beats: Path | None = None,
    token: str | None = None,
    engine: str = "torch",
    threads: Threads = None,
    open: bool = False,
    limits: ServerLimits = Limits(),
) -> None:
    """Open the studio: a web page to impute, denoise, forecast, compose, generate and evaluate ECG.

    Example: diffecg studio my-project --open

    Recordings, results and jobs are kept in the project folder; the next start takes up unfinished jobs.
    The page and its REST service, described at /openapi.json, accept connections from this machine only
    unless another --host is given, and need the token in the printed address. Needs
    `pip install 'diffecg[studio]'`.

    Parameters
    ----------
    folder:
        Project folder; it is created if it does not exist.
    host:
        Address to bind to; 0.0.0.0 for all interfaces.
    port:
        Port to bind to; 0 for a free one.
    model:
        Models to serve: names of bundled models or of the Hugging Face hub, or model folders. May be
        repeated. The server loads no others.
    beats:
        Folder of real beats, written by diffecg prepare, to compare synthetic beats with.
    token:
        Token that requests must carry. Default: the environment variable DIFFECG_TOKEN, else that of the
        project, which is random.
    engine:
        Inference engine: torch or onnx.
    open:
        Open the page in the browser.
    """
    require_extra("studio")
    from diffecg.service.run import run
    from diffecg.service.settings import LOOPBACK, Settings

    settings = Settings(
        models=model,
        folder=folder,
        beats=beats,
        token=token or os.environ.get("DIFFECG_TOKEN", ""),
        loopback=host in LOOPBACK,
        threads=threads,
        engine=engine,
        limits=limits,
    )

    def on_ready(url: str) -> None:
        message = f"diffecg: the studio is at {url}  (stop with Ctrl-C)"
        stderr.print(message, highlight=False, soft_wrap=True)
        if open:
            webbrowser.open(url)

    run(settings, host, port, on_ready)
