"""The body: MuJoCo's full-body muscle model, driven by any motion.

`simulate` needs the `physics` extra (mujoco, myo-sim, scipy); they are imported when it runs, so that importing this
package stays light and works inside Blender.
"""

from agonist.body.person import Person
from agonist.body.simulation import Simulation, simulate

__all__ = ["Person", "Simulation", "simulate"]
