"""Muscles: shapes on a rig, and their colours."""
