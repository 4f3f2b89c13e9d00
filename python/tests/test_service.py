"""The example service, over real HTTP on loopback."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn

import tenantry
from conftest import Clock, World, furnish
from tenantry import OPERATOR, TenantKind

SERVICE = Path(__file__).resolve().parents[2] / "examples" / "python" / "service.py"


class Reply(NamedTuple):
    status: int
    kind: str
    body: Any


class Portal:
    """A client of the service."""

    def __init__(self, address: str, world: World) -> None:
        self.address = address
        self.world = world

    def __call__(self, path: str, user: uuid.UUID | str | None, body: object = None, **headers: str) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if user is not None:
            sent["X-User"] = str(user)
        request = urllib.request.Request(self.address + path, data, sent)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Reply(reply.status, reply.headers.get_content_type(), json.load(reply))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers.get_content_type(), json.load(error))


@pytest.fixture
def portal(tmp_path: Path, clock: Clock) -> Iterator[Portal]:
    spec = importlib.util.spec_from_file_location("service", SERVICE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["service"] = module
    spec.loader.exec_module(module)
    with tenantry.open(tmp_path / "msp.db", synchronous="normal", clock=clock) as db:
        world = furnish(db, clock)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(module.service(db), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Portal(f"http://127.0.0.1:{listener.getsockname()[1]}", world)
        server.should_exit = True
        thread.join()
        listener.close()
    del sys.modules["service"]


def test_it_is_small() -> None:
    assert len(SERVICE.read_text().splitlines()) <= 150


def test_it_runs_as_a_program(tmp_path: Path, clock: Clock) -> None:
    with tenantry.open(tmp_path / "msp.db") as db:
        world = furnish(db, clock)
    command = [sys.executable, "-W", "error", str(SERVICE), str(tmp_path / "msp.db"), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                asked = f"/check?permission=devices.manage&tenant={world.bakery}"
                assert Portal(address[0], world)(asked, world.ada).body["allowed"]
                process.send_signal(signal.SIGINT)
                break
        said += process.stderr
    assert address, "".join(said)
    assert process.returncode in (0, 130, -signal.SIGINT) and "Traceback" not in "".join(said)


def test_customers_page_by_page_and_filtered(portal: Portal) -> None:
    world = portal.world
    for number in range(7):
        new = {"name": f"Café {number}", "management": "fully", "services": ["manage"], "number": f"CF-{number}"}
        assert portal(f"/managers/{world.msp}/customers", world.ada, new).status == 201
    path = f"/managers/{world.msp}/customers?text=caf%C3%A9&sort=number&descending=true&limit=3"
    numbers, pages, more = [], 0, ""
    while pages < 9:
        reply = portal(path + more, world.ada)
        assert reply.status == 200
        numbers += [row["number"] for row in reply.body["rows"]]
        pages += 1
        if reply.body["next"] is None:
            break
        more = f"&cursor={reply.body['next']}"
    assert (pages, numbers) == (3, [f"CF-{number}" for number in reversed(range(7))])
    jointly = portal(f"/managers/{world.msp}/customers?management=jointly&stage=active", world.ada).body
    assert [row["tenant"] for row in jointly["rows"]] == [str(world.bakery)]
    one = portal(f"/managers/{world.msp}/customers/{world.bakery}", world.ada)
    assert one.body["row"]["name"] == "Bakery Klein" and one.body["since"].endswith(("Z", "+00:00"))


def test_checks_and_why(portal: Portal) -> None:
    world = portal.world
    asked = f"?permission=devices.manage&tenant={world.bakery}"
    assert portal(f"/check{asked}", world.ada).body["allowed"] is True
    denied = portal(f"/check?permission=location.view&tenant={world.bakery}", world.ada).body
    assert (denied["allowed"], denied["reason"]) == (False, "reserved_for_customer")
    assert portal(f"/explain?permission=location.view&tenant={world.bakery}", world.ada).body["rule"] == "P-6"
    assert portal(f"/check{asked}", uuid.uuid4()).body["reason"] == "unknown_user"


def test_commands_and_the_same_request_twice(portal: Portal) -> None:
    world = portal.world
    key, new = str(uuid.uuid4()), {"name": "Hotel Lindgren", "management": "jointly", "services": ["manage"], "owner": "lars@lindgren.example"}
    first = portal(f"/managers/{world.msp}/customers", world.ada, new, Idempotency_Key=key)
    assert first.status == 201 and first.body["sign_up"]
    assert portal(f"/managers/{world.msp}/customers", world.ada, new, Idempotency_Key=key) == first
    asked = portal(f"/links/{world.link}/delink-request", world.ada, {})
    assert asked.status == 201 and asked.body["events"][0]["event"] == "delink_requested"
    token = asked.body["token"]
    assert portal(f"/check?permission=devices.manage&tenant={world.bakery}&token={token}", world.ada).body["allowed"]


def problem(reply: Reply, status: int, name: str) -> dict[str, Any]:
    """What RFC 9457 asks of it, and what tenantry adds."""
    assert (reply.status, reply.kind) == (status, "application/problem+json"), reply
    assert reply.body["type"] == f"urn:tenantry:{name}" and reply.body["status"] == status
    assert reply.body["title"] == name.replace("_", " ") and reply.body["detail"] and reply.body["remedy"]
    told: dict[str, Any] = reply.body
    return told


def test_refusals_are_problems_with_a_remedy(portal: Portal) -> None:
    world = portal.world
    customers = f"/managers/{world.msp}/customers"
    link = portal(customers, world.ada, {"name": "Inn", "management": "fully", "services": ["manage"]}).body["link"]
    told = problem(portal(f"/links/{link}/delink-request", world.ada, {}), 409, "not_delinkable")
    assert told["code"] == tenantry.Code.NOT_DELINKABLE.number and told["rule"] == "D-1" and told["about"] == link
    problem(portal(f"/links/{uuid.uuid4()}/delink-request", world.ada, {}), 404, "unknown_link")
    problem(portal(customers, world.bo), 404, "unknown_tenant")
    problem(portal(customers, world.ada, {"name": "A", "management": "fully", "services": ["telepathy"]}), 422, "unknown_service")
    problem(portal(f"{customers}?limit=5000", world.ada), 422, "invalid_limit")
    problem(portal(f"{customers}?cursor=nonsense", world.ada), 422, "foreign_cursor")
    problem(portal(f"{customers}?stage=nonsense", world.ada), 400, "malformed")
    problem(portal(f"{customers}?colour=red", world.ada), 400, "malformed")
    problem(portal(customers, None), 400, "malformed")
    problem(portal(customers, "ada"), 400, "malformed")
    reader = world.db.register_user(home=world.msp, email="r@northwind.example", role="read_only", actor=OPERATOR).outcome
    new = {"name": "A", "management": "fully", "services": ["manage"]}
    problem(portal(customers, reader, new), 403, "role_lacks_permission")


def test_what_another_process_takes_away_is_gone(portal: Portal, tmp_path: Path) -> None:
    world = portal.world
    asked = f"/check?permission=devices.manage&tenant={world.bakery}"
    ben = world.db.register_user(home=world.msp, email="ben@northwind.example", role="admin", actor=OPERATOR).outcome
    assert portal(asked, ben).body["allowed"]
    code = """
        import sys, tenantry
        with tenantry.open(sys.argv[1], must_exist=True) as db:
            print(db.block_user(user=sys.argv[2], actor=sys.argv[3]).token)
        """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "msp.db"), str(ben), str(world.ada)]
    token = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    # With the token of the change at once, and without it soon.
    assert not portal(f"{asked}&token={token}", ben).body["allowed"]
    deadline = time.monotonic() + 60
    while portal(asked, ben).body["allowed"]:
        assert time.monotonic() < deadline
    problem(portal(f"{asked}&token=x.1.y", ben), 400, "bad_text")
