"""Shiny with shinywidgets. "Again" starts another job, and shows it in place of the one before."""

from shiny import App, Inputs, ui
from shinywidgets import output_widget, render_widget

from tamr_widgets import Client, JobsWidget, OperationWidget

client = Client.from_env()


def server(input: Inputs) -> None:  # noqa: A002 - Shiny's name
    @render_widget
    def job() -> OperationWidget:
        input.again()
        started = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
        return OperationWidget(started, poll_interval_seconds=0.2)

    @render_widget
    def jobs() -> JobsWidget:
        return JobsWidget(client, poll_interval_seconds=3600)


page = ui.page_fluid(
    ui.input_action_button("again", "Again"),
    ui.input_dark_mode(mode=None),
    output_widget("job"),
    output_widget("jobs"),
)
app = App(page, server)
