"""Behaviours of a real kernel: outputs of cells, interrupts, re-runs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from kernel import REPOSITORY, SETUP, Kernel
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator


WIDGET = (
    "job = simulator.jobs.add('RUNNING'); "
    "widget = OperationWidget(client.operation(job), poll_interval_seconds=0.1)"
)


@pytest.fixture(scope="module")
def running_kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(running_kernel: Kernel) -> Iterator[Kernel]:
    yield running_kernel
    running_kernel.run("import ipywidgets; ipywidgets.Widget.close_all()")


@pytest.mark.parametrize(
    "register",
    [
        "widget.on_resolved(heard)",
        "widget.observe(lambda change: heard(change.owner.operation), 'state')",
        "JobsWidget(client, poll_interval_seconds=0.1).on_resolved(heard)",
    ],
)
def test_a_callback_prints_in_the_cell_that_registered_it(kernel, register):
    """Also while another cell runs."""
    kernel.run(WIDGET)
    request = kernel.begin(f"def heard(operation): print('heard', operation.state)\n{register}")
    kernel.finish(request)
    other = kernel.begin("simulator.jobs.finish(job); time.sleep(0.3); print('another cell')")
    kernel.finish(other)

    kernel.until(lambda: "heard SUCCEEDED" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


@pytest.mark.parametrize("wait", ["widget.wait()", "await widget", "await asyncio.gather(widget)"])
def test_an_interrupt_ends_a_wait_at_once(kernel, wait):
    """With one sentence, and the widget still follows the job."""
    kernel.run("widget = OperationWidget(started(60))")
    request = kernel.begin(f"print('waiting', flush=True); {wait}")
    kernel.until(lambda: kernel.text(request))
    kernel.settle(0.2)
    interrupted = time.monotonic()

    kernel.interrupt()
    kernel.finish(request)

    assert time.monotonic() - interrupted < 5  # the job runs for 60
    (error,) = kernel.of(request, "error")
    assert error["traceback"] == ["Stopped waiting. The job goes on."]
    assert kernel.run("print(widget.state)") == "RUNNING\n"


@pytest.mark.parametrize("cell_id", ["a1b2", None])
def test_a_cell_that_runs_twenty_times_polls_as_often_as_one(kernel, cell_id):
    """Widgets that it showed before are paused: one thread, one list for each interval."""
    for _ in range(20):
        kernel.run(
            "again = simulator.client(); JobsWidget(again, poll_interval_seconds=0.2)",
            cell_id and f"{cell_id}-jobs",
        )
    counted = kernel.run(
        "time.sleep(0.3); simulator.requests.clear(); time.sleep(1)\n"
        "print(len(simulator.requests.matching('GET', 'operations')), "
        "sum('poller' in t.name for t in threading.enumerate()))"
    )

    lists, threads = map(int, counted.split())
    assert 1 <= lists <= 7
    assert threads == 1


def test_a_widget_that_another_cell_shows_is_not_paused(kernel):
    """Only a widget that no cell shows is paused; shown again, it goes on."""
    kernel.run("jobs = JobsWidget(client, poll_interval_seconds=0.1); jobs", "made")
    kernel.run("jobs", "other")
    kernel.run("'something else'", "made")
    assert polls(kernel)

    kernel.run("'something else'", "other")
    assert not polls(kernel)

    kernel.run("jobs", "third")
    assert polls(kernel)


def test_a_paused_widget_goes_on_for_a_page_or_code(kernel):
    """A page says that it shows the widget, or code waits for the end."""
    kernel.run(WIDGET + "; widget", "one")
    kernel.run("1", "one")
    assert not polls(kernel)
    kernel.run("widget._handle_custom_msg({'action': 'visible', 'seq': 1}, [])")
    assert polls(kernel)

    kernel.run("widget.on_resolved(print); widget", "two")
    kernel.run("2", "two")
    assert polls(kernel)


def polls(kernel: Kernel) -> bool:
    """Whether anything polls the server, at an interval of 0.1 s."""
    code = "simulator.requests.clear(); time.sleep(0.4); print(len(simulator.requests) > 1)"
    return kernel.run(code) == "True\n"


def test_a_blocking_wait_as_the_last_value_is_drawn_once(kernel):
    """With the extension: by the wait, and not again as the returned operation."""
    kernel.run("%load_ext tamr_widgets")
    once = kernel.begin("started(0.3).wait(0.1)")
    kernel.finish(once)
    drawn = kernel.begin("simulator.jobs.add('RUNNING'); started(60)")
    kernel.finish(drawn)
    kernel.run("%unload_ext tamr_widgets")

    views = [data for data in kernel.shown(once) if "text/html" in data]
    assert len(views) == 1
    assert len(kernel.shown(drawn)) == 1


def test_a_forked_worker_waits_without_a_widget(kernel):
    """Also where the parent had loaded the extension, and for a widget that it made."""
    kernel.run("%load_ext tamr_widgets")
    kernel.run(
        "import multiprocessing\n"
        "operation = started(0.3)\n"
        "widget = OperationWidget(operation)\n"
        "def work(_): return operation.wait(0.1).state, widget.wait(5).state\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    results = pool.map_async(work, range(2)).get(15)"
    )
    kernel.run("%unload_ext tamr_widgets")

    assert kernel.run("print(set(results))") == "{('SUCCEEDED', 'SUCCEEDED')}\n"


@pytest.mark.parametrize(
    ("show", "then"),
    [
        ("widget", ["widget.wait()"]),
        ("widget", ["await widget"]),
        (
            "widget.on_resolved(lambda o: widget.close()); widget",
            ["widget.wait(); time.sleep(0.2)"],
        ),
        # Messages that come between two cells are lost.
        ("widget", ["1", "2"]),
    ],
)
def test_an_executed_notebook_ends_with_the_final_state(show, then, monkeypatch):
    """Under nbclient, as in papermill and nbconvert: the record is written before the news."""
    cell = f"widget = OperationWidget(started(0.8), poll_interval_seconds=0.1)\n{show}"

    notebook = executed([cell, *then], monkeypatch)

    (output,) = [each for each in notebook.cells[1].outputs if "data" in each]
    assert "SUCCEEDED" in output["data"]["text/html"]
    if "close" not in show:
        assert widget_state(notebook, "_panel")["state"] == "SUCCEEDED"


def test_an_executed_notebook_keeps_the_rows_of_a_jobs_widget(monkeypatch):
    """Also if its cell is the last one, which ends before the list would have arrived."""
    notebook = executed(["started(60)", "JobsWidget(client)"], monkeypatch)

    (output,) = notebook.cells[-1].outputs
    assert "RUNNING" in output["data"]["text/html"]
    assert output["data"]["text/plain"].startswith("1 jobs of")
    (row,) = widget_state(notebook, "_kept")
    assert row[1] == "RUNNING"
    assert widget_state(notebook, "_status")["total"] == 1


def executed(cells: list[str], monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """Execute a notebook as nbconvert and papermill do."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    sources = [nbformat.v4.new_code_cell(code) for code in [SETUP, *cells]]
    notebook = nbformat.v4.new_notebook(cells=sources)
    _SlowClient(notebook, kernel_name="python3").execute()
    return notebook


