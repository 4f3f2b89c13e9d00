"""Standards at the edge: what core tells in their forms is what they publish, by packages that have it; and AuthZEN over real HTTP."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import uvicorn
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

import tenantry
from conftest import Clock, World, furnish
from tenantry import OPERATOR, AuthzenApi, Database, TenantKind
from tenantry.authzen import PATHS, WELL_KNOWN, respond
from tenantry.model import RoleRule

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "core" / "tests" / "golden"
SCENARIO = ROOT / "core" / "tests" / "wire" / "certification.json"
EXAMPLE = ROOT / "examples" / "python" / "authzen.py"
EVALUATION = "/access/v1/evaluation"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines()]


# What others publish.


@pytest.fixture(scope="module")
def ocsf() -> dict[int, jsonschema.Draft202012Validator]:
    """The published schema of each class that is used, without any profile."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
    names = {uid: schema.lookup_class_name_from_uid(class_uid=uid) for uid in (3001, 3003, 3004, 3005)}
    return {uid: jsonschema.Draft202012Validator(schema.get_class_schema(class_name=name, profiles=[])) for uid, name in names.items()}


def test_every_kind_of_event_fits_the_schema_of_ocsf(ocsf: dict[int, jsonschema.Draft202012Validator]) -> None:
    events = lines("ocsf.jsonl")
    assert len(events) > 80 and {event["class_uid"] for event in events} == set(ocsf)
    for event in events:
        found = [f"{error.json_path}: {error.message}" for error in ocsf[event["class_uid"]].iter_errors(event)]
        assert not found, f"{event['metadata']['event_code']}: {found}"
    # The schema is one that refuses.
    assert not ocsf[3004].is_valid(events[0] | {"activity_id": 77}) and not ocsf[3004].is_valid(events[0] | {"colour": "red"})


def test_every_notice_is_read_by_the_library_of_cloud_events() -> None:
    events = lines("cloudevents.jsonl")
    assert len(events) > 15
    for event in events:
        read = JSONFormat().read(CloudEvent, json.dumps(event))
        assert read.get_id() == event["id"] and read.get_source() == event["source"] and read.get_type() == event["type"]
        assert read.get_data() == event["data"] and read.get_time() is not None and read.get_subject() == event["subject"]
    with pytest.raises(Exception, match="id"):
        JSONFormat().read(CloudEvent, json.dumps({**events[0], "id": ""}))


def test_a_consumer_that_stopped_goes_on(world: World, ocsf: dict[int, jsonschema.Draft202012Validator]) -> None:
    db = world.db
    whole = db.host_ocsf(limit=1000).events
    found: list[Any] = []
    after = 0
    while (told := db.host_ocsf(after=after, limit=1)).through > after:
        found += told.events
        after = told.through
    assert tuple(found) == whole and len(whole) > 5
    assert all(ocsf[event["class_uid"]].is_valid(event) for event in whole)
    assert db.ocsf_audit(actor=world.ada, tenant=world.bakery, after=after).events == ()


# AuthZEN.


def question(world: World, user: object, permission: str = "devices.manage") -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(user)},
        "action": {"name": permission},
        "resource": {"type": "tenant", "id": str(world.bakery)},
    }


def test_a_request_is_answered_or_refused(world: World) -> None:
    db, asked = world.db, question(world, world.ada)
    assert db.host_authzen(api=AuthzenApi.EVALUATION, request=asked) == {"decision": True}
    reply = respond(db, EVALUATION, json.dumps(asked).encode())
    assert (reply.status, json.loads(reply.body), reply.content_type) == (200, {"decision": True}, "application/json")
    for body in (b"", b"{", b"[]", b"1", b"null", b"\xff", b'{"subject":1}', b'{"a":1,"a":1}', b"[" * 100_000, b'{"subject":NaN}', "{}"):
        for path in PATHS:
            assert respond(db, path, body).status == 400, (path, body[:20])
    assert respond(db, "/access/v1/elsewhere", "{}").status == 404
    broken = tenantry.memory()
    broken.close()
    assert respond(broken, EVALUATION, json.dumps(asked)).status != 200


def test_each_path_is_the_one_that_the_metadata_names(world: World) -> None:
    told = world.db.authzen_metadata(base="https://pdp.example.com")
    assert {name for name in told.values() if name != "https://pdp.example.com"} == {f"https://pdp.example.com{path}" for path in PATHS}
    with pytest.raises(tenantry.errors.Misuse) as refused:
        world.db.authzen_metadata(base="http://pdp.example.com")
    assert refused.value.path == "ask.base"


class Reply(NamedTuple):
    status: int
    kind: str
    called: str | None
    body: str


class Client:
    """A client of the service."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, path: str, body: object = None, **headers: str | None) -> Reply:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent: dict[str, str | None] = {"Content-Type": "application/json", "Authorization": "Bearer s3cret"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data, {name: value for name, value in sent.items() if value is not None})
        try:
            reply = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            kind = reply.headers.get_content_type()
            return Reply(reply.status, kind, reply.headers["X-Request-ID"], reply.read().decode())


class Gateway(Client):
    """One of the service on a world's store."""

    def __init__(self, address: str, world: World) -> None:
        super().__init__(address)
        self.world = world


