"""Capture: from what was seen to a Motion."""
