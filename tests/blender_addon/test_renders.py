"""Pictures and films of the heatmap: what is on them, where they go, and that nothing of the user's scene has changed after."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import InputError, MotionError
from blender_addon import renders, results, session, verbs
from blender_addon.compat import strips_of
from blender_addon.images import Text, letters, over, read_image, write_image
from blender_addon.muscles.colours import srgb_at
from blender_addon.ops.modal import StepsOperator
from blender_addon.renders import RenderOptions, render_contact_sheet, render_side_by_side, render_turntable
from blender_addon.sheet import Legend, legend_texts
from blender_addon.steps import finished
from blender_addon.translate import translations
from blender_addon.ui.legend import legend_lines

pytestmark = pytest.mark.blender

SMALL = RenderOptions("CYCLES", height=64, count=2, step=10)
_KINDS = ("objects", "meshes", "materials", "lights", "cameras", "worlds", "actions", "scenes", "curves", "armatures")


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(renders, "_SAMPLES", 1)


@pytest.fixture
def rig(rig):
    """A squat, edited, with its muscles and the mannequin."""
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    return rig


def _state(armature):
    scene = bpy.context.scene
    return (
        {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in _KINDS}, armature.agonist.show,
        armature.animation_data.action.name, scene.frame_current, scene.camera, scene.render.engine, scene.render.filepath,
        [thing.name for thing in scene.objects], [child.animation_data.action.name for child in armature.children if child.animation_data],
    )  # fmt: skip


def _film(path):
    """(T, H, W, 3) of a film, read by Blender's own decoder."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    strip = strips_of(scene).new_movie("Film", str(path), 1, 1)
    element = strip.elements[0]
    scene.render.resolution_x, scene.render.resolution_y = element.orig_width, element.orig_height
    scene.render.resolution_percentage, scene.view_settings.view_transform = 100, "Standard"
    frames = []
    for frame in range(1, strip.frame_final_duration + 1):
        scene.frame_set(frame)
        scene.render.filepath = str(path.with_suffix(f".{frame}.png"))
        bpy.ops.render.render(write_still=True)
        frames.append(read_image(path.with_suffix(f".{frame}.png"))[..., :3])
    return np.array(frames)


def test_the_recommended_motion_is_titled_by_what_it_was_made_from(rig):
    """Not by what the sliders say now."""

    def title():
        with renders._set(rig, SMALL) as one:
            return one.motions["RECOMMENDED"]

    assert title() == "Recommended: Quadriceps (left) x1.6"
    bpy.ops.agonist.reset()
    assert title() == "Recommended: Quadriceps (left) x1.6"
    rig.agonist.live = False
    rig.agonist.sliders["biceps_r"].scale = 2.0
    assert title() == "Recommended: Quadriceps (left) x1.6"
    rig.agonist.recommended_action.name = "take 7"
    verbs.edit_armature(rig, refine=False)
    assert title() == "Recommended: Biceps (right) x2"
    # A former version did not note it.
    rig.agonist.recommended_action.pop("agonist_asked")
    assert title() == "Recommended"


def test_what_was_asked_is_told_in_words_of_the_users_language(monkeypatch):
    asked = results.describe_edit({"hamstrings_l": 1.5, "hamstrings_r": 1.5, "biceps_l": 0.5}, ["quadriceps_l", "quadriceps_r"])
    assert results.spoken(asked) == "Hamstrings x1.5, Biceps (left) x0.5, Quadriceps drawn"
    assert results.spoken(results.describe_edit({})) == "unchanged"
    german = {english: text for (_, english), text in translations()["de_DE"].items()}
    monkeypatch.setattr(results, "iface", lambda text: german.get(text, text))
    assert results.spoken(asked) == "Beinbeuger x1.5, Bizeps (links) x0.5, Quadrizeps gezeichnet"


