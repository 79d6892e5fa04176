"""``diffecg serve``: the studio in the browser, and the service behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Threads, stderr

Models = Annotated[tuple[str, ...], Parameter(consume_multiple=True)]


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
) -> None:
    """Open the studio: a page to make and repair ECG by hand and eye, and a service for programs.

    Example: diffecg serve --beats beats/ --open

    It binds to this machine alone unless told otherwise, and then asks for a token. The service describes
    itself at /openapi.json. Needs `pip install 'diffecg[serve]'`.

    Parameters
    ----------
    host:
        Address to bind to; 0.0.0.0 for all of this machine's.
    port:
        Port to bind to; 0 takes a free one.
    model:
        Models to offer: bundled ones or model folders. No other is ever loaded.
    beats:
        Real beats to show and compare with: a folder that diffecg prepare wrote.
    token:
        What requests must bring; the variable DIFFECG_TOKEN, else one made up, when it binds elsewhere.
    engine:
        What computes: torch, or onnx.
    open:
        Open the page in the browser.
    """
    from diffecg.extras import require_serve

    require_serve()
    import secrets
    import tempfile

    from diffecg.service.run import run
    from diffecg.service.settings import LOOPBACK, Settings

    inside = host in LOOPBACK
    token = token or os.environ.get("DIFFECG_TOKEN", "") or ("" if inside else secrets.token_urlsafe(16))
    with tempfile.TemporaryDirectory(prefix="diffecg-") as folder:
        settings = Settings(model, Path(folder), beats, token, inside, threads, engine)

        def ready(url: str) -> None:
            stderr.print(
                f"diffecg: the studio is at {url}  (stop with Ctrl-C)", highlight=False, soft_wrap=True
            )
            if open:
                import webbrowser

                webbrowser.open(url)

        run(settings, host, port, ready)
