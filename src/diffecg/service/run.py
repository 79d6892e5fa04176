"""A server from its start to its end."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from diffecg.errors import DiffecgError
from diffecg.service.app import create_app
from diffecg.service.settings import Settings


def run(settings: Settings, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        settings: of the server.
        host: address to bind to.
        port: port to bind to; 0 takes a free one.
        ready: called with the page's address, once it can be opened.

    Raises:
        DiffecgError: the port is taken, or what is to be served cannot be read.
    """
    app = create_app(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise DiffecgError(
                f"cannot bind to {host}:{port} ({error.strerror}); choose another --port"
            ) from None
        listener.listen(128)
        token = f"?token={settings.token}" if settings.token else ""
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}/{token}")
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
        uvicorn.Server(config).run(sockets=[listener])
