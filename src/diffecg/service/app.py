"""The FastAPI application: routes, error responses and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Scope

from diffecg._version import __version__
from diffecg.config.gap import GapConfig
from diffecg.datasets.label_meanings import label_meanings
from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.model.finding import find_model
from diffecg.service import data_api, jobs_api, recordings_api, sheets_api, tasks_api
from diffecg.service.database import Table
from diffecg.service.error_responses import COMMON, add_error_handlers
from diffecg.service.job_queue import JobQueue
from diffecg.service.library import Library
from diffecg.service.metrics import Metrics
from diffecg.service.openapi import describe
from diffecg.service.project import Project
from diffecg.service.schemas import ModelInfo, PageSettings
from diffecg.service.security import AuthMiddleware
from diffecg.service.server import ServedModel, Server
from diffecg.service.sets import WindowSets
from diffecg.service.settings import Settings
from diffecg.service.task_builder import build_stored

STATIC = Path(__file__).parent / "static"
_DESCRIPTION = (
    "Generate labelled heartbeats, impute, denoise and forecast recordings, compose annotated recordings, "
    "and evaluate synthetic beats. A task is a job: submit it, follow it by its id, and fetch its result. "
    "Not a medical device."
)


def create_app(settings: Settings, project: Project, token: str, port: int) -> FastAPI:
    """Create the application.

    Args:
        settings: settings of the server.
        project: the open project.
        token: token that every request must carry.
        port: port of the server.

    Raises:
        DiffecgError: a model or the real beats cannot be read.
    """
    server = _create_server(settings, project)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await server.queue.start()
        yield
        await server.queue.stop()

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
    for router in (
        recordings_api.router,
        sheets_api.router,
        tasks_api.router,
        jobs_api.router,
        data_api.router,
    ):
        app.include_router(router, prefix="/api", responses=COMMON)
    app.add_middleware(AuthMiddleware, settings=settings, token=token, port=port)
    add_error_handlers(app)
    describe(app, settings.limits, f"diffecg_token_{port}")

    @app.get("/healthz", response_class=PlainTextResponse, tags=["server"])
    def health() -> str:
        """Return ``ok`` while the server runs."""
        return "ok\n"

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    def show_metrics() -> Response:
        """Return metrics in the text format of Prometheus."""
        return Response(server.metrics.text(), media_type="text/plain; version=0.0.4")

    app.mount("/", _Page(directory=STATIC, html=True), name="page")
    return app


class _Page(StaticFiles):
    """The files of the page; addresses within the page, such as ``/r/ID``, are the page, too."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or the page for a path without a suffix."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            is_address = "." not in path and not scope["path"].startswith("/api/")
            if error.status_code != 404 or not is_address:
                raise
            return await super().get_response("index.html", scope)


def _create_server(settings: Settings, project: Project) -> Server:
    """Return the parts of a server, with what the project keeps."""
    metrics = Metrics()

    def used_bytes() -> int:
        return server.bytes

    library = Library(project, settings.limits, used_bytes)
    queue = JobQueue(settings, project, library, metrics)
    server = Server(
        settings=settings,
        project=project,
        queue=queue,
        library=library,
        sets=WindowSets(project, settings.limits, library.check_room),
        metrics=metrics,
        models=_read_models(settings.models),
        beats=None if settings.beats is None else open_windows(settings.beats),
        page_settings=Table(project.database, "settings", PageSettings),
    )
    queue.restore(partial(build_stored, server))
    return server


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
    folder = find_model(source)
    config = folder.config
    if isinstance(config, GapConfig):
        candidates = config.candidates
        return ModelInfo(
            name=folder.name,
            kind="gap",
            labels=[],
            meanings={},
            several_labels=False,
            fs_hz=candidates.fs_hz,
            leads=["*"],
            window_s=candidates.length / candidates.fs_hz,
            kinds=list(candidates.kinds),
            before=0,
            steps=config.diffusion.steps,
        )
    return ModelInfo(
        name=folder.name,
        kind="beat",
        labels=list(config.labels),
        meanings=label_meanings(config.labels),
        several_labels=config.conditions.several_labels,
        fs_hz=config.window.fs_hz,
        leads=list(config.window.leads),
        window_s=config.window.duration_s,
        kinds=["ecg"],
        before=config.window.before,
        steps=config.diffusion.steps,
    )
