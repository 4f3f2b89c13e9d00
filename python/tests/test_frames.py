"""`rows()` goes straight into pandas and polars, and out of them again."""

from __future__ import annotations

import io
import uuid

import pandas
import polars

from conftest import World


def test_a_list_is_a_pandas_frame(world: World) -> None:
    world.db.edit_tenant(tenant=world.bakery, country="DE", actor=world.ada)
    frame = pandas.DataFrame(world.db.customers(manager=world.msp, actor=world.ada).rows()).set_index("number")
    (number,) = frame.index
    assert frame.loc[number, "name"] == "Bakery Klein"
    assert frame["devices"].dtype == "int64"
    assert uuid.UUID(frame.loc[number, "tenant"]) == world.bakery
    again = pandas.read_csv(io.StringIO(frame.to_csv()))
    assert again["stage"].to_list() == ["active"]


def test_moments_are_moments_in_pandas(world: World) -> None:
    frame = pandas.DataFrame(world.db.host_records().rows())
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"
    by_command = frame.groupby("command")["at"].max()
    assert by_command["register_tenant"].to_pydatetime() == world.clock()


def test_a_list_is_a_polars_frame(world: World) -> None:
    frame = polars.DataFrame(world.db.customers(manager=world.msp, actor=world.ada).rows())
    assert frame.schema["tenant"] == polars.String
    assert frame.schema["services"] == polars.List(polars.String)
    assert frame.filter(polars.col("devices") == 0).select("name").to_series().to_list() == ["Bakery Klein"]
    users = polars.DataFrame(world.db.users(tenant=world.bakery, actor=world.bo).rows())
    assert users.join(frame, left_on="user", right_on="tenant", how="anti").height == 1
    assert polars.read_csv(io.BytesIO(users.write_csv().encode()))["role"].to_list() == ["super_admin"]


def test_what_lies_deeper_is_there_in_polars(world: World) -> None:
    frame = polars.DataFrame(world.db.audit(tenant=world.bakery, actor=world.bo).rows())
    assert frame.schema["at"] == polars.Datetime("us", "UTC")
    events = frame.explode("events").unnest("events")
    assert "link_created" in events["event"].to_list()
    assert set(frame.explode("tenants")["tenants"].to_list()) >= {str(world.bakery), str(world.msp)}


def test_a_database_says_at_which_record_it_is(world: World) -> None:
    seqs = [record.seq for record in world.db.host_records()]
    assert world.db.seq() == seqs[-1] == len(seqs)
    done = world.db.request_delink(link=world.link, actor=world.ada, expected_seq=world.db.seq())
    assert world.db.seq() == done.seq
