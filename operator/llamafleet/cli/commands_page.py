"""The page of all command lines, made from the parsers that read them.

The commands lie between two comments of the page; everything else there is written by people.
Nothing here may depend on the machine, nor on the release of Python, whose own usage lines differ.
"""

import argparse
from collections.abc import Iterator, Mapping
from typing import Final

PAGE: Final = "commands.md"
_BEGIN: Final = "<!-- commands -->\n"
_END: Final = "<!-- end of commands -->"
_HEAD: Final = "| | Meaning |\n| --- | --- |\n"


def with_commands(page: str, parser: argparse.ArgumentParser) -> str:
    """The page with a section for every command of this program, made anew.

    Raises:
        ValueError: the page has no place for them.
    """
    start = page.index(_BEGIN) + len(_BEGIN)
    sections = (_section(f"{parser.prog} {name}", one) for name, one in commands_of(parser).items())
    return f"{page[:start]}{''.join(sections)}\n{page[page.index(_END, start) :]}"


def commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands of a program, in its own order."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            return action.choices
    return {}


def arguments_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What a command takes, without ``--help``."""
    actions = parser._actions  # noqa: SLF001 - argparse has no other list of them
    return [action for action in actions if action.help != argparse.SUPPRESS and action.dest != "help"]


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    arguments = arguments_of(parser)
    table = f"\n{_HEAD}{''.join(_rows(arguments))}" if arguments else ""
    return f"\n## {name}\n\n{parser.description}\n\n```text\n{_usage(name, arguments)}\n```\n{table}"


def _usage(name: str, arguments: list[argparse.Action]) -> str:
    """What must be given, and whether there is more."""
    needed = [_words(action) for action in arguments if action.required or not action.option_strings]
    optional = any(action.option_strings and not action.required for action in arguments)
    return " ".join([name, *needed, *(["[OPTIONS]"] if optional else [])])


def _rows(arguments: list[argparse.Action]) -> Iterator[str]:
    for action in arguments:
        required = " Required." if action.required and action.option_strings else ""
        meaning = (action.help or "") % {**vars(action), "prog": ""}
        words = _words(action).replace("|", " or ")  # a pipe would end the cell
        yield f"| `{words}` | {meaning[:1].upper()}{meaning[1:].rstrip('.')}.{required} |\n"


def _words(action: argparse.Action) -> str:
    """The argument as it is written: its names, and what follows them."""
    if not action.option_strings:
        return _positional(action)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {_value(action)}"


def _positional(action: argparse.Action) -> str:
    match action.nargs:
        case "?":
            return f"[{_value(action)}]"
        case "*":
            return f"[{_value(action)}...]"
    return _value(action)


def _value(action: argparse.Action) -> str:
    if action.choices:
        return f"{{{','.join(map(str, action.choices))}}}"
    return str(action.metavar or action.dest.upper())
