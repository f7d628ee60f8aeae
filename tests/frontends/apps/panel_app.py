"""Panel with ipywidgets_bokeh. "Again" starts another job, and shows it in place of the first."""

import panel as pn

from tamr_widgets import Client, JobsWidget, OperationWidget

pn.extension("ipywidgets")
client = Client.from_env()
shown: list[OperationWidget] = []
again = pn.widgets.Button(name="Again")


def job(_: int) -> pn.Column:
    started = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
    # Panel keeps a widget that it no longer shows.
    while shown:
        shown.pop().close()
    shown.append(OperationWidget(started, poll_interval_seconds=0.2))
    # Panel would await the widget, which is awaitable; a column is not.
    return pn.Column(shown[0])


jobs = JobsWidget(client, poll_interval_seconds=3600)
pn.Column(again, pn.bind(job, again.param.clicks), jobs).servable()
