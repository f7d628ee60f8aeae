"""Simulates the jobs of a Tamr server: their phases, queue, documents and past."""
