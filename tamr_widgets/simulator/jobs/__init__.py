"""The jobs of the simulated Tamr: their lives, queue, documents and past."""
