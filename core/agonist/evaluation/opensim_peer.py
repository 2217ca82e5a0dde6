"""OpenSim's own static optimisation of one trial, as the peer of `agonist evaluate body --peers`.

Runs in an environment of its own (opensim needs another numpy), so it imports nothing of agonist:

    python opensim_peer.py JOB.json

JOB.json: model, coordinates, grf (files), feet {body: [force prefix, point prefix, torque prefix]}, start, end (s),
every (solve one row of the coordinates in so many), out (.json).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import opensim

# Actuators that stand in where muscles cannot: optimal force of one unit of control, N or N m (OpenSim's user guide: residuals
# small, so that they cost much).
RESERVE, RESIDUAL, UPPER_BODY = 1.0, 10.0, 100.0
FILTER_HZ = 6.0


def add_reserves(model: opensim.Model) -> None:
    """Actuators on every coordinate, so that the optimisation always has an answer."""
    coordinates = model.getCoordinateSet()
    for index in range(coordinates.getSize()):
        name = coordinates.get(index).getName()
        if name.endswith("_beta"):
            continue
        actuator = opensim.CoordinateActuator(name)
        actuator.setName(f"reserve_{name}")
        upper = name.startswith(("arm", "elbow", "pro_sup", "wrist", "lumbar", "mtp", "subtalar"))
        actuator.setOptimalForce(RESIDUAL if name.startswith("pelvis") else UPPER_BODY if upper else RESERVE)
        actuator.setMinControl(-1000.0)
        actuator.setMaxControl(1000.0)
        model.addForce(actuator)


def external_loads(job: dict[str, Any], folder: Path) -> Path:
    """The force plates as OpenSim wants to hear of them: a file."""
    loads = opensim.ExternalLoads()
    loads.setDataFileName(str(job["grf"]))
    for body, (force, point, torque) in job["feet"].items():
        load = opensim.ExternalForce()
        load.setName(body)
        load.set_applied_to_body(body)
        load.set_force_expressed_in_body("ground")
        load.set_point_expressed_in_body("ground")
        load.set_force_identifier(force)
        load.set_point_identifier(point)
        load.set_torque_identifier(torque)
        loads.cloneAndAppend(load)
    path = folder / "loads.xml"
    loads.printToXML(str(path))
    return path


def main(job: dict[str, Any]) -> None:
    """Run the analysis of one job and write times and activations."""
    opensim.Logger.setLevelString("error")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = opensim.Model(str(job["model"]))
        add_reserves(model)
        model.finalizeConnections()
        model.printToXML(str(folder / "model.osim"))
        tool = opensim.AnalyzeTool()
        tool.setName("peer")
        tool.setModelFilename(str(folder / "model.osim"))
        tool.setCoordinatesFileName(str(job["coordinates"]))
        tool.setLowpassCutoffFrequency(FILTER_HZ)
        tool.setExternalLoadsFileName(str(external_loads(job, folder)))
        tool.setResultsDir(str(folder))
        tool.setInitialTime(job["start"])
        tool.setFinalTime(job["end"])
        analysis = opensim.StaticOptimization()
        analysis.setStartTime(job["start"])
        analysis.setEndTime(job["end"])
        analysis.setUseModelForceSet(True)
        analysis.setActivationExponent(2)
        analysis.setUseMusclePhysiology(True)
        analysis.setStepInterval(job["every"])
        tool.updAnalysisSet().cloneAndAppend(analysis)
        tool.printToXML(str(folder / "setup.xml"))
        tool = opensim.AnalyzeTool(str(folder / "setup.xml"))
        began = time.perf_counter()
        tool.run()
        elapsed = time.perf_counter() - began
        table = opensim.TimeSeriesTable(str(folder / "peer_StaticOptimization_activation.sto"))
        times = list(table.getIndependentColumn())
        values = {label: table.getDependentColumn(label).to_numpy().tolist() for label in table.getColumnLabels()}
    told = {"seconds": elapsed, "frames": len(times), "times": times, "activation": values}
    Path(job["out"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