def test_a_contact_sheet_has_both_motions_and_touches_nothing(rig, tmp_path):
    bpy.context.scene.frame_set(7)
    before, path = _state(rig), tmp_path / "sheet.png"
    shares = list(render_contact_sheet(rig, path, SMALL))
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == 5
    assert _state(rig) == before and [one.name for one in tmp_path.iterdir()] == ["sheet.png"]
    picture = read_image(path)[..., :3]
    assert picture.shape == (2 * (64 + 40) + 58, 2 * (48 + 4) + 4, 3)
    cells = [[picture[r * 104 + 40 : r * 104 + 104, 4 + c * 52 : 52 + c * 52] for c in range(2)] for r in range(2)]
    # The body moves from still to still, and the two motions differ where it is bent.
    for row in cells:
        assert np.abs(row[0] - row[1]).max() > 0.3
    assert max(np.abs(cells[0][c] - cells[1][c]).max() for c in range(2)) > 0.2
    for cell in (cell for row in cells for cell in row):
        # Muscles are yellow to red, and nothing else in the studio is.
        coloured = (cell[..., 0] > cell[..., 2] + 0.25).mean()
        assert 0.01 < coloured < 0.4
        # The character is whole: nothing of it touches the left and right edge.
        assert not (cell[:, [0, -1], 0] > cell[:, [0, -1], 2] + 0.15).any()


def test_without_an_edit_the_sheet_has_one_row(rig, tmp_path):
    rig.agonist.recommended_action = None
    rig.agonist.shown = "ORIGINAL"
    list(render_contact_sheet(rig, tmp_path / "sheet.png", SMALL))
    assert read_image(tmp_path / "sheet.png").shape[0] == 104 + 58
    with pytest.raises(MotionError, match="move a slider first"):
        next(render_side_by_side(rig, tmp_path / "sides.mp4", SMALL))


def test_side_by_side_is_a_film_of_two_that_differ(rig, tmp_path):
    before, path = _state(rig), tmp_path / "sides.mp4"
    list(render_side_by_side(rig, path, SMALL))
    assert _state(rig) == before
    film = _film(path)
    assert film.shape == (4, 64 + 88, 96, 3)
    left, right = film[:, 44:108, :48], film[:, 44:108, 48:]
    assert np.abs(left[0] - left[2]).max() > 0.3 and np.abs(left[2] - right[2]).max() > 0.2


def test_a_turntable_sees_the_back_and_comes_round(rig, tmp_path):
    path = tmp_path / "turn.mp4"
    bpy.context.scene.frame_set(1)
    # One second of turning: eight pictures.
    options = RenderOptions("CYCLES", height=64, step=15, hold=True)
    list(render_turntable(rig, path, options))
    film = _film(path)[:, 44:108]
    assert len(film) == 8
    apart = [np.abs(film[0] - one).mean() for one in film]
    # Farthest at the side or the back, near again at the end, with the character in the middle all along.
    assert max(apart[2:6]) > 0.02 and min(apart[1], apart[7]) < max(apart)
    assert not (film[:, :, [0, -1], 0] > film[:, :, [0, -1], 2] + 0.15).any()


def test_what_is_stopped_leaves_no_file_and_no_trace(rig, tmp_path):
    before = _state(rig)
    steps = render_contact_sheet(rig, tmp_path / "sheet.png", SMALL)
    next(steps)
    assert _state(rig) != before
    steps.close()
    assert _state(rig) == before and not list(tmp_path.iterdir())


def test_a_character_with_nothing_to_render_says_so(rig, tmp_path):
    for child in list(rig.children):
        bpy.data.objects.remove(child)
    with pytest.raises(MotionError, match="Add Muscles"):
        next(render_contact_sheet(rig, tmp_path / "sheet.png", SMALL))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        write_image(tmp_path / "file" / "x.png", np.zeros((4, 4, 3)))


