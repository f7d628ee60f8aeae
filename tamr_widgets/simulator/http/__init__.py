"""The HTTP server of the simulated Tamr: connections, requests, responses and faults."""
