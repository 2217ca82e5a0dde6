"""Training: corpora in, models out. Uses torch; the models it writes do not need it."""
