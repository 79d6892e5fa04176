"""The FastAPI application: routes, error responses and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from diffecg import pretrained
from diffecg._version import __version__
from diffecg.config.gap import GapConfig
from diffecg.config.io import read_any_config
from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.service import data_api, jobs_api, tasks_api
from diffecg.service.checks import LimitExceeded
from diffecg.service.job_queue import JobQueue, QueueFull
from diffecg.service.metrics import Metrics
from diffecg.service.schemas import ModelInfo
from diffecg.service.security import AuthMiddleware
from diffecg.service.server import ServedModel, Server
from diffecg.service.settings import Settings
from diffecg.service.uploads import Uploads

STATIC = Path(__file__).parent / "static"
PLOTLY_JS = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
RETRY_AFTER_S = 2
_DESCRIPTION = (
    "Generate labelled heartbeats, impute, denoise and forecast recordings, compose annotated recordings, "
    "and evaluate synthetic beats. A task is a job: submit it, follow it by its id, and fetch its result. "
    "Not a medical device."
)


def create_app(settings: Settings) -> FastAPI:
    """Create the application.

    Raises:
        DiffecgError: a model or the real beats cannot be read.
    """
    metrics = Metrics()
    server = Server(
        settings=settings,
        queue=JobQueue(settings, metrics),
        uploads=Uploads(settings.folder, settings.limits.max_uploads),
        metrics=metrics,
        models=_read_models(settings.models),
        beats=None if settings.beats is None else open_windows(settings.beats),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with server.queue:
            yield

    app = FastAPI(
        title="diffecg",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.server = server
    for router in (tasks_api.router, jobs_api.router, data_api.router):
        app.include_router(router, prefix="/api")
    app.add_middleware(AuthMiddleware, settings=settings)
    _add_error_handlers(app)

    @app.get("/healthz", response_class=PlainTextResponse, tags=["server"])
    def health() -> str:
        """Return ``ok`` while the server runs."""
        return "ok\n"

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    def show_metrics() -> Response:
        """Return metrics in the text format of Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/plotly.js", include_in_schema=False)
    def plotly_js() -> Response:
        """Return plotly.js from the installed Python package."""
        return FileResponse(
            PLOTLY_JS, media_type="text/javascript", headers={"cache-control": "max-age=86400"}
        )

    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def _read_models(sources: tuple[str, ...]) -> dict[str, ServedModel]:
    """Return the models by the name that requests use: the last part of the folder."""
    models: dict[str, ServedModel] = {}
    for source in sources:
        info = _read_model_info(source)
        if info.name in models:
            raise DiffecgError(f"two models have the name {info.name!r}; rename a folder")
        models[info.name] = ServedModel(source=source, info=info)
    return models


def _read_model_info(source: str) -> ModelInfo:
    folder = pretrained.find(source) or Path(source)
    config = read_any_config(folder / "config.json")
    if isinstance(config, GapConfig):
        candidates = config.candidates
        return ModelInfo(
            name=folder.name,
            kind="gap",
            labels=[],
            fs_hz=candidates.fs_hz,
            leads=["*"],
            window_s=candidates.length / candidates.fs_hz,
            before=0,
            steps=config.diffusion.steps,
        )
    return ModelInfo(
        name=folder.name,
        kind="beat",
        labels=list(config.labels),
        fs_hz=config.window.fs_hz,
        leads=list(config.window.leads),
        window_s=config.window.duration_s,
        before=config.window.before,
        steps=config.diffusion.steps,
    )


def _add_error_handlers(app: FastAPI) -> None:
    """Answer a `DiffecgError` with its message and a fitting status."""
    statuses: dict[type[Exception], int] = {LimitExceeded: 413, QueueFull: 429, DiffecgError: 422}

    async def answer(request: Request, error: Exception) -> Response:
        status = next(status for kind, status in statuses.items() if isinstance(error, kind))
        headers = {"retry-after": str(RETRY_AFTER_S)} if status == 429 else None
        return JSONResponse({"detail": str(error)}, status, headers)

    async def not_found(request: Request, error: Exception) -> Response:
        detail = error.detail if isinstance(error, HTTPException) else "not found"
        return JSONResponse({"detail": detail}, 404)

    app.add_exception_handler(DiffecgError, answer)
    app.add_exception_handler(404, not_found)
