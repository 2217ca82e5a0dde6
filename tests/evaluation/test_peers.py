"""OpenSim's own process is told of files by paths that hold wherever it runs."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

from agonist.evaluation import peers


def test_the_job_names_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(peers, "_environment", lambda: Path("python"))
    monkeypatch.setattr(peers, "foot_columns", lambda grf, side: ("a", "b"))
    jobs = []

    def run(command, **options):
        jobs.append(json.loads(Path(command[-1]).read_text("utf-8")))
        Path(jobs[0]["out"]).write_text("{}", "utf-8")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    here = {name: Path("recordings", name) for name in ("model", "coordinates", "grf_file")}
    peers._run(SimpleNamespace(**here, grf=None, name="walk"), 0.0, 1.0, 2)
    assert [jobs[0][name] for name in ("model", "coordinates", "grf")] == [str(tmp_path / path) for path in here.values()]
