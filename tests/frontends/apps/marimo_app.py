# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""marimo. "Again" re-runs the cell that starts a job, and those that show it."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo  # noqa: PLC0415

    from tamr_widgets import Chain, Client, JobsWidget, OperationWidget  # noqa: PLC0415

    client = Client.from_env()
    again = mo.ui.button(label="Again", value=0, on_click=lambda clicks: clicks + 1)
    again  # noqa: B018
    return Chain, JobsWidget, OperationWidget, again, client, mo


@app.cell
def _(OperationWidget, again, client, mo):
    again.value  # noqa: B018
    operation = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
    job = mo.ui.anywidget(OperationWidget(operation, poll_interval_seconds=0.2))
    job  # noqa: B018
    return job, operation


@app.cell
def _(job, mo):
    mo.md(f"The cell that follows reads {job.value['state']}, {job.value['resolved']}.")


@app.cell
def _(operation):
    operation  # noqa: B018


@app.cell
def _(Chain):
    Chain({"Nothing": lambda: None}, "Nightly")


@app.cell
def _(JobsWidget, client):
    JobsWidget(client, poll_interval_seconds=3600)


if __name__ == "__main__":
    app.run()
