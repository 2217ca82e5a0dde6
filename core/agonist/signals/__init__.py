"""Measured signals: filters and envelopes. Plain numpy in and out."""
