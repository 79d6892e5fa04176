"""The service: FastAPI's application, its errors, and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from diffecg import pretrained
from diffecg._version import __version__
from diffecg.config.io import read_config
from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.service import data_api, jobs_api
from diffecg.service.job_queue import Queue, QueueFull
from diffecg.service.metrics import Metrics
from diffecg.service.schemas import ModelInfo
from diffecg.service.security import AuthMiddleware
from diffecg.service.server import Server
from diffecg.service.settings import LimitExceeded, Settings
from diffecg.service.uploads import Uploads

PAGE = Path(__file__).parent / "static"
PLOTS = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
_ABOUT = (
    "Generates labelled heartbeats, fills gaps in ECG recordings, forecasts, denoises, composes, evaluates. "
    "Work is a job: ask, follow it by its id, fetch its result. Not a medical device."
)


def create_app(settings: Settings) -> FastAPI:
    """Return the service.

    Raises:
        DiffecgError: a model or the real beats cannot be read, or the extra ``serve`` is not installed.
    """
    metrics = Metrics()
    server = Server(
        settings,
        Queue(settings, metrics),
        Uploads(settings.folder, settings.limits.uploads),
        metrics,
        _models(settings.models),
        None if settings.beats is None else open_windows(settings.beats),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with server.queue:
            yield

    app = FastAPI(
        title="diffecg",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.server = server
    app.include_router(jobs_api.router, prefix="/api")
    app.include_router(data_api.router, prefix="/api")
    app.add_middleware(AuthMiddleware, settings=settings)
    _add_errors(app)

    @app.get("/healthz", response_class=PlainTextResponse, tags=["server"])
    def health() -> str:
        """Tell that the server answers."""
        return "ok\n"

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    def show_metrics() -> Response:
        """Tell what was counted, in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/plotly.js", include_in_schema=False)
    def plots() -> Response:
        """Return plotly's script, as the installed package brings it."""
        return FileResponse(PLOTS, media_type="text/javascript", headers={"cache-control": "max-age=86400"})

    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    return app


def _models(given: tuple[str, ...]) -> dict[str, tuple[str, ModelInfo]]:
    """Return what was given and its description, by the name that requests use."""
    found: dict[str, tuple[str, ModelInfo]] = {}
    for name in given:
        info = _describe(name)
        if info.name in found:
            raise DiffecgError(f"two models are called {info.name!r}; rename a folder")
        found[info.name] = name, info
    return found


def _describe(name: str) -> ModelInfo:
    """Return what a model's configuration tells."""
    folder = pretrained.find(name) or Path(name)
    config = read_config(folder / "config.json")
    window = config.window
    labels, leads = list(config.labels), list(window.leads)
    return ModelInfo(
        folder.name,
        window.kind,
        labels,
        window.fs_hz,
        leads,
        window.duration_s,
        window.before,
        config.diffusion.steps,
    )


def _add_errors(app: FastAPI) -> None:
    """Answer errors of ours in one line, with the status that fits."""
    statuses: dict[type[Exception], int] = {LimitExceeded: 413, QueueFull: 429, DiffecgError: 422}

    async def answer(request: Request, error: Exception) -> Response:
        status = next(status for kind, status in statuses.items() if isinstance(error, kind))
        headers = {"retry-after": "2"} if status == 429 else None
        return JSONResponse({"detail": " ".join(str(error).split())}, status, headers)

    app.add_exception_handler(DiffecgError, answer)

    async def unknown(request: Request, error: Exception) -> Response:
        detail: Any = error.detail if isinstance(error, HTTPException) else "not found"
        return JSONResponse({"detail": detail}, 404)

    app.add_exception_handler(404, unknown)
