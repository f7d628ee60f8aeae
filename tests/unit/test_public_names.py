from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import tamr_widgets
from tamr_widgets import errors

PACKAGE = Path(tamr_widgets.__file__).parent
STANDARD_BASES = {
    errors.HTTPStatusError: requests.HTTPError,
    errors.ConnectionFailed: requests.ConnectionError,
    errors.RequestTimeout: requests.Timeout,
    errors.UnexpectedResponse: ValueError,
    errors.CrossOriginError: ValueError,
    errors.NotSupported: ValueError,
    errors.InvalidRequest: ValueError,
    errors.OperationTypeError: TypeError,
    errors.ClientClosed: RuntimeError,
    errors.DeadlockError: RuntimeError,
    errors.WaitTimeout: TimeoutError,
    errors.NotSucceeded: RuntimeError,
}


def test_every_public_name_exists():
    """They are in alphabetical order."""
    assert tamr_widgets.__all__ == sorted(tamr_widgets.__all__)
    for name in tamr_widgets.__all__:
        assert getattr(tamr_widgets, name) is not None


def test_every_error_is_public():
    """Code that catches an error can import its class from the package."""
    assert set(errors.__all__) <= set(tamr_widgets.__all__)
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    assert {each.__name__ for each in classes if each.__module__ == errors.__name__} == set(
        errors.__all__
    )


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tamr_widgets.nothing  # noqa: B018


def test_every_error_is_a_tamr_error():
    """`except TamrError` catches all of them."""
    assert all(issubclass(getattr(errors, name), errors.TamrError) for name in errors.__all__)


@pytest.mark.parametrize(("error", "base"), STANDARD_BASES.items(), ids=lambda kind: kind.__name__)
def test_errors_have_standard_base_classes(error, base):
    """Code that was written for requests or the public client still catches them."""
    assert issubclass(error, base)


SCRIPT = """
import json, sys, threading
import tamr_widgets
from tamr_widgets import Client, Operation, Poller
scripts, threads = set(sys.modules), threading.active_count()
from tamr_widgets.simulator import Simulator
with Simulator(past_jobs=0):
    simulator = set(sys.modules)
print(json.dumps([threads, *(sorted(names & {"ipywidgets", "anywidget", "IPython", "traitlets",
                                            "tornado"}) for names in (scripts, simulator))]))
"""


@pytest.fixture(scope="module")
def script():
    """The output of a script that imports the package, and then runs the simulator."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_importing_has_no_side_effects(script):
    """It starts no thread and prints nothing."""
    assert json.loads(script.stdout)[0] == 1
    assert script.stderr == ""


def test_scripts_load_no_widgets(script):
    """The package and its Operation do not import ipywidgets, anywidget or IPython."""
    assert json.loads(script.stdout)[1] == []


def test_the_simulator_loads_no_widgets(script):
    """Other programs can serve it without the widget libraries."""
    assert json.loads(script.stdout)[2] == ["tornado"]
