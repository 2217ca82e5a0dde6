"""Signals over time: filters, envelopes, averages and runs. Plain numpy in and out."""
