"""The corpus: parametric exercises and real mocap, simulated into data sets that models learn from."""
