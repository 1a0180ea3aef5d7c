"""Answers a student's questions over HTTP: GET /health, POST /predict, GET /metrics. Run it with `python -m serve`."""
