"""Who may ask: a token, our own page, this machine's names; and no request larger than it may be."""

from __future__ import annotations

import hmac
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diffecg.service.settings import LOOPBACK, Settings

COOKIE = "diffecg_token"
_OPEN = ("/healthz",)
_UPLOADS = ("/api/recordings", "/api/sets")
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)


class AuthMiddleware:
    """Refuses, before anything else is done, what does not come from where it may."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, send)
            return
        limits = self.settings.limits
        most = limits.upload_mb * 1e6 if scope["path"] in _UPLOADS else limits.body_kb * 1e3
        await BodyLimitMiddleware(self.app, int(most))(scope, receive, _protected(send))

    def _refused(self, scope: Scope, headers: Headers) -> JSONResponse | RedirectResponse | None:
        try:
            host = urlsplit(f"//{headers.get('host', '')}").hostname
        except ValueError:
            host = None
        if self.settings.loopback and host not in LOOPBACK:
            # A page elsewhere whose name was made to point at this machine must not reach it.
            return _no(421, f"this server answers to {', '.join(LOOPBACK)} only")
        origin = headers.get("origin")
        if origin and origin != "null" and urlsplit(origin).netloc != headers.get("host"):
            return _no(403, "requests from other pages are refused")
        if origin == "null" and scope["method"] not in ("GET", "HEAD"):
            return _no(403, "requests from other pages are refused")
        if not self.settings.token or scope["path"] in _OPEN:
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and self._known(asked):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, asked, httponly=True, samesite="strict")
            return answer
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self._known(given) or self._known(cookie):
            return None
        return _no(401, "a token is needed: Authorization: Bearer TOKEN, or open /?token=TOKEN")

    def _known(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.settings.token.encode())


class BodyLimitMiddleware:
    """Stops to read a body that is too large."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer 413 when there is too much of it."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > self.most:
            await self._too_large()(scope, receive, send)
            return
        got, answered = 0, False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self.most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal answered
            if got > self.most and not answered:
                return  # whatever the application makes of a body cut short
            answered = True
            await send(message)

        with suppress(_TooLarge):
            await self.app(scope, counted, noted)
        if got > self.most and not answered:
            await self._too_large()(scope, receive, send)

    def _too_large(self) -> JSONResponse:
        return _no(413, f"the request is larger than {self.most / 1e6:g} MB")


class _TooLarge(Exception):
    """The body is too large."""


def _protected(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", _POLICY)
            headers.setdefault("x-content-type-options", "nosniff")
            headers.setdefault("referrer-policy", "no-referrer")
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return with_headers


def _no(status: int, why: str) -> JSONResponse:
    return JSONResponse({"detail": why}, status)
