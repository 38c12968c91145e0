"""The site builds without a warning, fetches nothing from elsewhere, and reads as its pages do."""

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from builders import ROOT
from docs.markdown import PAGES, name
from docs.running import run

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}
"""What a browser fetches by itself, beside stylesheets and icons."""

COUNTED = ("h1", "h2", "h3", "table", "td", "li", "ol", "ul", "pre", "blockquote")


ON_THE_SITE = [page for page in PAGES if not name(page).startswith(("charts/", "README"))]
"""The README is the site's home in other words, and a chart's goes with the chart."""


class Page(HTMLParser):
    """Counts the elements of a page, and gathers what a browser would fetch."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.counts = dict.fromkeys(COUNTED, 0)
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.counts:
            self.counts[tag] += 1
        given = dict(attrs)
        if tag == "link" and given.get("rel") not in {"canonical", "prev", "next"}:
            self.fetched.append(given.get("href") or "")
        self.fetched.append(given.get(LOADED.get(tag, "")) or "")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The site as ``make docs`` builds it, and what mkdocs says. With ``--quiet`` no warning would count."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = run(*command, folder=ROOT, env=environment)
    return folder, result.stderr


@pytest.fixture(scope="module")
def site(built: tuple[Path, str]) -> Path:
    """The folder with the site."""
    return built[0]


def test_it_builds_without_a_warning(built: tuple[Path, str]) -> None:
    said = [line for line in built[1].splitlines() if not line.startswith("INFO")]
    assert said == []
    assert "Documentation built" in built[1]


def test_every_page_is_on_the_site(site: Path) -> None:
    on_the_site = {path.relative_to(site).as_posix() for path in site.glob("**/*.html")}
    assert {_html(name(page).removeprefix("docs/")) for page in ON_THE_SITE} <= on_the_site


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """Runbooks and decisions are there by pattern; any other page that is missing there is a warning."""
    home = (site / "index.html").read_text("utf-8")
    for page in (ROOT / "docs").glob("*/*.md"):
        assert f'href="{_html(page.relative_to(ROOT / "docs").as_posix())}"' in home, page


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    elsewhere = {
        (path.name, url)
        for path in site.glob("**/*.html")
        for url in Page(path.read_text("utf-8")).fetched
        if re.match(r"(https?:)?//", url)
    }
    assert elsewhere == set()
    styles = [path.read_text("utf-8") for path in site.glob("**/*.css")]
    assert not [url for style in styles for url in re.findall(r"url\([\"']?(https?://[^)]*)", style)]


def test_it_can_be_searched(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text("utf-8")
    assert "BudgetExhausted" in index
    assert "hostOffload" in index


def test_a_page_reads_the_same_on_the_site_as_in_the_repository(site: Path) -> None:
    """The two read Markdown in their own ways: they differ in lists in lists, and right after a paragraph."""
    assert {name(page): found for page in ON_THE_SITE if (found := _differences(page, site))} == {}


def _differences(page: Path, site: Path) -> dict[str, tuple[int, int]]:
    """Of which elements the site has another number than the repository."""
    text = (site / _html(name(page).removeprefix("docs/"))).read_text("utf-8")
    there = Page(text[text.index("<article") : text.index("</article>")]).counts
    here = Page(MarkdownIt("commonmark").enable("table").render(page.read_text("utf-8"))).counts
    return {tag: (there[tag], here[tag]) for tag in COUNTED if there[tag] != here[tag]}


def _html(page: str) -> str:
    path = page.removesuffix(".md")
    return f"{path[: -len('README')]}index.html" if path.endswith("README") else f"{path}.html"


def test_the_navigation_names_no_page_twice() -> None:
    text = re.sub(r"!!python/\S+ \{.*?\}\}", "null", (ROOT / "mkdocs.yml").read_text("utf-8"))
    named = re.findall(r": ([\w/.-]+\.md)", text)
    assert len(named) == len({*named})
    assert yaml.safe_load(text)["theme"]["font"] is False
