"""Renders of the heatmap: a contact sheet, original and recommended side by side, a turntable.

Each job is a generator that yields how far it is after every picture, so that it can show progress and be stopped. The character
is rendered as it is, with its own constraints and materials, in a scene of its own with a studio around it: the user's scene,
camera and render settings are not touched, and what played before plays again at the end, whatever happens.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from agonist.errors import MotionError
from agonist.humanoid import body25_from_motion, body_height_m

from . import session, verbs
from .compat import ENGINES, playing_action
from .curves import drawn_muscles
from .exports.stage import skins_of
from .images import Text, letters, over, read_image, render_still, write_image
from .muscles.heatmap import muscle_objects
from .muscles.meaning import full_colour, marks
from .muscles.skin import glowing_skins
from .results import asked_of_result, spoken
from .rig.bones import humanoid_of
from .rig.hung import rigid_parts
from .rig.playing import switch_action
from .rig.rate import set_scene_rate
from .sheet import INK, PAPER, Legend, contact_sheet, legend_texts
from .steps import Steps
from .studio import Studio, aim, around, centred, framing, set_studio, telling_frames
from .translate import iface, rpt

__all__ = ["JOBS", "RenderOptions", "render_contact_sheet", "render_side_by_side", "render_turntable"]

_TOLD = "muscle activation predicted by a model trained on simulated activation"
# Samples a pixel; width over height of one picture; frames that a film's camera looks at to keep everything in the picture [ours].
_SAMPLES, _ASPECT, _LOOKS = 16, 0.75, 24
# Height of a film's title and legend, in pixels, and how long a turn takes where the character stands still [ours].
_STRIP, _TURN_S = 44, 4.0


@dataclass(frozen=True)
class RenderOptions:
    """How pictures are rendered.

    Attributes:
        engine: "EEVEE", "CYCLES" or "WORKBENCH".
        height: of one picture, in pixels.
        count: pictures in a row of a contact sheet.
        step: a film has every `step`-th frame.
        hold: a turntable shows the current frame only.
    """

    engine: str = "EEVEE"
    height: int = 480
    count: int = 6
    step: int = 2
    hold: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Even width and height of one picture."""
        return 2 * round(self.height * _ASPECT / 2), 2 * round(self.height / 2)


@dataclass(frozen=True, eq=False)
class _Set:
    """A character in a studio of its own; rows count the frames of its clip, `shown` is the motion that it showed."""

    armature: bpy.types.Object
    things: Sequence[bpy.types.Object]
    studio: Studio
    options: RenderOptions
    rows: range
    positions: np.ndarray
    fps: float
    folder: Path
    shown: str

    def frame(self, row: int) -> None:
        self.studio.scene.frame_set(self.studio.first_frame + row)

    def seen(self, rows: Sequence[int], motions: Sequence[str]) -> list[tuple[int, np.ndarray]]:
        """The character's vertices (P, 3) at each row of each motion."""
        found = []
        for motion in motions:
            verbs.show(self.armature, motion)
            for row in rows:
                self.frame(row)
                graph = self.studio.scene.view_layers[0].depsgraph
                graph.update()
                found.append((row, np.concatenate([_vertices(thing.evaluated_get(graph)) for thing in self.things])))
        return found

    def shoot(self, name: str) -> Path:
        path = self.folder / f"{name}.png"
        render_still(self.studio.scene, path, self.options.size)
        return path

    @property
    def motions(self) -> dict[str, str]:
        """What can be shown -> its title."""
        props = self.armature.agonist
        if props.recommended_action is None:
            return {"ORIGINAL": iface("Original")}
        # The sliders may say something else by now.
        asked = asked_of_result(props.recommended_action)
        told = iface("Recommended: {asked}", asked=spoken(asked)) if asked else iface("Recommended")
        return {"ORIGINAL": iface("Original"), "RECOMMENDED": told}

    @property
    def legend(self) -> Legend:
        notes = marks(muscle_objects(self.armature).values(), glowing_skins(self.armature))
        return Legend(self.armature.agonist.colour_map, iface(full_colour(self.armature)), iface(_TOLD), "; ".join(map(iface, notes)))


def _vertices(thing: bpy.types.Object) -> np.ndarray:
    """Every few vertices of an evaluated mesh (P, 3), in the world."""
    places = np.empty(3 * len(thing.data.vertices), dtype=np.float32)
    thing.data.vertices.foreach_get("co", places)
    matrix = np.array(thing.matrix_world)
    return places.reshape(-1, 3)[::5] @ matrix[:3, :3].T + matrix[:3, 3]


