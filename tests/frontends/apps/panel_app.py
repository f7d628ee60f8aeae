"""Panel with ipywidgets_bokeh. "Again" starts another job, and shows it in place of the first."""

import panel as pn

from tamr_widgets import Client, JobsWidget, OperationWidget

pn.extension("ipywidgets")
client = Client.from_env()
again = pn.widgets.Button(name="Again")


def job(_: int) -> pn.Column:
    started = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
    # Panel awaits what is awaitable, as the widget is; the column is not.
    return pn.Column(OperationWidget(started, poll_interval_seconds=0.2))


jobs = JobsWidget(client, poll_interval_seconds=3600)
pn.Column(again, pn.bind(job, again.param.clicks), jobs).servable()
