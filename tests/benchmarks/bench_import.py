"""Time to import the package and to start the command line: median over fresh interpreters, an empty one taken off."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

STARTS = 9
LIMIT_MS = 300.0
STATEMENTS = {
    "import agonist": "import agonist",
    "import agonist.cli.main": "import agonist.cli.main",
    "import agonist.edit (numpy)": "import agonist.edit",
    "agonist --version": "import sys; sys.argv[1:] = ['--version']; from agonist.cli.main import main; main()",
}


def _median_ms(statement: str) -> float:
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def main() -> None:
    empty = _median_ms("pass")
    print(f"{'':<32}{'ms':>8}   (an empty interpreter starts in {empty:.0f} ms)")
    for name, statement in STATEMENTS.items():
        print(f"{name:<32}{_median_ms(statement) - empty:>8.0f}")
    taken = _median_ms("import agonist") - empty
    if taken > LIMIT_MS:
        sys.exit(f"import agonist takes {taken:.0f} ms. Expected less than {LIMIT_MS:.0f}.")


if __name__ == "__main__":
    main()
