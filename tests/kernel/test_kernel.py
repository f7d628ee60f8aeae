"""Behaviour in a real kernel: outputs of cells, interrupts, repeated runs."""

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
        "widget.on_resolved(report)",
        "widget.observe(lambda change: report(change.owner.operation), 'state')",
        "JobsWidget(client, poll_interval_seconds=0.1).on_resolved(report)",
    ],
)
def test_a_callback_prints_in_the_cell_that_registered_it(kernel, register):
    """It does so, too, while another cell runs."""
    kernel.run(WIDGET)
    request = kernel.begin(f"def report(operation): print('reported', operation.state)\n{register}")
    kernel.finish(request)
    other = kernel.begin("simulator.jobs.finish(job); time.sleep(0.3); print('another cell')")
    kernel.finish(other)

    kernel.wait_until(lambda: "reported SUCCEEDED" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


@pytest.mark.parametrize("wait", ["widget.wait()", "await widget", "await asyncio.gather(widget)"])
def test_an_interrupt_ends_a_wait_at_once(kernel, wait):
    """It prints one sentence, and the widget still follows the job."""
    kernel.run("widget = OperationWidget(started(60))")
    request = kernel.begin(f"print('waiting', flush=True); {wait}")
    kernel.wait_until(lambda: kernel.text(request))
    kernel.read_for(0.2)
    interrupted = time.monotonic()

    kernel.interrupt()
    kernel.finish(request)

    assert time.monotonic() - interrupted < 5  # the job runs for 60
    (error,) = kernel.contents(request, "error")
    assert error["traceback"] == ["Stopped waiting. The job goes on."]
    assert kernel.run("print(widget.state)") == "RUNNING\n"


@pytest.mark.parametrize("cell_id", ["a1b2", None])
def test_running_a_cell_again_does_not_increase_polling(kernel, cell_id):
    """Widgets of earlier runs are paused: there is one thread, and one list per interval."""
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
    """Only a widget that no cell shows is paused; shown again, it continues."""
    kernel.run("jobs = JobsWidget(client, poll_interval_seconds=0.1); jobs", "made")
    kernel.run("jobs", "other")
    kernel.run("'something else'", "made")
    assert is_polling(kernel)

    kernel.run("'something else'", "other")
    assert not is_polling(kernel)

    kernel.run("jobs", "third")
    assert is_polling(kernel)


def test_a_visible_page_or_a_callback_keeps_a_widget_polling(kernel):
    """A page's message resumes a paused widget; a widget with a callback is not paused."""
    kernel.run(WIDGET + "; widget", "one")
    kernel.run("1", "one")
    assert not is_polling(kernel)
    kernel.run("widget._handle_custom_msg({'action': 'visible', 'seq': 1}, [])")
    assert is_polling(kernel)

    kernel.run("widget.on_resolved(print); widget", "two")
    kernel.run("2", "two")
    assert is_polling(kernel)


def is_polling(kernel: Kernel) -> bool:
    """Whether anything polls the server, at an interval of 0.1 s."""
    code = "simulator.requests.clear(); time.sleep(0.4); print(len(simulator.requests) > 1)"
    return kernel.run(code) == "True\n"


def test_a_blocking_wait_as_the_last_value_is_drawn_once(kernel):
    """The extension draws the wait, and not the returned operation again."""
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
    """The parent has loaded the extension, and created a widget that the worker waits for."""
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
        # Messages that arrive between two cells are lost.
        ("widget", ["1", "2"]),
    ],
)
def test_an_executed_notebook_ends_with_the_final_state(show, then, monkeypatch):
    """In nbclient, papermill and nbconvert, the output is updated before callbacks run."""
    cell = f"widget = OperationWidget(started(0.8), poll_interval_seconds=0.1)\n{show}"

    notebook = execute_notebook([cell, *then], monkeypatch)

    (output,) = [each for each in notebook.cells[1].outputs if "data" in each]
    assert "SUCCEEDED" in output["data"]["text/html"]
    if "close" not in show:
        assert widget_state(notebook, "_panel")["state"] == "SUCCEEDED"


def test_an_executed_notebook_keeps_the_rows_of_a_jobs_widget(monkeypatch):
    """Its cell may be the last one, which would end before the list arrives."""
    notebook = execute_notebook(["started(60)", "JobsWidget(client)"], monkeypatch)

    (output,) = notebook.cells[-1].outputs
    assert "RUNNING" in output["data"]["text/html"]
    assert output["data"]["text/plain"].startswith("1 jobs of")
    (row,) = widget_state(notebook, "_kept")
    assert row[1] == "RUNNING"
    assert widget_state(notebook, "_status")["total"] == 1


def execute_notebook(cells: list[str], monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
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
    """Waits before a cell that consists of a number."""

    async def async_execute_cell(self, cell, *args, **kwargs):
        if cell.source.isdigit():
            await asyncio.sleep(0.6)
        return await super().async_execute_cell(cell, *args, **kwargs)


@pytest.mark.parametrize(
    "register", ["widget.on_resolved(fail)", "widget.observe(fail, 'state')", "subscribe(fail)"]
)
def test_a_traceback_appears_in_the_cell_that_registered_the_callback(kernel, register):
    """The traceback is logged there, and nowhere else."""
    kernel.run(
        WIDGET + "\n"
        "def fail(_): raise ValueError('failed')\n"
        "def subscribe(call): Poller.of(client).subscribe(widget.operation, call, interval=0.1)"
    )
    request = kernel.begin(register)
    kernel.finish(request)
    other = kernel.begin("simulator.jobs.finish(job); time.sleep(0.3); print('another cell')")
    kernel.finish(other)

    kernel.wait_until(lambda: "ValueError: failed" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


def test_logs_of_the_polling_thread_appear_in_no_other_cell(kernel):
    """They appear in the cell that created the widget, debug messages included."""
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

    kernel.wait_until(lambda: "no readable state" in kernel.text(request))
    assert kernel.text(other) == "another cell\n"


def test_logs_for_an_operation_appear_in_the_cell_of_its_widget(kernel):
    """They do not appear in the cell that started the polling thread."""
    first = kernel.begin("one = OperationWidget(started(60)); one")
    kernel.finish(first)
    second = kernel.begin(
        "job = simulator.jobs.add('RUNNING')\n"
        "two = OperationWidget(client.operation(job), poll_interval_seconds=0.1)\n"
        "simulator.jobs.change(job, status={'state': None})\n"
    )
    kernel.finish(second)

    kernel.wait_until(lambda: "no readable state" in kernel.text(second))
    assert "no readable state" not in kernel.text(first)
