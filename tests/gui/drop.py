"""Drops files onto a window as a file manager does: the source's side of XDND (freedesktop.org, version 5).

    python3 drop.py X Y FILE...

X and Y are pixels of the screen, from its upper left corner. Exit code 0: the window took them; 1: it did not, and a line says
how far it came. A program of its own, because the window that is dropped on has to answer meanwhile.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from Xlib import X, Xatom, display, error
from Xlib.protocol import event

VERSION = 5
PATIENCE_S = 20.0
KIND = "text/uri-list"


class Source:
    """A window that offers files."""

    def __init__(self, paths: list[Path]) -> None:
        self.display = display.Display()
        self.root = self.display.screen().root
        self.window = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.data = "".join(f"{path.resolve().as_uri()}\r\n" for path in paths).encode()
        self.window.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)
        self.display.flush()

    def atom(self, name: str) -> int:
        return self.display.intern_atom(name)

    def target(self, x: int, y: int) -> object:
        """The outermost window there that takes drops; None if none does."""
        inner = self.root
        while inner:
            try:
                if inner.get_full_property(self.atom("XdndAware"), X.AnyPropertyType):
                    return inner
            except error.BadWindow:
                return None
            inner = inner.translate_coords(self.root, x, y).child
        return None

    def send(self, target: object, name: str, *values: int) -> None:
        data = [self.window.id, *values, *[0] * (4 - len(values))]
        target.send_event(event.ClientMessage(window=target, client_type=self.atom(name), data=(32, data)), event_mask=0)
        self.display.flush()

    def wait(self, name: str) -> list[int] | None:
        """The data of the answer of that name; hands out the files' addresses to whoever asks meanwhile."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not self.display.pending_events():
                time.sleep(0.01)
                continue
            got = self.display.next_event()
            if got.type == X.SelectionRequest:
                self.answer(got)
            elif got.type == X.ClientMessage and got.client_type == self.atom(name):
                return list(got.data[1])
        return None

    def answer(self, asked: event.SelectionRequest) -> None:
        kinds, place = [self.atom("TARGETS"), self.atom(KIND)], asked.property
        if asked.target == kinds[0]:
            asked.requestor.change_property(place, Xatom.ATOM, 32, kinds)
        elif asked.target == kinds[1]:
            asked.requestor.change_property(place, asked.target, 8, self.data)
        else:
            place = X.NONE
        told = event.SelectionNotify(
            time=asked.time, requestor=asked.requestor, selection=asked.selection, target=asked.target, property=place
        )  # fmt: skip
        asked.requestor.send_event(told)
        self.display.flush()


def drop(paths: list[Path], x: int, y: int) -> str:
    """Drop them there; "" if they were taken, else what went wrong."""
    source = Source(paths)
    target = source.target(x, y)
    if target is None:
        return f"No window at {x}, {y} takes drops."
    copy = source.atom("XdndActionCopy")
    source.send(target, "XdndEnter", VERSION << 24, source.atom(KIND))
    # A hand comes from somewhere: the window is told twice.
    for place in ((x - 5, y), (x, y)):
        source.send(target, "XdndPosition", 0, place[0] << 16 | place[1], X.CurrentTime, copy)
        status = source.wait("XdndStatus")
        if status is None:
            return f"No answer to the pointer at {place}."
    if not status[1] & 1:
        source.send(target, "XdndLeave")
        return f"The window takes nothing at {x}, {y}."
    source.send(target, "XdndDrop", 0, X.CurrentTime)
    return "" if source.wait("XdndFinished") is not None else "The window did not finish the drop."


if __name__ == "__main__":
    problem = drop([Path(path) for path in sys.argv[3:]], int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{problem}\n" if problem else "")
    raise SystemExit(bool(problem))
