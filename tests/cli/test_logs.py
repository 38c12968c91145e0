"""The lines of the log: JSON for programs, words for people, and never somebody else's line."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from llamafleet.cli.logs import configure_logs

EVIL = 'x\n{"level": "CRITICAL"}\r\n\u2028\x1b[2J\x00"'


class Terminal(io.StringIO):
    """A stream at which a person looks on."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("llamafleet")
    before = root.handlers[:], root.level, ours.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, ours.level = before


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_its_fields() -> None:
    configure_logs(stream := io.StringIO())
    fields = {"object": {"namespace": "team-a", "name": "scout"}, "writes": ["create Deployment"]}
    logging.getLogger("llamafleet.reconcile").info("%s: %s", "team-a/scout", EVIL, extra=fields)
    (line,) = lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "llamafleet.reconcile",
        "message": f"team-a/scout: {EVIL}",
        **fields,
    }
    assert stream.getvalue().isascii()


def test_a_trace_is_part_of_its_line() -> None:
    configure_logs(stream := io.StringIO())
    try:
        raise ValueError(EVIL)  # noqa: TRY301 - to have a trace
    except ValueError:
        logging.getLogger("llamafleet").exception("unexpected")
    (line,) = lines(stream)
    assert "Traceback" in line["exc_info"]


def test_others_speak_from_warning_on_and_say_what_it_is_about() -> None:
    configure_logs(stream := io.StringIO())
    kopfs: dict[str, Any] = {"k8s_ref": {"name": "scout"}, "k8s_skip": True, "settings": object()}
    logging.getLogger("kopf.objects").info("Handler succeeded.", extra=kopfs)
    logging.getLogger("aiohttp.access").info("GET /metrics")
    logging.getLogger("asyncio").debug("poll")
    logging.getLogger("kopf.objects").warning("Handler failed.", extra=kopfs)
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    said = [
        (line["logger"], line["message"], line.get("object"), line.get("settings")) for line in lines(stream)
    ]
    assert said == [
        ("kopf.objects", "Handler failed.", {"name": "scout"}, None),
        ("asyncio", "Task exception was never retrieved", None, None),
    ]


def test_a_person_reads_words_and_a_terminal_is_not_told_anything() -> None:
    configure_logs(stream := Terminal())
    logging.getLogger("llamafleet").info("%s", EVIL)
    (line,) = stream.getvalue().removesuffix("\n").split("\n")
    assert line.endswith(r"""INFO    x\n{"level": "CRITICAL"}\r\n\u2028\x1b[2J\x00\"""".replace(r"\"", '"'))
    assert line.isprintable()
