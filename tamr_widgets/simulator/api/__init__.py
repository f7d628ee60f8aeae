"""The endpoints of the simulated Tamr."""