def test_the_button_says_where_the_file_went(rig, tmp_path):
    settings = bpy.context.scene.agonist_render
    settings.engine, settings.height, settings.count = "CYCLES", 64, 1
    settings.folder = str(tmp_path)
    assert bpy.ops.agonist.render(job="SHEET") == {"FINISHED"}

    def named():
        return str(tmp_path / f"{bpy.path.clean_name(rig.agonist.recommended_action.name)} contact sheet.png")

    assert settings.last == named() and read_image(settings.last).any()
    # A picture of another motion does not take its place.
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert bpy.ops.agonist.render(job="SHEET") == {"FINISHED"}
    assert settings.last == named()
    assert len(list(tmp_path.glob("*.png"))) == 2
    rig.agonist.model = "nonesuch"
    with pytest.raises(RuntimeError, match="nonesuch"):
        bpy.ops.agonist.render(job="TURN")


class _Work(StepsOperator):
    """What a window would do, without one."""

    doing = "Working"

    def __init__(self):
        self.said, self.done = [], []

    def report(self, kind, text):
        self.said.append((kind, text))

    def told(self):
        return "done"

    def stopped(self):
        return "stopped"

    def steps(self):
        try:
            for share in (0.5, 1.0):
                self.done.append(share)
                yield share
        finally:
            self.done.append("tidy")


class _Window:
    """A context with a window, as far as the mix-in asks for one."""

    def __init__(self, scene):
        self.window, self.window_manager, self.workspace, self.scene, self.calls = self, self, self, scene, []

    def __getattr__(self, name):
        def called(*values, **_):
            self.calls.append((name, *values))
            return "timer"

        return called


@pytest.mark.parametrize("stop", [False, True])
def test_work_in_a_window_shows_progress_and_ends_on_esc(rig, stop, monkeypatch):
    monkeypatch.setattr("blender_addon.ops.modal.bpy", SimpleNamespace(app=SimpleNamespace(background=False)))
    work, context = _Work(), _Window(bpy.context.scene)
    event = type("Event", (), {"type": "TIMER"})
    assert work.run_steps(context, rig, work.steps()) == {"RUNNING_MODAL"}
    assert work.modal(context, event) == {"RUNNING_MODAL"}
    assert ("progress_update", 0.5) in context.calls and ("status_text_set", "Working: 50%   Esc stops") in context.calls
    # An undo in between would take away what a step works on.
    assert work.modal(context, type("Event", (), {"type": "Z"})) == {"RUNNING_MODAL"} and work.done == [0.5]
    if stop:
        assert work.modal(context, type("Event", (), {"type": "ESC"})) == {"CANCELLED"}
        assert work.done == [0.5, "tidy"] and work.said == [({"WARNING"}, "stopped")]
    else:
        assert work.modal(context, event) == {"RUNNING_MODAL"}
        assert work.modal(context, event) == {"FINISHED"}
        assert work.done == [0.5, 1.0, "tidy"] and work.said == [({"INFO"}, "done")]
    assert context.calls[-1] == ("status_text_set", None) and ("progress_end",) in context.calls


def test_an_error_that_nobody_expected_leaves_no_timer_no_text_and_no_cursor(rig, monkeypatch):
    monkeypatch.setattr("blender_addon.ops.modal.bpy", SimpleNamespace(app=SimpleNamespace(background=False)))

    def steps():
        yield 0.5
        raise RuntimeError("the renderer is gone")

    work, context, event = _Work(), _Window(bpy.context.scene), type("Event", (), {"type": "TIMER"})
    assert work.run_steps(context, rig, steps()) == {"RUNNING_MODAL"} and work.modal(context, event) == {"RUNNING_MODAL"}
    with pytest.raises(RuntimeError, match="the renderer is gone"):
        work.modal(context, event)
    assert context.calls[-3:] == [("progress_end",), ("event_timer_remove", "timer"), ("status_text_set", None)]


