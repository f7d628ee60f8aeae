"""Estimates how long jobs take and when they start, from those that have ended."""
