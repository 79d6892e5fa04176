"""Error responses: one form for all, ``{"detail": "…"}``, with the field that is to be changed."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from diffecg.errors import DiffecgError
from diffecg.service.checks import LimitExceeded, StorageFull
from diffecg.service.expansion import TooLarge
from diffecg.service.job_queue import OtherRequest, QueueFull
from diffecg.service.limited import ResourceLimit, is_disk_full
from diffecg.service.wording import reword

RETRY_AFTER_S = 2
_DISK_FULL = "the disk of the project is full; delete files, and try again"
_STATUSES: dict[type[DiffecgError], int] = {
    StorageFull: 507,
    LimitExceeded: 413,
    TooLarge: 413,
    ResourceLimit: 413,
    QueueFull: 429,
    OtherRequest: 422,
}
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """What is wrong with a field of a request."""

    field: str
    """Its name, such as `options.count`."""
    message: str


@dataclass(frozen=True, kw_only=True)
class ErrorBody:
    """The body of an error response."""

    detail: str
    """What is wrong, what is allowed and the way out."""
    errors: list[FieldError] = field(default_factory=list)
    """The fields that are wrong."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for its description."""
    return {status: {"model": ErrorBody, "description": _DESCRIPTIONS[status]} for status in statuses}


_DESCRIPTIONS = {
    401: "A token is required.",
    403: "The request comes from another page.",
    404: "Unknown id, lead or label.",
    409: "The job is not done, or a job that is not done needs it.",
    413: "The request exceeds a limit of the server.",
    421: "The server does not answer for this host.",
    422: "The request cannot be computed.",
    429: "The queue is full.",
    507: "The disk is full.",
}
COMMON = responses(401, 403, 421, 422)
"""Error responses of every route."""


def add_error_handlers(app: FastAPI) -> None:
    """Answer errors with their message and a fitting status; nothing but a bug is a 500."""
    app.add_exception_handler(DiffecgError, _user_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OSError, _system_error)
    app.add_exception_handler(sqlite3.Error, _system_error)
    app.add_exception_handler(Exception, _system_error)


def error_response(status: int, detail: str, *errors: FieldError) -> JSONResponse:
    """Return an error response."""
    headers = {"retry-after": str(RETRY_AFTER_S)} if status == 429 else None
    body: dict[str, Any] = {"detail": _printable(detail)}
    if errors:
        body["errors"] = [
            {"field": _printable(one.field), "message": _printable(one.message)} for one in errors
        ]
    return JSONResponse(body, status, headers)


async def _user_error(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 422)
    message = reword(str(error))
    fields = [FieldError(field=message.field, message=message.text)] if message.field else []
    return error_response(status, message.text, *fields)


async def _invalid(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit its schema; the values are not repeated."""
    assert isinstance(error, RequestValidationError)
    fields = [
        FieldError(field=".".join(map(str, one["loc"][1:])) or "body", message=_message(one))
        for one in error.errors()
    ]
    return error_response(422, "; ".join(f"{one.field}: {one.message}" for one in fields)[:2000], *fields)


def _message(error: dict[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"{error['msg']}: {error.get('ctx', {}).get('error', '')}"
    return error["msg"]


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if is_disk_full(error.__cause__):  # FastAPI answers 400 where it cannot store a body
        return error_response(507, _DISK_FULL)
    response = error_response(error.status_code, str(error.detail))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _system_error(request: Request, error: Exception) -> Response:
    if is_disk_full(error):
        return error_response(507, _DISK_FULL)
    _logger.error("request failed", exc_info=error)
    return error_response(500, f"internal error ({type(error).__name__}); see the log of the server")


def _printable(text: str) -> str:
    """Return a text without halves of pairs of characters, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()
