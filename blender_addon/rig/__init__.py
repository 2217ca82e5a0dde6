"""Rigs: sample one to a Motion, build one from a Motion, apply a Motion to one."""
