"""What mkdocs does beside reading ``docs/``: pages at the top, files that pages link to, patterns in nav.

A page is written for whoever reads it in the repository. Its links lead to other files there, so on the site
the pages of the top folder are pages, too, and any other file that a page links to lies under ``files/``.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
TOP: Final = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages of the top folder that the site has, too."""

HOME: Final = {"README.md": "index.md"}
"""The page of the site that stands for one of the repository."""

FILES: Final = "files"
LINK: Final = re.compile(r"\[([^\]]*)\]\((?![a-z]+:|#|/)([^)\s#]+)(#[^)\s]*)?\)")
"""A relative link: its text, its target, and the anchor in it."""

CODE: Final = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let nav name the pages of a folder by a pattern."""
    config.nav = _expanded(config.nav, Path(config.docs_dir))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the top folder, and every file that a page links to."""
    for name in TOP:
        if (ROOT / name).is_file():
            files.append(File.generated(config, name, content=(ROOT / name).read_text("utf-8")))
    for uri in sorted({*_linked_files(files)}):
        files.append(File.generated(config, f"{FILES}/{uri}", content=(ROOT / uri).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, **_more: Any) -> str:
    """Let links that leave ``docs/`` lead to what stands for their target on the site."""
    here = page.file.src_uri
    return "".join(
        part if part.startswith("```") else LINK.sub(lambda link: _on_the_site(link, here), part)
        for part in CODE.split(markdown)
    )


def _on_the_site(link: re.Match[str], here: str) -> str:
    """The same link from the page to its target on the site. A folder has no place there: its name stays."""
    target = target_of(link[2], here)
    if (ROOT / target).is_dir():
        return link[1]
    there = posixpath.relpath(site_uri(target), posixpath.dirname(here) or ".")
    return f"[{link[1]}]({there}{link[3] or ''})"


def target_of(link: str, here: str) -> str:
    """The path in the repository that a relative link of a page leads to."""
    if here in TOP:
        return posixpath.normpath(link)
    folder = posixpath.dirname(here)
    is_file = folder.startswith(f"{FILES}/")
    return posixpath.normpath(
        posixpath.join(folder.removeprefix(f"{FILES}/") if is_file else f"docs/{folder}", link)
    )


def site_uri(target: str) -> str:
    """Where the site has a file of the repository."""
    if target in HOME or target in TOP:
        return HOME.get(target, target)
    return target.removeprefix("docs/") if target.startswith("docs/") else f"{FILES}/{target}"


def _linked_files(files: Files) -> Iterator[str]:
    """The files of the repository, beside pages, that pages of the site link to."""
    for file in files.documentation_pages():
        for link in LINK.finditer("".join(CODE.split(file.content_string)[::2])):
            target = target_of(link[2], file.src_uri)
            if site_uri(target).startswith(f"{FILES}/") and (ROOT / target).is_file():
                yield target


def _expanded(nav: Any, folder: Path) -> Any:
    """The same without patterns; an entry that nothing answers to goes."""
    if isinstance(nav, Mapping):
        return {title: _expanded(below, folder) for title, below in nav.items()}
    if isinstance(nav, list):
        return [one for entry in nav for one in _pages(entry, folder)]
    return nav


def _pages(entry: Any, folder: Path) -> list[Any]:
    if isinstance(entry, str) and "*" in entry:
        return [path.relative_to(folder).as_posix() for path in sorted(folder.glob(entry))]
    return [_expanded(entry, folder)]