def widget_state(notebook: nbformat.NotebookNode, name: str) -> Any:
    """The saved value of a trait that only one widget of a notebook has."""
    models = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    (value,) = [each["state"][name] for each in models.values() if name in each["state"]]
    return value


class _SlowClient(NotebookClient):
    """Leaves some time before a cell that does not wait."""

    async def async_execute_cell(self, cell, *args, **kwargs):
        if cell.source.isdigit():
            await asyncio.sleep(0.6)
        return await super().async_execute_cell(cell, *args, **kwargs)


@pytest.mark.parametrize(
    "register", ["widget.on_resolved(fail)", "widget.observe(fail, 'state')", "follow(fail)"]
)
def test_the_traceback_of_a_callback_appears_in_the_cell_that_registered_it(kernel, register):
    """The traceback is logged there, and nowhere else."""
    kernel.run(
        WIDGET + "\n"
        "def fail(_): raise ValueError('heard')\n"
        "def follow(call): Poller.of(client).subscribe(widget.operation, call, interval=0.1)"
    )
    request = kernel.begin(register)
    kernel.finish(request)
    other = kernel.begin("simulator.jobs.finish(job); time.sleep(0.3); print('another cell')")
    kernel.finish(other)

    kernel.until(lambda: "ValueError: heard" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


def test_what_the_polling_thread_logs_appears_in_no_other_cell(kernel):
    """It belongs to the cell that began to follow: also warnings, also at DEBUG."""
    request = kernel.begin(
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "job = simulator.jobs.add('RUNNING')\n"
        "own = simulator.client(total_seconds=59)  # with a poller that no other cell has started\n"
        "widget = OperationWidget(own.operation(job), poll_interval_seconds=0.1)\n"
    )
    kernel.finish(request)
    other = kernel.begin(
        "simulator.jobs.change(job, status={'state': None})\n"
        "while widget.state is not None: time.sleep(0.05)\n"
        "simulator.jobs.finish(job)\n"
        "while not widget.resolved: time.sleep(0.05)\n"
        "print('another cell')"
    )
    kernel.finish(other)
    kernel.run("logging.getLogger().setLevel(logging.WARNING)")

    kernel.until(lambda: "no readable state" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


def test_what_is_logged_for_an_operation_appears_in_the_cell_that_follows_it(kernel):
    """Not in the cell that happened to start the polling thread."""
    first = kernel.begin("one = OperationWidget(started(60)); one")
    kernel.finish(first)
    second = kernel.begin(
        "job = simulator.jobs.add('RUNNING')\n"
        "two = OperationWidget(client.operation(job), poll_interval_seconds=0.1)\n"
        "simulator.jobs.change(job, status={'state': None})\n"
    )
    kernel.finish(second)

    kernel.until(lambda: "no readable state" in kernel.text(second))
    assert "no readable state" not in kernel.text(first)
