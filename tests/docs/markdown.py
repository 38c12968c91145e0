"""What a page of Markdown holds: its blocks of code, its words in code, its links and its anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from builders import ROOT

PAGES: Final = sorted(
    path
    for pattern in (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "docs/**/*.md",
        "charts/*/README.md",
    )
    for path in ROOT.glob(pattern)
)
"""Every page that a user may read, records of decisions among them."""

INDENTED: Final = "indented"
"""The language of a block without a fence: a picture, a formula, or commands."""


def name(page: Path) -> str:
    """How a page is called in the name of a test."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: where it stands.
        line: the number of its first line there.
        language: the word after the fence; empty: none; ``indented``: there is no fence.
        text: what is in it.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        """Where it stands, for people."""
        return f"{name(self.page)}:{self.line}"


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """Every block of code of a page, in its order."""
    return tuple(
        Block(
            page, token.map[0] + 1, token.info.strip() if token.type == "fence" else INDENTED, token.content
        )
        for token in _tokens(page)
        if token.type in {"fence", "code_block"} and token.map
    )


def every_block(*languages: str) -> list[Block]:
    """The blocks of all pages in these languages, or all of them."""
    return [block for page in PAGES for block in blocks(page) if not languages or block.language in languages]


@cache
def words_in_code(page: Path) -> tuple[str, ...]:
    """What stands between backticks in the text of a page."""
    return tuple(token.content for token in _inline(page) if token.type == "code_inline")


@cache
def links(page: Path) -> tuple[str, ...]:
    """Where the links of a page lead to."""
    found = ((token.attrGet("href"), token.attrGet("src")) for token in _inline(page))
    return tuple(str(target) for pair in found for target in pair if target is not None)


@cache
def headings(page: Path) -> tuple[str, ...]:
    """The headings of a page, as they are written."""
    tokens = _tokens(page)
    return tuple(tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open")


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    return frozenset(anchor(heading) for heading in headings(page))


def anchor(heading: str) -> str:
    """The anchor of a heading. A link in it counts by its text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


@cache
def _tokens(page: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")))


def _inline(page: Path) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or ()
