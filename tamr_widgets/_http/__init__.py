"""HTTP to one origin: bounded in time and size, with credentials that never leave it."""
