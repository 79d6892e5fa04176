"""``diffecg serve``: the studio in the browser and its REST service."""

from __future__ import annotations

import os
import secrets
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Threads, stderr
from diffecg.extras import require_extra
from diffecg.service.limits import Limits

Models = Annotated[tuple[str, ...], Parameter(consume_multiple=True)]
ServerLimits = Annotated[Limits, Flat]


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: Models = ("mitbih-beat", "mitbih-beat-fast", "mitbih-strip"),
    beats: Path | None = None,
    token: str | None = None,
    engine: str = "torch",
    threads: Threads = None,
    open: bool = False,
    limits: ServerLimits = Limits(),
) -> None:
    """Serve a web page to generate, impute, denoise, forecast, compose and evaluate ECG, and a REST service.

    Example: diffecg serve --beats beats/ --open

    By default the server accepts connections from this machine only. With another --host it requires a
    token. The API is described at /openapi.json. Needs `pip install 'diffecg[serve]'`.

    Parameters
    ----------
    host:
        Address to bind to; 0.0.0.0 for all interfaces.
    port:
        Port to bind to; 0 for a free one.
    model:
        Models to serve: names of bundled models, or model folders. May be
        repeated. The server loads no others.
    beats:
        Folder of real beats, written by diffecg prepare, to compare synthetic beats with.
    token:
        Token that requests must carry. Default: the environment variable DIFFECG_TOKEN, else a random token
        if the host is not this machine, else none.
    engine:
        Inference engine: torch or onnx.
    open:
        Open the page in the browser.
    """
    require_extra("serve")
    from diffecg.service.run import run
    from diffecg.service.settings import LOOPBACK, Settings

    loopback = host in LOOPBACK
    token = token or os.environ.get("DIFFECG_TOKEN", "") or ("" if loopback else secrets.token_urlsafe(16))
    with tempfile.TemporaryDirectory(prefix="diffecg-") as folder:
        settings = Settings(
            models=model,
            folder=Path(folder),
            beats=beats,
            token=token,
            loopback=loopback,
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
