"""Every link of every page leads somewhere, in the repository as on the site."""

import re
from pathlib import Path

import pytest

from docs.markdown import PAGES, anchors, headings, links, name

OURS = [(page, link) for page in PAGES for link in links(page) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    wrong = [
        link for link in links(page) if not re.match(r"[a-z]+:", link) and not _leads_somewhere(page, link)
    ]
    assert wrong == []


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, wanted = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not wanted or (target.suffix == ".md" and wanted in anchors(target)))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_two_headings_of_a_page_have_one_anchor(page: Path) -> None:
    """The site and GitHub would number the second one, each in its own way."""
    if page.name != "CHANGELOG.md":
        assert len(headings(page)) == len(anchors(page))


def test_links_are_found() -> None:
    assert len(OURS) > 200
