"""Later."""


class Poller:
    """Later."""
