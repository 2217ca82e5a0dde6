"""C3D files made byte by byte, as the format's guide describes them; what the reader is tested against."""

import struct

import numpy as np

INTEL, DEC, MIPS = 84, 85, 86


def _real(value: float, processor: int) -> bytes:
    if processor == DEC:
        raw = struct.pack("<f", value * 4)
        return raw[2:] + raw[:2]
    return struct.pack(">f" if processor == MIPS else "<f", value)


def c3d_bytes(
    points: np.ndarray, labels: list[str], *, fps: float = 100.0, processor: int = INTEL, scale: float = -1.0, unit: str = "mm",
    analog: int = 0, first: int = 1, long_frames: bool = False, screen: tuple[str, str] | None = None,
) -> bytes:
    """A file of (T, K, 3) points in the file's unit; NaN is a point not seen. A positive scale stores integers."""
    order = ">" if processor == MIPS else "<"
    frames, count, _ = points.shape
    chain = b""

    def add(identity: int, name: str, body: bytes, last: bool = False) -> None:
        nonlocal chain
        step = 0 if last else 2 + len(body)
        chain += struct.pack("bb", len(name), identity) + name.encode() + struct.pack(order + "h", step) + body

    def numbers(code: int, values: list[bytes], scalar: bool = True) -> bytes:
        return struct.pack("b", code) + (b"\0" if scalar else bytes([1, len(values)])) + b"".join(values) + b"\0"

    def integer(value: int) -> bytes:
        return struct.pack(order + "H", value)

    width = max(map(len, labels))
    add(-1, "POINT", b"\0")
    add(1, "USED", numbers(2, [integer(count)]))
    add(1, "SCALE", numbers(4, [_real(scale, processor)]))
    add(1, "RATE", numbers(4, [_real(fps, processor)]))
    add(1, "UNITS", bytes([255, 1, len(unit)]) + unit.encode() + b"\0")
    add(1, "LABELS", bytes([255, 2, width, count]) + "".join(label.ljust(width) for label in labels).encode() + b"\0")
    for axis, direction in zip("XY", screen or (), strict=False):
        add(1, f"{axis}_SCREEN", bytes([255, 1, len(direction)]) + direction.encode() + b"\0")
    if long_frames:
        add(-2, "TRIAL", b"\0")
        for name, value in (("ACTUAL_START_FIELD", first), ("ACTUAL_END_FIELD", first + frames - 1)):
            add(2, name, numbers(2, [integer(value & 0xFFFF), integer(value >> 16)], scalar=False))
    add(1, "FRAMES", numbers(2, [integer(min(frames, 65535))]), last=True)
    blocks = -(-(4 + len(chain)) // 512)
    header = bytes([2, 0x50]) + struct.pack(order + "4H", count, analog, min(first, 65535), min(first + frames - 1, 65535)) + b"\0\0"
    header += _real(scale, processor) + struct.pack(order + "HH", 2 + blocks, max(1, analog)) + _real(fps, processor)
    parameters = bytes([1, 0x50, blocks, processor]) + chain
    seen = np.isfinite(points).all(axis=-1, keepdims=True)
    table = np.concatenate([np.where(seen, points / abs(scale) if scale > 0 else points, 0), np.where(seen, 0, -1)], axis=-1)
    table = np.concatenate([table.reshape(frames, -1), np.ones((frames, analog))], axis=1)
    if scale > 0:
        data = np.round(table).astype(order + "i2").tobytes()
    elif processor == DEC:
        data = (table * 4).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()
    else:
        data = table.astype(order + "f4").tobytes()
    return header.ljust(512, b"\0") + parameters.ljust(512 * blocks, b"\0") + data
