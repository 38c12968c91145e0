"""The command lines of a page: what a reader would type, one program at a time.

It is no shell. It knows what our pages use: comments, continued lines, quotes over several lines, pipes,
lists, redirections and here-documents.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from docs.markdown import INDENTED, Block

LANGUAGES: Final = frozenset({"bash", "sh", "console"})
PROGRAMS: Final = frozenset(
    {
        *("llamafleet", "kubectl", "helm", "make", "docker", "pip", "python", "python3", "pytest", "git"),
        *("kind", "curl", "jq", "argocd", "flux", "export", "mkdir", "cat", "cd", "."),
        *("PYTHONPATH=operator:tests", "PYTHONPATH=tests"),
    }
)
"""The first words by which an indented block is known for commands, and not for a picture."""

SEPARATORS: Final = frozenset({"|", "&&", "||", ";", "&"})
_SUBSTITUTION: Final = re.compile(r"\$\([^()]*\)")
_ASSIGNMENT: Final = re.compile(r"[A-Z_]+=")
_TYPED: Final = re.compile(r"^ *\$ (.+)$", re.MULTILINE)
_HERE: Final = re.compile(r"<<\s*'?(\w+)'?")


@dataclass(frozen=True)
class Command:
    """One program with its arguments.

    Attributes:
        block: where it stands.
        words: the program and its arguments, as a shell would hand them over.
        output: what the page shows as its output; None: nothing.
        piped: the programs that its output goes through, each with its arguments.
        target: the file that its output goes to; empty: none.
        document: what it reads from a here-document.
        line: the line that a shell would be given for the whole pipe.
    """

    block: Block
    words: tuple[str, ...]
    output: str | None = None
    piped: tuple[tuple[str, ...], ...] = ()
    target: str = ""
    document: str = ""
    line: str = ""

    @property
    def program(self) -> str:
        """The program alone, without the folder that it lies in."""
        return self.words[0].rpartition("/")[2] or self.words[0]

    @property
    def text(self) -> str:
        """The command on one line, with its place."""
        return f"{self.block.where}: {shlex.join(self.words)}"


@dataclass
class _Line:
    """One logical line, with the output or the document below it."""

    text: str
    output: str | None = None
    document: str = ""
    rest: list[str] = field(default_factory=list)


def holds_commands(block: Block) -> bool:
    """Whether a reader would type what stands in this block."""
    if block.language == INDENTED:
        first = block.text.split(maxsplit=1)[0]
        return first in PROGRAMS or first.startswith("~/")
    if block.language == "text":
        return bool(_TYPED.search(block.text))
    return block.language in LANGUAGES


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block; of a pipe the first, which knows the others, and then each of these."""
    for line in _lines(block):
        pipes = [_pipe(block, words, line) for words in _lists(_words(line.text))]
        for pipe in pipes:
            yield from pipe


def _pipe(block: Block, words: list[str], line: _Line) -> list[Command]:
    parts = [_redirected(part) for part in _split(words, {"|"})]
    followers = tuple(tuple(part) for part, _ in parts[1:])
    first, target = parts[0][0], parts[-1][1]
    head = Command(block, tuple(first), line.output, followers, target, line.document, line.text)
    return [head, *(Command(block, words) for words in followers)] if first else []


def _lines(block: Block) -> Iterator[_Line]:
    """The lines that are typed. What a text shows below them, only a cluster prints: nothing is compared."""
    if block.language == "text":
        return (_Line(typed) for typed in _TYPED.findall(block.text))
    return _transcript(block) if block.language == "console" else _script(block)


def _transcript(block: Block) -> Iterator[_Line]:
    """The lines after a dollar sign, each with the output below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield _Line(command, output)


def _script(block: Block) -> Iterator[_Line]:
    lines = iter(block.text.splitlines())
    for first in lines:
        text = first
        while text.endswith("\\") or _is_open(text):
            text = f"{text.removesuffix(chr(92))}{' ' if text.endswith(chr(92)) else chr(10)}{next(lines)}"
        here = _HERE.search(text)
        yield _Line(_HERE.sub("", text), document=_document(lines, here[1]) if here else "")


def _document(lines: Iterator[str], end: str) -> str:
    found: list[str] = []
    for line in lines:
        if line.strip() == end:
            return "".join(f"{one}\n" for one in found)
        found.append(line)
    message = f"a here-document has no end: {end}"
    raise ValueError(message)


def _is_open(text: str) -> bool:
    """Whether a quotation goes on in the next line."""
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return True
    return False


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(_SUBSTITUTION.sub("X", text), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return [*lexer]


def _lists(words: list[str]) -> Iterator[list[str]]:
    yield from (part for part in _split(words, SEPARATORS - {"|"}) if part)


def _split(words: list[str], at: frozenset[str] | set[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in at:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _redirected(words: list[str]) -> tuple[list[str], str]:
    """The words without assignments before them and redirections after them, and the file that is written."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    target = ""
    kept = []
    following = iter(words)
    for word in following:
        if word in {">", ">>"}:
            target = next(following)
        elif word == "<":
            next(following)
        else:
            kept.append(word)
    return kept, target
