"""Run a server until it is interrupted."""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from diffecg.errors import DiffecgError, Terminated
from diffecg.service import limited
from diffecg.service.app import create_app
from diffecg.service.http_protocol import PatientProtocol
from diffecg.service.project import Project
from diffecg.service.settings import Settings

SHUTDOWN_TIMEOUT_S = 3
KEEP_ALIVE_S = 15
BACKLOG = 512


def run(settings: Settings, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Run a server until it is interrupted.

    Args:
        settings: settings of the server.
        host: address to bind to.
        port: port to bind to; 0 for a free one.
        on_ready: called with the URL of the page once the server accepts connections.

    Raises:
        DiffecgError: the address is not available, the project cannot be opened, or a model or the real beats
            cannot be read.
        KeyboardInterrupt, Terminated: the process received SIGINT or SIGTERM.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise DiffecgError(
                f"cannot bind to {host}:{port} ({error.strerror}); choose another --port"
            ) from None
        project = Project(settings.folder)
        limited.prepare()
        tempfile.tempdir = str(project.temporary)  # parts of uploads, too, are deleted at the end
        # uvicorn raises the signal again once it has stopped.
        previous = signal.signal(signal.SIGTERM, _terminate)
        try:
            bound = listener.getsockname()[1]
            token = settings.token or project.token()
            app = create_app(settings, project, token, bound)
            listener.listen(BACKLOG)
            netloc = f"[{host}]" if ":" in host else host
            on_ready(f"http://{netloc}:{bound}/?token={token}")
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                http=_protocol(settings.limits.max_connections),
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            )
            server = uvicorn.Server(config)
            server.run(sockets=[listener])
            if server.started:
                raise KeyboardInterrupt  # the one that uvicorn raises again can be lost as its loop ends
        finally:
            signal.signal(signal.SIGTERM, previous)
            tempfile.tempdir = None
            project.close()


def _terminate(*_: object) -> NoReturn:
    raise Terminated


def _protocol(max_connections: int) -> type[PatientProtocol]:
    """Return the class of connections, which uvicorn constructs."""
    return type("Connection", (PatientProtocol,), {"max_connections": max_connections})
