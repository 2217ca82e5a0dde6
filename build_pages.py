"""The documentation as web pages with their pictures, which Help in Blender opens: `python build_pages.py OUT` (needs markdown-it-py)."""

from __future__ import annotations

import html
import itertools
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).parent / "docs"
# Light or dark as the reader's system is; no script and nothing from a network.
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1.2rem; }
nav { font-size: .9rem; border-bottom: 1px solid #8886; padding-bottom: .7rem; margin-bottom: 1.5rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
img { max-width: 100%; border-radius: 6px; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .9rem; }
th, td { border: 1px solid #8886; padding: .25rem .6rem; text-align: left; }
pre, code { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: #8882; padding: .8rem; overflow-x: auto; border-radius: 6px; }
"""


def title_of(page: Path) -> str:
    """The first heading."""
    return next(line.strip("# \n") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("# "))


def slug(heading: str) -> str:
    """A heading's anchor, as code hosts make it of the text."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def body_of(text: str) -> str:
    """HTML of Markdown: headings have anchors, and links to other pages go to their HTML."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            before.attrSet("id", slug("".join(one.content for one in token.children or ())))
    for link in _links(tokens):
        place, mark, anchor = str(link.attrGet("href")).partition("#")
        if place.endswith(".md") and "://" not in place:
            link.attrSet("href", f"{place.removesuffix('.md')}.html{mark}{anchor}")
    return str(reader.renderer.render(tokens, reader.options, {}))


def _links(tokens: Sequence[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *(token.children or ())) if one.type == "link_open"]


def write_pages(out: Path) -> list[Path]:
    """Every page of docs/ and of its folders as HTML below `out`, beside its pictures."""
    pages = sorted(DOCS.rglob("*.md"), key=lambda page: (page.parent != DOCS, page.stem != "tour", page))
    written = []
    for page in pages:
        inside = page.relative_to(DOCS)
        up = "../" * (len(inside.parts) - 1)
        shown = [f'<a href="{up}{one.stem}.html">{html.escape(title_of(one))}</a>' for one in pages if one.parent == DOCS]
        target = out / inside.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
            f"<title>{html.escape(title_of(page))}</title>\n<style>{STYLE}</style>\n<nav>{' '.join(shown)}</nav>\n"
            f"{body_of(page.read_text(encoding='utf-8'))}</html>\n",
            encoding="utf-8",
        )
        written.append(target)
    for picture in DOCS.rglob("*.png"):
        shutil.copy(picture, out / picture.relative_to(DOCS))
    return written


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
