"""HTTP to one origin, bounded in time and size; credentials are sent to that origin only."""
