"""Parts of an operation: its document, identity, times, messages, waits and lists."""
