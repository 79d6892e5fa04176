"""Access control: host and origin checks, the token, and limits on the size of requests."""

from __future__ import annotations

import hmac
from contextlib import suppress
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diffecg.service.error_responses import error_response
from diffecg.service.settings import LOOPBACK, Settings
from diffecg.service.token_page import TOKEN_PAGE, TOKEN_PAGE_POLICY

_WITHOUT_TOKEN = ("/healthz",)
_UPLOADS = ("/api/recordings", "/api/sets")
_NOT_PAGES = ("/api/", "/metrics", "/openapi.json")
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)


class AuthMiddleware:
    """Rejects requests from other pages or without the token, and adds security headers to responses.

    Args:
        app: the application.
        settings: settings of the server.
        token: token that requests must carry, in a header or in the cookie.
        port: port of the server, which is part of the name of the cookie: two studios share a host.
    """

    def __init__(self, app: ASGIApp, settings: Settings, token: str, port: int) -> None:
        self._app = app
        self._settings = settings
        self._token = token
        self._cookie = f"diffecg_token_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        rejection = self._check_source(scope, headers) or self._check_token(scope, headers)
        if rejection is not None:
            await rejection(scope, receive, _with_security_headers(send))
            return
        limits = self._settings.limits
        max_bytes = limits.max_upload_mb * 1e6 if scope["path"] in _UPLOADS else limits.max_body_kb * 1e3
        await BodyLimitMiddleware(self._app, int(max_bytes))(scope, receive, _with_security_headers(send))

    def _check_source(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if self._settings.loopback and _netloc_hostname(host) not in LOOPBACK:
            # DNS rebinding: a page of another host whose name resolves to this machine.
            return error_response(421, f"the server answers requests for {', '.join(LOOPBACK)} only")
        origin = headers.get("origin")
        if origin == "null":  # a sandboxed page, or a local file
            return None if scope["method"] in ("GET", "HEAD") else _foreign_page()
        return None if origin is None or _netloc(origin) == host else _foreign_page()

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        path = scope["path"]
        if path in _WITHOUT_TOKEN:
            return None
        is_page = scope["method"] in ("GET", "HEAD") and not path.startswith(_NOT_PAGES)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = dict(query).get("token", "")
        if is_page and self._is_valid(token):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            response = RedirectResponse(_relative(path) + (f"?{rest}" if rest else ""), 303)
            response.set_cookie(self._cookie, token, httponly=True, samesite="strict")
            return response
        cookie = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_valid(bearer) or self._is_valid(cookie):
            return None
        if is_page and "text/html" in headers.get("accept", ""):
            return HTMLResponse(TOKEN_PAGE, 401, {"content-security-policy": TOKEN_PAGE_POLICY})
        return error_response(
            401, "a token is required: send Authorization: Bearer TOKEN, or open /?token=TOKEN"
        )

    def _is_valid(self, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())


def _relative(path: str) -> str:
    """Return a path of this server; ``//host`` would be another one."""
    return "/" + quote(path.lstrip("/\\"))


class BodyLimitMiddleware:
    """Rejects a request whose body exceeds a size, without reading it to the end."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > self._max_bytes:
            await self._too_large()(scope, receive, send)
            return
        received, responded = 0, False

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise _BodyTooLarge
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal responded
            if received > self._max_bytes and not responded:
                return  # the application's response to a truncated body
            responded = True
            await send(message)

        with suppress(_BodyTooLarge):
            await self._app(scope, limited_receive, guarded_send)
        if received > self._max_bytes and not responded:
            await self._too_large()(scope, receive, send)

    def _too_large(self) -> JSONResponse:
        return error_response(413, f"the request exceeds the limit of {self._max_bytes / 1e6:g} MB")


class _BodyTooLarge(Exception):
    """The body of a request exceeds the limit."""


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", _CONTENT_SECURITY_POLICY)
            headers.setdefault("x-content-type-options", "nosniff")
            headers.setdefault("referrer-policy", "no-referrer")
            headers.setdefault("cross-origin-resource-policy", "same-origin")
            headers.setdefault("cross-origin-opener-policy", "same-origin")
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return send_with_headers


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _netloc_hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _foreign_page() -> JSONResponse:
    return error_response(403, "requests from other pages are rejected")
