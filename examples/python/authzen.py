#!/usr/bin/env python3
"""A policy decision point over HTTP: the OpenID AuthZEN Authorization API 1.0 on one store, for gateways that speak it.

    PDP_TOKEN=s3cret python authzen.py msp.db --port 8001 --base https://pdp.example.com

These are the platform's own questions: whoever may ask learns who may do what. So a request needs the token, and a proxy in front needs TLS.
"""

from __future__ import annotations

import argparse
import os
import secrets

import tenantry
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tenantry import Database
from tenantry.authzen import PATHS, WELL_KNOWN, respond

MOST = 8 * 1024 * 1024
"""How many bytes a request may have."""


class Called:
    """What a request is called comes back with its answer, whatever that is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        called = [(name, value) for name, value in scope.get("headers", ()) if name == b"x-request-id"][:1]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *called]}
            await send(message)

        await self.app(scope, receive, answer)


def service(db: Database, token: str, base: str) -> ASGIApp:
    """The service on an open database, which is served at `base` for those who hold the token."""
    if not token or not all("!" <= sign <= "~" for sign in token):
        raise ValueError("a token has letters, digits and signs of ASCII, and no spaces")
    app = FastAPI(title="AuthZEN", openapi_url=None)
    metadata = dict(db.authzen_metadata(base=base))

    async def answer(request: Request) -> Response:
        sent = request.headers.get("authorization", "")
        if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            return said(401, "the request has no token, or another one", {"WWW-Authenticate": "Bearer"})
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return said(400, "the request is not application/json")
        body = await whole(request)
        if body is None:
            return said(413, f"the request is too long: it may have {MOST} bytes")
        reply = await run_in_threadpool(respond, db, request.url.path, body)
        return Response(reply.body, reply.status, None, reply.content_type)

    for path in PATHS:
        app.add_api_route(path, answer, methods=["POST"])

    @app.get(WELL_KNOWN)
    def configuration() -> dict[str, object]:
        return metadata

    return Called(app)


def said(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return Response(why, status, headers, "text/plain")


async def whole(request: Request) -> bytes | None:
    """The body, unless it is too long: then it is refused as soon as that shows, and what still comes is not kept."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            return None
    return bytes(body)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serves checks and look-ups over HTTP, on this machine alone.")
    parser.add_argument("file")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--base", default="https://pdp.example.com", help="where others find it")
    wanted = parser.parse_args()
    held = os.environ.get("PDP_TOKEN")
    if not held:
        parser.error("PDP_TOKEN has no token")
    with tenantry.open(wanted.file, must_exist=True) as store:
        uvicorn.run(service(store, held, wanted.base), host="127.0.0.1", port=wanted.port)
