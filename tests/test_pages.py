"""The documentation as web pages: whole, and every link in it goes somewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

pytest.importorskip("markdown_it")

from build_pages import DOCS, body_of, write_pages


class _Read(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links, self.ids, self.tags = [], set(), []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.links += [given[key] for key in ("href", "src") if key in given]
        self.ids.add(given.get("id"))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    write_pages(folder)
    return folder


def test_there_is_a_page_for_each_one_written(out):
    written = {page.relative_to(out).with_suffix(".md") for page in out.rglob("*.html")}
    assert written == {page.relative_to(DOCS) for page in DOCS.rglob("*.md")} and Path("tour.md") in written


def test_every_link_goes_somewhere(out):
    pages = {page: _Read(page) for page in out.rglob("*.html")}
    checked = 0
    for page, read in pages.items():
        for link in read.links:
            parts = urlparse(link)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), f"{page.name}: {link}"
            assert not parts.fragment or parts.fragment in pages[target].ids, f"{page.name}: {link}"
            checked += 1
    assert checked > 60 and "img" in pages[out / "tour.html"].tags and "table" in pages[out / "models.html"].tags


def test_nothing_is_asked_of_a_network_and_no_script_runs(out):
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text and not re.search(r'(src|href)="https?://', text.partition("</nav>")[0]), page


def test_markup_in_a_page_stays_text():
    assert body_of("A <b>bold</b> one") == "<p>A &lt;b&gt;bold&lt;/b&gt; one</p>\n"
    heading, link = body_of("## What is *read*?\n\n[x](a/b.md#c)").splitlines()
    assert heading == '<h2 id="what-is-read">What is <em>read</em>?</h2>' and link == '<p><a href="a/b.html#c">x</a></p>'
