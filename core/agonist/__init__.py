"""Agonist: muscles for animators. Predict, see and edit the muscle activation of a motion."""

__version__ = "0.1.0"
