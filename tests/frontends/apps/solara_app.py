"""Solara. "Again" starts another job, and shows it in place of the one before."""

import solara

from tamr_widgets import Client, JobsWidget, OperationWidget

client = Client.from_env()


def job() -> OperationWidget:
    started = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
    return OperationWidget(started, poll_interval_seconds=0.2)


@solara.component
def Page() -> None:
    clicks, set_clicks = solara.use_state(0)
    solara.Button("Again", on_click=lambda: set_clicks(clicks + 1))
    solara.display(solara.use_memo(job, [clicks]))
    solara.display(solara.use_memo(lambda: JobsWidget(client, poll_interval_seconds=3600), []))
