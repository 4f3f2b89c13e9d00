"""The package has what core has: nothing is left out, nothing is stale, everything says what it is."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import tenantry
from tenantry import Code, Database, Trouble, _native, codes, commands, errors, events, model, notices

PYTHON = Path(__file__).resolve().parent.parent


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def said(doc: str) -> str:
    """What comes before the list of what it takes."""
    return " ".join(doc.partition("\n\n")[0].split())


def test_what_is_generated_is_what_the_schema_says() -> None:
    ran = subprocess.run([sys.executable, PYTHON / "generate.py", "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", _native.commands())
def test_every_command_is_a_method_and_data(name: str) -> None:
    method, data = getattr(Database, name), getattr(commands, pascal(name))
    taken = inspect.signature(method).parameters
    assert set(inspect.signature(data).parameters) | {"self", "actor", "request_id", "expected_seq"} == set(taken)
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for name, one in taken.items() if name != "self")
    assert all(name + ":" in method.__doc__ for name in taken if name != "self")
    assert said(data.__doc__) == said(method.__doc__)


@pytest.mark.parametrize("name", _native.queries())
def test_every_query_is_a_method(name: str) -> None:
    method = getattr(Database, name)
    taken = [one for one in inspect.signature(method).parameters if one != "self"]
    assert all(f"{one}:" in method.__doc__ for one in taken)


def test_there_are_no_commands_that_core_does_not_have() -> None:
    assert sorted(commands.__all__) == sorted([*map(pascal, _native.commands()), "Command"])


def test_the_table_of_statuses_is_that_of_core() -> None:
    ours = [(one.number, one.value, one.remedy) for one in [*Code, *Trouble]]
    assert ours == _native.statuses()


@pytest.mark.parametrize("status", [*Code, *Trouble], ids=str)
def test_every_refusal_and_trouble_has_its_exception(status: codes.Status) -> None:
    families = {
        "request": errors.RequestRefused,
        "unknown": errors.UnknownRefused,
        "rights": errors.RightsRefused,
        "value": errors.ValueRefused,
        "state": errors.StateRefused,
        "store": errors.StoreError,
        "misuse": errors.Misuse,
        "defect": errors.Defect,
    }
    with pytest.raises(families[status.family]) as caught:
        _native._raise(status.number)
    error = caught.value
    assert (error.code, error.name, error.remedy, error.rule) == (status.number, status.value, status.remedy, status.rule)
    assert f"; {status.remedy}" in str(error) and "\n" not in str(error)
    assert isinstance(error, errors.TenantryError)
    assert isinstance(error, errors.Refused) == (status.number < 1000)
    again = pickle.loads(pickle.dumps(error))
    assert again == error and type(again) is type(error) and again.as_dict() == error.as_dict()
    if isinstance(error, errors.Refused):
        assert error.reason is status


@pytest.mark.parametrize("module", [tenantry, codes, commands, errors, events, model, notices], ids=lambda one: one.__name__)
def test_everything_public_says_what_it_is(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        thing = getattr(module, name)
        if inspect.isclass(thing):
            assert inspect.getdoc(thing), name
            for member, value in vars(thing).items():
                if inspect.isfunction(value) and not member.startswith("_"):
                    assert inspect.getdoc(value), f"{name}.{member}"


def test_native_things_say_what_they_are() -> None:
    for kind in (tenantry.AccessIndex, tenantry.IndexVerdict, tenantry.UserHandle, tenantry.TenantHandle):
        assert kind.__doc__
        for name, value in vars(kind).items():
            assert name.startswith("_") or inspect.getdoc(value), f"{kind.__name__}.{name}"


def test_help_teaches() -> None:
    import pydoc

    text = pydoc.plain(pydoc.render_doc(tenantry))
    for word in ("tenantry.open", "request_delink", "StateRefused", "access_index", "as_of"):
        assert word in text


def test_the_version_is_that_of_the_library() -> None:
    from importlib.metadata import version

    assert tenantry.__version__ == version("tenantry") == _native.version()
