"""Events of jobs, their texts, and how these are sent. `tamr_widgets.notify` is in front of it."""
