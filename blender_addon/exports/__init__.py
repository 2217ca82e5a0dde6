"""Exports: a shown motion is baked to a Take, staged in a scene of its own, and written by Blender's exporters or the core."""
