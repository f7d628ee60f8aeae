"""How long jobs take and when they start, estimated from those that have ended."""
