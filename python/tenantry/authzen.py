"""The OpenID AuthZEN Authorization API 1.0, for whatever serves HTTP: a path and a body in, a status and a body out. `Database.host_authzen`
says what its parts mean here.

Whoever may send such requests learns whatever checks tell. Who that is, the program that serves them sees to.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from ._database import Database
from .errors import StoreError, TenantryError
from .model import AuthzenApi

PATHS: Final = {
    "/access/v1/evaluation": AuthzenApi.EVALUATION,
    "/access/v1/evaluations": AuthzenApi.EVALUATIONS,
    "/access/v1/search/subject": AuthzenApi.SEARCH_SUBJECT,
    "/access/v1/search/resource": AuthzenApi.SEARCH_RESOURCE,
    "/access/v1/search/action": AuthzenApi.SEARCH_ACTION,
}
"""Which part of the API is at which path."""

WELL_KNOWN: Final = "/.well-known/authzen-configuration"
"""Where the metadata is, `Database.authzen_metadata`: between the host and the path of the base that it names."""


class Reply(NamedTuple):
    """What to answer with."""

    status: int
    body: str
    content_type: str


def respond(db: Database, path: str, body: bytes | str) -> Reply:
    """Answers a `POST`, whatever was sent: with a decision or a page of a search, with 400 where the standard calls it a bad request, with
    404 where nothing is at the path, with 500 where the store cannot be read. Never an allow where something is amiss.

    Args:
        db: The database that is asked.
        path: The path of the request.
        body: Its body.
    """
    api = PATHS.get(path)
    if api is None:
        return _said(404, "there is nothing at this path")
    try:
        request = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return _said(400, f"the body is not JSON: {error}")
    if not isinstance(request, dict):
        return _said(400, "the body is not a JSON object")
    try:
        return Reply(200, json.dumps(db.host_authzen(api=api, request=request)), "application/json")
    except StoreError as error:
        return _said(500, str(error))
    except TenantryError as error:
        return _said(400, str(error))


def _said(status: int, message: str) -> Reply:
    return Reply(status, message, "text/plain; charset=utf-8")


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no member is named twice: two readers could take either."""
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member of an object is named twice")
    return found
