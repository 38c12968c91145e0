"""Every field and every key that a page names exists."""

import re
from pathlib import Path

import pytest

from builders import ROOT
from docs import fields
from docs.markdown import PAGES, name, words_in_code

FIELD = re.compile(r"(?:spec|status)(?:\.[A-Za-z]+(?:\[\])?)+")
OF_OTHERS = {"docs/decisions/0019-a-new-release-restarts-no-pod.md": {"spec.paused"}}
"""Fields of kinds that are not ours, by page."""

IN_MANIFESTS = {
    key
    for folder in ("manifests", "charts")
    for path in (ROOT / folder).glob("**/*.yaml")
    for key in re.findall(r"llamafleet\.io/[a-z-]+", path.read_text("utf-8"))
}
"""Labels that only what we ship knows, such as that of a namespace that may read metrics."""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_field_that_a_page_names_exists(page: Path) -> None:
    named = {words for words in words_in_code(page) if FIELD.fullmatch(words)} - OF_OTHERS.get(
        name(page), set()
    )
    assert sorted(field for field in named if not fields.exists(field)) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_key_of_ours_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w.:/@-])llamafleet\.io/[a-z0-9-]+(?<!-)", page.read_text("utf-8")))
    assert sorted(named - fields.KEYS - IN_MANIFESTS) == []
