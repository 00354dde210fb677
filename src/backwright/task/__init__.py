"""The working protocol: a task comes in, is acknowledged, questioned, planned, built, gated and reported."""
