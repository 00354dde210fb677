"""Probes: single questions to a running backend, each with its id in the OWASP API Security Top 10 of 2023."""
