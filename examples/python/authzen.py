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
from tenantry import Database
from tenantry.authzen import PATHS, WELL_KNOWN, respond

MOST = 8 * 1024 * 1024


def service(db: Database, token: str, base: str) -> FastAPI:
    """The service on an open database, which is served at `base` for those who hold the token."""
    app = FastAPI(title="AuthZEN", openapi_url=None)
    metadata = dict(db.authzen_metadata(base=base))

    def said(request: Request, status: int, body: str, kind: str = "text/plain") -> Response:
        # What a request is called comes back with its answer.
        called = request.headers.get("x-request-id")
        return Response(body, status, {"X-Request-ID": called} if called else None, kind)

    async def answer(request: Request) -> Response:
        sent = request.headers.get("authorization", "")
        if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            return said(request, 401, "the request has no token, or another one")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return said(request, 400, "the request is not application/json")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST:
                return said(request, 400, "the request is too long")
        reply = await run_in_threadpool(respond, db, request.url.path, body)
        return said(request, reply.status, reply.body, reply.content_type)

    for path in PATHS:
        app.add_api_route(path, answer, methods=["POST"])

    @app.get(WELL_KNOWN)
    def configuration() -> dict[str, object]:
        return metadata

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serves checks and look-ups over HTTP, on this machine alone.")
    parser.add_argument("file")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--base", default="https://pdp.example.com", help="where others find it")
    wanted = parser.parse_args()
    with tenantry.open(wanted.file, must_exist=True) as store:
        uvicorn.run(service(store, os.environ["PDP_TOKEN"], wanted.base), host="127.0.0.1", port=wanted.port)
