"""Run a server until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from diffecg.errors import DiffecgError
from diffecg.service.app import create_app
from diffecg.service.settings import Settings

SHUTDOWN_TIMEOUT_S = 3


def run(settings: Settings, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Run a server until it is interrupted.

    Args:
        settings: settings of the server.
        host: address to bind to.
        port: port to bind to; 0 for a free one.
        on_ready: called with the URL of the page once the server accepts connections.

    Raises:
        DiffecgError: the address is not available, or a model or the real beats cannot be read.
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
        netloc = f"[{host}]" if ":" in host else host
        query = f"?token={settings.token}" if settings.token else ""
        on_ready(f"http://{netloc}:{listener.getsockname()[1]}/{query}")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S
        )
        uvicorn.Server(config).run(sockets=[listener])
