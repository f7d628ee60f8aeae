"""Steps of chains of jobs: their plan, their operations, and recordings of other code."""
