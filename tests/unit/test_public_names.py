from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

import tamr_widgets
from tamr_widgets import errors

PACKAGE = Path(tamr_widgets.__file__).parent
TWICE = {
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


def test_every_public_name_is_there():
    """What is promised can be had, in alphabetical order."""
    assert tamr_widgets.__all__ == sorted(tamr_widgets.__all__)
    for name in tamr_widgets.__all__:
        assert getattr(tamr_widgets, name) is not None


def test_every_error_is_public():
    """Whoever catches an error finds it under its own name."""
    assert set(errors.__all__) <= set(tamr_widgets.__all__)
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    assert {each.__name__ for each in classes if each.__module__ == errors.__name__} == set(
        errors.__all__
    )


def test_an_unknown_name_is_missing():
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tamr_widgets.nothing  # noqa: B018


def test_every_error_has_one_root():
    """`except TamrError` catches all of them."""
    assert all(issubclass(getattr(errors, name), errors.TamrError) for name in errors.__all__)


@pytest.mark.parametrize(("ours", "usual"), TWICE.items(), ids=lambda kind: kind.__name__)
def test_errors_are_also_what_people_catch(ours, usual):
    """Code that was written for requests or the public client goes on to work."""
    assert issubclass(ours, usual)


def test_scripts_load_no_widgets():
    """Neither the package nor its Operation brings ipywidgets, anywidget or IPython along."""
    code = (
        "import sys, tamr_widgets; from tamr_widgets import Operation, Client, Poller; "
        "print({'ipywidgets', 'anywidget', 'IPython', 'tornado'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert loaded.stdout.strip() == "set()"


def test_importing_has_no_effects():
    """No session, no thread, no output."""
    code = "import threading, tamr_widgets; assert threading.active_count() == 1"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout == done.stderr == ""