@contextlib.contextmanager
def serving(db: Database) -> Iterator[str]:
    """The service on a store, and where it is."""
    spec = importlib.util.spec_from_file_location("authzen_example", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["authzen_example"] = module
    spec.loader.exec_module(module)
    listener = socket.create_server(("127.0.0.1", 0))
    app = module.service(db, "s3cret", "https://pdp.example.com")
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        del sys.modules["authzen_example"]


@pytest.fixture
def gateway(tmp_path: Path, clock: Clock) -> Iterator[Gateway]:
    with tenantry.open(tmp_path / "msp.db", synchronous="normal", clock=clock) as db:
        world = furnish(db, clock)
        with serving(db) as address:
            yield Gateway(address, world)


def records(db: Database) -> dict[str, str]:
    """Fills the store of the certification scenario: alice reads and writes, bob reads. Says which id each of its names has."""
    ids = {name: str(uuid.UUID(int=0x600 + nth)) for nth, name in enumerate(("alice", "bob", "record-1", "record-2", "nonexistent-user"))}
    manager = db.register_tenant(kind=TenantKind.MSP, name="Records", actor=OPERATOR).outcome
    for name in ("record-1", "record-2"):
        db.add_customer(
            manager=manager, kind=TenantKind.CUSTOMER, name=name, management="fully", services={"manage"}, tenant=ids[name], actor=OPERATOR
        )
    for name, role in (("alice", "author"), ("bob", "reader")):
        db.register_user(home=manager, email=f"{name}@records.example", role=role, user=ids[name], actor=OPERATOR)
    return ids


def test_the_certification_scenario_is_met() -> None:
    default = tenantry.policy()
    permissions = default.permissions | {"read", "write", "delete"}
    roles = [dataclasses.replace(it, permissions=permissions) if it.name == default.super_role else it for it in default.roles]
    held = {"author": frozenset({"read", "write"}), "reader": frozenset({"read"})}
    roles += [RoleRule(name=name, permissions=holds) for name, holds in held.items()]
    cases = json.loads(SCENARIO.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 49
    with tenantry.memory(policy=dataclasses.replace(default, permissions=permissions, roles=tuple(roles))) as db:
        ids = records(db)
        with serving(db) as address:
            client = Client(address)
            for case in cases:
                section, wanted = case["section"], case["wanted"]
                said = case["request"] if isinstance(case["request"], str) else json.dumps(case["request"])
                said = said.replace('"record"', '"tenant"')
                for name, id in ids.items():
                    said = said.replace(f'"{name}"', f'"{id}"')
                reply = client(case["path"], said.encode())
                assert reply == client(case["path"], said.encode()), f"2.6, {section}: the same twice"
                if wanted == "bad":
                    assert (reply.status, reply.kind) == (400, "text/plain"), section
                    continue
                assert (reply.status, reply.kind) == (200, "application/json"), section
                told = json.loads(reply.body)
                if "decision" in wanted:
                    assert told["decision"] is wanted["decision"], section
                elif "decisions" in wanted:
                    found = [it["decision"] for it in told["evaluations"]]
                    assert len(found) == len(wanted["decisions"]) and "decision" not in told, section
                    assert all(want is None or is_ is want for is_, want in zip(found, wanted["decisions"], strict=True)), section
                else:
                    results = {it.get("id") or it["name"] for it in told["results"]}
                    assert {ids.get(name, name) for name in wanted["found"]} <= results, section
                    assert bool(results) == bool(wanted["found"]), section


def test_the_example_is_small() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 150


def test_the_transport_of_the_certification_scenario_is_met(gateway: Gateway) -> None:
    asked = question(gateway.world, gateway.world.ada)
    # 2.5, 5: JSON in, JSON out; what a request is called comes back, and need not be called anything.
    assert gateway(EVALUATION, asked, X_Request_ID="bfe9eb29") == Reply(200, "application/json", "bfe9eb29", '{"decision": true}')
    assert gateway(EVALUATION, asked).called is None
    assert gateway(EVALUATION, asked, Content_Type="application/json; charset=utf-8").status == 200
    # 2.4.3 to 2.4.5.
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert gateway(EVALUATION, asked, Content_Type=kind, X_Request_ID="a").status == 400
    assert gateway(EVALUATION, b"{").status == gateway(EVALUATION, b"").status == 400
    assert gateway(EVALUATION, {"action": {"name": "read"}}, X_Request_ID="b")[2] == "b"
    # Each part has its path.
    for path in PATHS:
        assert gateway(path, {}).status == 400
    assert gateway("/access/v1/elsewhere", asked).status == 404
    # 6: the metadata.
    told = gateway(WELL_KNOWN)
    assert (told.status, told.kind) == (200, "application/json")
    assert json.loads(told.body)["policy_decision_point"] == "https://pdp.example.com"


def test_only_who_holds_the_token_is_answered(gateway: Gateway) -> None:
    asked = question(gateway.world, gateway.world.ada)
    for sent in (None, "", "Bearer", "Bearer x", "Basic s3cret", "Bearer s3cret ", "bearer s3cret2"):
        reply = gateway(EVALUATION, asked, Authorization=sent)
        if sent != "Bearer s3cret ":  # HTTP takes the space away
            assert reply.status == 401 and "decision" not in reply.body


def asks(gateway: Gateway, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    """An answer with all its headers."""
    line = http.client.HTTPConnection(gateway.address.removeprefix("http://"), timeout=30)
    line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    reply = line.getresponse()
    reply.read()
    line.close()
    return reply


def test_whoever_lacks_the_token_is_told_which_kind_is_wanted(gateway: Gateway) -> None:
    for path in PATHS:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
            reply = asks(gateway, "POST", path, b"{}", Content_Type="application/json", **headers)
            assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer"), (path, headers)


def test_what_a_request_is_called_comes_back_with_every_answer(gateway: Gateway) -> None:
    asked = json.dumps(question(gateway.world, gateway.world.ada)).encode()
    for method, path, body, token, status in (
        ("POST", EVALUATION, asked, "s3cret", 200),
        ("POST", EVALUATION, b"{", "s3cret", 400),
        ("POST", EVALUATION, b"{}", "x", 401),
        ("POST", "/access/v1/elsewhere", b"{}", "s3cret", 404),
        ("GET", EVALUATION, b"", "s3cret", 405),
        ("GET", WELL_KNOWN, b"", "s3cret", 200),
    ):
        more = {"Content_Type": "application/json", "Authorization": f"Bearer {token}"}
        for called in ({"X_Request_ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"}, {}):
            reply = asks(gateway, method, path, body, **more, **called)
            assert (reply.status, reply.headers["X-Request-ID"]) == (status, called.get("X_Request_ID")), (method, path)


def test_a_request_that_is_too_long_is_refused_before_it_has_come(gateway: Gateway) -> None:
    most = 8 * 1024 * 1024
    head = f"POST {EVALUATION} HTTP/1.1\r\nHost: pdp\r\nContent-Type: application/json\r\nAuthorization: Bearer s3cret\r\nX-Request-ID: long\r\n"
    whole = json.dumps(question(gateway.world, gateway.world.ada)).encode()
    assert asks(gateway, "POST", EVALUATION, whole.ljust(most), Content_Type="application/json", Authorization="Bearer s3cret").status == 200
    # Who sends all of it before reading is answered, too, on a connection that stays.
    assert asks(gateway, "POST", EVALUATION, whole.ljust(most + 1), Content_Type="application/json", Authorization="Bearer s3cret").status == 413
    host, port = gateway.address.removeprefix("http://").split(":")
    for headers, body in (
        # It says how long it would be, and sends nothing of it.
        (f"Content-Length: {most + 1}\r\n\r\n", b""),
        (f"Content-Length: {10**15}\r\n\r\n", b"{"),
        # It does not say, and does not end.
        ("Transfer-Encoding: chunked\r\n\r\n", f"{2 * most:x}\r\n".encode() + b" " * (most + 1)),
    ):
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall((head + headers).encode() + body)
            reply = http.client.HTTPResponse(line)
            reply.begin()
            assert (reply.status, reply.headers["X-Request-ID"]) == (413, "long"), headers
            assert "too long" in reply.read().decode()


def test_an_empty_token_is_none(tmp_path: Path, gateway: Gateway) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLE), str(tmp_path / "msp.db"), "--port", "0"]
    kept = {name: value for name, value in os.environ.items() if name != "PDP_TOKEN"}
    for more in ({}, {"PDP_TOKEN": ""}):
        ended = subprocess.run(command, env={**kept, **more}, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 2 and "PDP_TOKEN has no token" in ended.stderr and "Traceback" not in ended.stderr
    for token in ("", "two words", "schlüssel", "line\n"):
        with pytest.raises(ValueError, match="a token has"):
            sys.modules["authzen_example"].service(gateway.world.db, token, "https://pdp.example.com")


def test_a_search_is_turned_over_over_http(gateway: Gateway) -> None:
    world = gateway.world
    wanted = {"subject": {"type": "user"}, "action": {"name": "tenant.view"}, "resource": {"type": "tenant", "id": str(world.bakery)}}
    found: list[str] = []
    page: dict[str, Any] = {"limit": 1}
    while True:
        told = json.loads(gateway("/access/v1/search/subject", {**wanted, "page": page}).body)
        found += [one["id"] for one in told["results"]]
        if not told["page"]["next_token"]:
            break
        page = {"token": told["page"]["next_token"]}
    assert str(world.ada) in found and len(set(found)) == len(found)
    for user in found:
        assert json.loads(gateway(EVALUATION, question(world, user, "tenant.view")).body)["decision"] is True
    assert isinstance(world.db, Database)
