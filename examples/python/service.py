#!/usr/bin/env python3
"""A small HTTP service on one store: customers, checks and a few commands, for a portal to begin from.

    python service.py msp.db --port 8000

Who asks is taken from the header `X-User`, which stands in for real authentication: put your own in place of `caller`, and let
nobody else set it. What tenantry refuses is answered as application/problem+json (RFC 9457), with its code, name and remedy.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import tenantry
import uvicorn
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from tenantry import AccessIndex, CustomerSort, Database, Invitee, LinkId, Stage, TenantId, TenantKind, UserId, errors

STATUS: dict[type[tenantry.TenantryError], int] = {
    errors.RequestRefused: 409,
    errors.UnknownRefused: 404,
    errors.RightsRefused: 403,
    errors.ValueRefused: 422,
    errors.StateRefused: 409,
    errors.Misuse: 400,
    errors.StoreError: 503,
}


def caller(x_user: Annotated[UserId, Header()]) -> UserId:
    """Who asks. A real service takes it from a session or a token that it has checked."""
    return x_user


Caller: TypeAlias = Annotated[UserId, Depends(caller)]
Key: TypeAlias = Annotated[UUID | None, Header(alias="Idempotency-Key")]
Json: TypeAlias = dict[str, Any]


class Filter(BaseModel, extra="forbid"):
    text: str | None = None
    management: str | None = None
    service: str | None = None
    stage: Stage | None = None
    sort: CustomerSort = CustomerSort.NAME
    descending: bool = False
    cursor: str | None = None
    limit: int = 50


class NewCustomer(BaseModel, extra="forbid"):
    name: str
    management: str
    services: set[str]
    number: str | None = None
    owner: str | None = None


def service(db: Database) -> FastAPI:
    """The service on an open database. Its routes are plain functions, which FastAPI runs in threads: that is fine here."""
    index = db.access_index()
    app = FastAPI(title="tenantry", lifespan=lambda _: following(index))
    app.add_exception_handler(tenantry.TenantryError, refused)
    app.add_exception_handler(RequestValidationError, malformed)

    @app.get("/managers/{manager}/customers")
    def customers(user: Caller, manager: TenantId, wanted: Annotated[Filter, Query()]) -> Json:
        return db.customers(actor=user, manager=manager, **wanted.model_dump()).page().as_dict()

    @app.get("/managers/{manager}/customers/{customer}")
    def customer(user: Caller, manager: TenantId, customer: TenantId) -> Json:
        return db.customer(actor=user, manager=manager, customer=customer).as_dict()

    @app.post("/managers/{manager}/customers", status_code=201)
    def add_customer(user: Caller, manager: TenantId, new: NewCustomer, key: Key = None) -> Json:
        owner = Invitee(email=new.owner) if new.owner else None
        more: Json = {**new.model_dump(), "owner": owner}
        added = db.add_customer(actor=user, manager=manager, kind=TenantKind.CUSTOMER, request_id=key, **more)
        return {**added.outcome.as_dict(), "token": added.token}

    @app.post("/links/{link}/delink-request", status_code=201)
    def request_delink(user: Caller, link: LinkId, key: Key = None) -> Json:
        asked = db.request_delink(link=link, actor=user, request_id=key)
        return {"events": [event.as_dict() for event in asked.events], "token": asked.token}

    @app.get("/check")
    def check(user: Caller, permission: str, tenant: TenantId, service: str | None = None, token: str | None = None) -> Json:
        """A check in memory. With the `token` of a change it is at least that new, whichever process made it."""
        if token is not None:
            index.refresh(token)
        return index.check(user, permission, tenant, service).as_dict()

    @app.get("/explain")
    def explain(user: Caller, permission: str, tenant: TenantId, service: str | None = None) -> Json:
        return db.explain(user=user, permission=permission, tenant=tenant, service=service).as_dict()

    return app


@contextlib.asynccontextmanager
async def following(index: AccessIndex) -> AsyncGenerator[None]:
    """While the service runs, the index takes in what other processes write, four times a second."""

    async def follow() -> None:
        while True:
            await asyncio.sleep(0.25)
            with contextlib.suppress(errors.StoreBusy):
                await asyncio.to_thread(index.refresh)

    task = asyncio.create_task(follow())
    yield
    task.cancel()


def refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, tenantry.TenantryError)
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    told = error.as_dict()
    return problem(status, error.name, told.pop("message"), told)


def malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    path = ".".join(map(str, first["loc"]))
    return problem(400, "malformed", first["msg"], {"path": path, "remedy": "see /docs for what is wanted"})


def problem(status: int, name: str, detail: str, more: Mapping[str, object]) -> JSONResponse:
    told = {"type": f"urn:tenantry:{name}", "title": name.replace("_", " "), "status": status, "detail": detail, **more}
    again = {"Retry-After": "1"} if more.get("transient") else {}
    return JSONResponse(told, status, again, "application/problem+json")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serves a store over HTTP, on this machine alone.")
    parser.add_argument("file")
    parser.add_argument("--port", type=int, default=8000)
    wanted = parser.parse_args()
    with tenantry.open(wanted.file, must_exist=True) as store:
        uvicorn.run(service(store), host="127.0.0.1", port=wanted.port)
