"""Steps, plan and forecast of a chain of jobs."""
