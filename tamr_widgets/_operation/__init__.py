"""Parses operations, waits for them, lists them and formats them."""