def test_a_recommended_motion_that_was_deleted_is_not_rendered(rig, tmp_path):
    bpy.data.actions.remove(rig.agonist.recommended_action)
    assert rig.agonist.show == "RECOMMENDED" and rig.animation_data.action is None
    one = RenderOptions("CYCLES", 64, count=1, step=30)
    for job in (render_contact_sheet, render_turntable):
        finished(job(rig, tmp_path / f"{job.__name__}.{'png' if 'sheet' in job.__name__ else 'mp4'}", one))
        assert rig.animation_data.action is None
    assert len(list(tmp_path.iterdir())) == 2


def test_letters_stand_where_they_were_put():
    texts = [Text("HHHH", 10, 20, 24, (1.0, 0.0, 0.0)), Text("HHHH", 190, 60, 24, (0.0, 0.0, 1.0), "RIGHT")]
    picture = over(letters(texts, (200, 80), "CYCLES"), np.ones((80, 200, 3)))
    red, blue = (picture[..., channel] > picture[..., 2 - channel] + 0.5 for channel in (0, 2))
    for ink, rows in ((red, (8, 32)), (blue, (48, 72))):
        y = np.nonzero(ink)[0]
        assert len(y) > 50 and rows[0] <= y.min() and y.max() <= rows[1]
    assert abs(np.nonzero(red)[1].min() - 10) <= 4 and abs(np.nonzero(blue)[1].max() - 190) <= 4


@pytest.mark.parametrize(("width", "told"), [(1200, True), (260, False)])
def test_the_legend_shows_the_colours_and_fits(width, told):
    picture = np.zeros((40, width, 3))
    texts = legend_texts(picture, Legend("VIRIDIS", "0.40", "a line of some length"), 20)
    assert (len(texts) == 3) == told and "0.40 flexed" in [one.text for one in texts]
    row = picture[20]
    inked = np.flatnonzero(row.any(axis=1))
    np.testing.assert_allclose(row[[inked[0], inked[-1]]], srgb_at("VIRIDIS", np.array([0.0, 1.0])), atol=1e-6)
    assert inked[-1] + 90 * (texts[1].size / 17) < width


def test_the_legend_of_a_picture_says_what_that_of_the_view_says(rig):
    """Also where each muscle has a range of its own, and where values are borrowed or missing."""
    for mode in ("CLIP", "MUSCLE", "ABSOLUTE"):
        rig.agonist.colour_range = mode
        texts = _legend_of_a_picture(rig)
        view = legend_lines(rig)
        assert texts[1] == (view[2] if mode == "MUSCLE" else f"{view[2]} flexed") and "estimated" not in texts[2]
    verbs.build_muscles(rig, mannequin=False, muscles="surface24")
    verbs.predict_armature(rig)
    told = _legend_of_a_picture(rig)[2]
    bpy.context.view_layer.update()
    assert all(note in told for note in legend_lines(rig)[3]) and "estimated" in told and "not predicted" in told
    # Where there is no room for both, the marks come first.
    assert _legend_of_a_picture(rig, 800)[2] == "; ".join(legend_lines(rig)[3])
    assert len(_legend_of_a_picture(rig, 300)) == 2


def _legend_of_a_picture(rig, width=2000):
    with renders._set(rig, SMALL) as one:
        return [text.text for text in legend_texts(np.zeros((40, width, 3)), one.legend, 20)]


def test_what_somebody_makes_while_it_renders_stays(rig):
    """Pictures take minutes, and another window or add-on does not wait."""
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    session.live_edit(rig)
    kinds = ("objects", "meshes", "materials", "lights", "cameras", "worlds", "actions", "scenes")
    before = {kind: {one.name for one in getattr(bpy.data, kind)} for kind in kinds}
    with renders._set(rig, SMALL) as one:
        bpy.data.objects.new("Mine", bpy.data.meshes.new("Mine"))
        bpy.data.actions.new("Mine")
        one.studio.scene.frame_set(1)
    for kind, names in before.items():
        assert {one.name for one in getattr(bpy.data, kind)} == names | ({"Mine"} if kind in ("objects", "meshes", "actions") else set())