def character_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that make a character: its skins, what hangs on its bones, and its muscles, as far as they are rendered."""
    things = dict.fromkeys([*skins_of(armature), *rigid_parts(armature), *muscle_objects(armature).values()])
    return [thing for thing in things if not thing.hide_render]


@contextmanager
def _set(armature: bpy.types.Object, options: RenderOptions) -> Iterator[_Set]:
    """Put a character into a studio; everything is as it was afterwards. Raises MotionError and what `session.live_edit` does."""
    things = character_of(armature)
    if not things:
        raise MotionError(rpt("Armature '{name}' has nothing to render; press Add Muscles first.", name=armature.name))
    if options.engine == "WORKBENCH" and not any(thing in things for thing in muscle_objects(armature).values()):
        raise MotionError(
            rpt("Workbench shows muscles but no glow on a skin; render with EEVEE or Cycles, or press Add Muscles first.")
        )
    live = session.live_edit(armature)
    props, motion = armature.agonist, live.sample.motion
    # A recommended motion that was deleted is not shown any more, whatever the switch says.
    shown = props.show if props.recommended_action is not None else "ORIGINAL"
    played = playing_action(armature)
    before, made = _blocks(), set()
    scene = bpy.data.scenes.new("Agonist Render")
    try:
        set_scene_rate(scene, motion.fps)
        for thing in (armature, *things):
            scene.collection.objects.link(thing)
        _choose(scene, options.engine)
        hmap = humanoid_of(live.sample.rig)
        points = body25_from_motion(motion, hmap).positions
        hips = tuple(motion.skeleton.index(hmap[f"hip_{side}"]) for side in "lr")
        asked = [slider.name for slider in props.sliders if slider.scale != 1.0] + drawn_muscles(armature)
        first = live.sample.first_frame
        studio = set_studio(
            scene, motion.positions_world, hips, asked, motion.fps, float(np.percentile(points[..., 2].min(axis=1), 2)),
            first_frame=first, height_m=body_height_m(motion.skeleton, hmap),
        )  # fmt: skip
        aim(studio, 1.0, np.zeros(3), 0)
        # Now, not at the end: what somebody makes while this renders is not ours.
        made = _blocks() - before
        rows = range(len(motion))
        if props.use_frame_range:
            rows = range(max(0, props.frame_first - first), min(len(motion), props.frame_last - first + 1)) or rows
        with tempfile.TemporaryDirectory() as folder:
            yield _Set(armature, things, studio, options, rows, motion.positions_world, motion.fps, Path(folder), shown)
    finally:
        made = made or _blocks() - before
        bpy.data.scenes.remove(scene)
        bpy.data.batch_remove(made)
        verbs.show(armature, shown)
        if armature.animation_data is not None and armature.animation_data.action != played:
            switch_action(armature, played)


def _blocks() -> set[bpy.types.ID]:
    """All that is in the file of the kinds that a studio is made of."""
    data = bpy.data
    kinds = (data.objects, data.meshes, data.materials, data.lights, data.cameras, data.worlds, data.actions)
    return {block for kind in kinds for block in kind}


def _choose(scene: bpy.types.Scene, engine: str) -> None:
    scene.render.engine = ENGINES[engine]
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = _SAMPLES, False, 0
        scene.cycles.use_adaptive_sampling, scene.cycles.seed = False, 1
        scene.render.use_persistent_data = True
    elif engine == "EEVEE":
        scene.eevee.taa_render_samples, scene.eevee.use_shadows = _SAMPLES, True
    else:
        shading = scene.display.shading
        # The colours as they are; cavities and the shadow give the shape.
        shading.light, shading.color_type, shading.show_cavity, shading.cavity_type = "FLAT", "OBJECT", True, "BOTH"
        shading.show_shadows, shading.shadow_intensity = True, 0.25


def render_contact_sheet(armature: bpy.types.Object, path: Path, options: RenderOptions) -> Steps[None]:
    """Stills of the original and, where there is one, of the recommended motion below it, as one PNG picture.

    Raises MotionError, InputError.
    """
    with _set(armature, options) as one:
        rows = sorted(set(telling_frames(one.positions, one.rows.start, one.rows.stop, options.count)))
        seen = one.seen(rows, list(one.motions))
        # A still need not follow smoothly.
        studio = centred(one.studio, seen)
        width_m, shift = framing(studio, seen, _ASPECT)
        stills, total = [], len(rows) * len(one.motions)
        for motion, title in one.motions.items():
            stills.append((title, []))
            verbs.show(armature, motion)
            for row in rows:
                one.frame(row)
                aim(studio, width_m, shift, row)
                stills[-1][1].append(read_image(one.shoot("still")))
                yield sum(len(shot) for _, shot in stills) / (total + 1)
        write_image(path, contact_sheet(stills, [row / one.fps for row in rows], one.legend, ENGINES[options.engine]))
        yield 1.0


def render_side_by_side(armature: bpy.types.Object, path: Path, options: RenderOptions) -> Steps[None]:
    """A film of the original beside the recommended motion, as MP4. Raises MotionError, InputError."""
    with _set(armature, options) as one:
        if len(one.motions) < 2:
            raise MotionError(rpt("There is no recommended motion to put beside the original yet; move a slider first."))
        rows = one.rows[:: options.step]
        width_m, shift = framing(one.studio, one.seen(_some(rows), list(one.motions)), _ASPECT)
        shots: list[list[Path]] = []
        for motion in one.motions:
            verbs.show(armature, motion)
            shots.append([])
            for row in rows:
                one.frame(row)
                aim(one.studio, width_m, shift, row)
                shots[-1].append(one.shoot(f"{motion}_{row:06}"))
                yield sum(map(len, shots)) / (2 * len(rows) + 1)
        _film(one, path, list(zip(*shots, strict=True)), list(one.motions.values()), one.fps / options.step)
        yield 1.0


def render_turntable(armature: bpy.types.Object, path: Path, options: RenderOptions) -> Steps[None]:
    """A film of the motion that is shown while the camera goes once around, as MP4. Raises MotionError, InputError."""
    with _set(armature, options) as one:
        motion = one.shown
        rows = list(one.rows[:: options.step])
        if options.hold or len(rows) < 2:
            now = bpy.context.scene.frame_current - one.studio.first_frame
            rows = [min(max(now, 0), len(one.positions) - 1)] * max(2, round(_TURN_S * one.fps / options.step))
        width_m, shift = framing(one.studio, around(one.studio, one.seen(_some(rows), [motion])), _ASPECT)
        shots = []
        verbs.show(armature, motion)
        for number, row in enumerate(rows):
            one.frame(row)
            aim(one.studio.turned(2 * math.pi * number / len(rows)), width_m, shift, row)
            shots.append((one.shoot(f"turn_{number:06}"),))
            yield len(shots) / (len(rows) + 1)
        _film(one, path, shots, [one.motions[motion]], one.fps / options.step)
        yield 1.0


JOBS = {
    "SHEET": (render_contact_sheet, "contact sheet.png"),
    "SIDES": (render_side_by_side, "side by side.mp4"),
    "TURN": (render_turntable, "turntable.mp4"),
}


def _some(rows: Sequence[int]) -> list[int]:
    """A few rows, first and last among them."""
    return sorted({rows[round(k)] for k in np.linspace(0, len(rows) - 1, min(_LOOKS, len(rows)))})


def _film(one: _Set, path: Path, shots: Sequence[tuple[Path, ...]], titles: Sequence[str], fps: float) -> None:
    """Pictures side by side under their titles, one group a frame, the legend below."""
    from .film import write_film

    wide, tall = one.options.size
    size = (wide * len(titles), tall + 2 * _STRIP)
    blank = np.broadcast_to(PAPER, (size[1], size[0], 3)).copy()
    # Titles that are too long for their pictures are written smaller, all alike.
    letter = min(22.0, *(1.9 * wide / len(title) for title in titles))
    texts = [Text(title, k * wide + 14, _STRIP / 2, letter, INK) for k, title in enumerate(titles)]
    texts += legend_texts(blank, one.legend, size[1] - _STRIP / 2)
    lettering = letters(texts, size, ENGINES[one.options.engine])
    blank = over(lettering, blank)
    frames = []
    for number, shot in enumerate(shots):
        frame = blank.copy()
        for k, still in enumerate(shot):
            # A narrow line of paper parts two pictures.
            frame[_STRIP : _STRIP + tall, k * wide + 2 * k : (k + 1) * wide] = read_image(still)[:, 2 * k :, :3]
            still.unlink()
        frames.append(one.folder / f"frame_{number:06}.png")
        write_image(frames[-1], frame)
    write_film(path, frames, size, fps)
