"""Parts of the poller: targets, subscriptions, fetching, commands and callbacks."""
