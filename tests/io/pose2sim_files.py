"""Files as Sports2D and Pose2Sim lay them out (names, order, unit, axes, blanks), with a body of ours in them."""

import numpy as np

# Marker -> our keypoint, in the order in which Pose2Sim's HALPE_26 writes them.
HALPE_26 = {
    "Hip": "mid_hip", "RHip": "hip_r", "RKnee": "knee_r", "RAnkle": "ankle_r", "RBigToe": "big_toe_r", "RSmallToe": "small_toe_r",
    "RHeel": "heel_r", "LHip": "hip_l", "LKnee": "knee_l", "LAnkle": "ankle_l", "LBigToe": "big_toe_l", "LSmallToe": "small_toe_l",
    "LHeel": "heel_l", "Neck": "neck", "Head": "nose", "Nose": "nose", "RShoulder": "shoulder_r", "RElbow": "elbow_r", "RWrist": "wrist_r",
    "LShoulder": "shoulder_l", "LElbow": "elbow_l", "LWrist": "wrist_l",
}  # fmt: skip
# Its COCO_17 has no feet; BODY_25 calls the hips' middle CHip; BLAZEPOSE has one toe a foot, and a knee in another spelling.
COCO_17 = {name: ours for name, ours in HALPE_26.items() if not name.endswith(("Toe", "Heel", "Head"))}
BODY_25 = {"CHip" if name == "Hip" else name: ours for name, ours in HALPE_26.items() if name != "Head"}
BLAZEPOSE = {
    "Lknee" if name == "LKnee" else name: ours for name, ours in HALPE_26.items() if not name.endswith(("SmallToe", "Head", "Neck"))
}
SKELETONS = {"HALPE_26": HALPE_26, "COCO_17": COCO_17, "BODY_25": BODY_25, "BLAZEPOSE": BLAZEPOSE}


def y_up(positions: np.ndarray) -> np.ndarray:
    """House axes as Pose2Sim turns its own Z up: x, y, z become the file's z, x, y."""
    return positions[..., [1, 2, 0]]


def trc_text(keypoints, skeleton: dict[str, str], first: int = 0) -> str:
    """A TRC in metres, Y up; `first` is the frame that the file begins with."""
    points = y_up(keypoints.positions[:, [keypoints.layout.index(ours) for ours in skeleton.values()]])
    count, fps = len(skeleton), f"{keypoints.fps:g}"
    lines = [
        "PathFileType\t4\t(X/Y/Z)\twalk_0-9.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{fps}\t{fps}\t{len(points)}\t{count}\tm\t{fps}\t{first}\t{len(points)}",
        "Frame#\tTime\t" + "\t\t\t".join(skeleton) + "\t\t\t",
        "\t\t" + "\t".join(f"X{k + 1}\tY{k + 1}\tZ{k + 1}" for k in range(count)) + "\t",
    ]
    for frame, row in enumerate(points.reshape(len(points), -1), first):
        lines.append("\t".join([str(frame), repr(frame / keypoints.fps), *("" if np.isnan(one) else repr(float(one)) for one in row)]))
    return "\n".join(lines) + "\n"
