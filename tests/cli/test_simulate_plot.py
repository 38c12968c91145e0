"""``llamafleet simulate --plot``: what is in the picture, and what happens where there can be none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from builders import NOW
from llamafleet.cli import main
from llamafleet.cli.simulate_series import LENGTHS, MOST_PARTS, part_seconds, parts
from llamafleet.simulation import Point

COMMAND = ["simulate", "cr.yaml", "--trace", "trace.csv", "--policy", "static"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cr.yaml").write_text(
        "apiVersion: llamafleet.io/v1alpha1\nkind: LlamaDeployment\nmetadata: {name: chat}\n"
        "spec: {model: {variant: scout}, serving: {contextLength: 32768}, replicas: 2}\n"
    )
    rows = "".join(f"{at},100,10\n" for at in range(0, 3600, 10))
    (tmp_path / "trace.csv").write_text(f"arrival_s,input_tokens,output_tokens\n{rows}")
    return tmp_path


def test_a_png_is_drawn() -> None:
    assert main([*COMMAND, "--plot", "out.png"], now=NOW) == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_same_answer_is_the_same_file_whatever_the_style_of_the_user() -> None:
    for name in ("one.svg", "two.svg"):
        assert main([*COMMAND, "--plot", name], now=NOW) == 0
        Path("matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 30\n")
    text = Path("one.svg").read_text("utf-8")
    assert text == Path("two.svg").read_text("utf-8")
    assert "<dc:date>" not in text


def test_the_picture_has_replicas_requests_and_the_sums() -> None:
    """An SVG says what its shapes are: each piece of text stands there as a comment."""
    main([*COMMAND, "--plot", "out.svg"], now=NOW)
    said = set(re.findall(r"<!-- (.+?) -->", Path("out.svg").read_text("utf-8")))
    assert {"replicas", "waiting requests", "ready", "ready and starting", "wanted", "time in UTC"} <= said
    assert any(text.startswith("chat: trace.csv, policy static, 2 replicas") for text in said)
    assert any("2.0 GPU-hours, 2.37 USD; wait p50 0.0 s" in text for text in said)
    assert any("Not simulated" in text for text in said)


def test_a_file_that_cannot_be_written_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--plot", "nowhere/out.png"], now=NOW) == 1
    ended = capsys.readouterr()
    assert (ended.out, ended.err) == ("", "llamafleet: nowhere/out.png: No such file or directory\n")


def test_without_matplotlib_one_line_says_what_to_install_before_anything_is_simulated() -> None:
    """In a process of its own whose matplotlib cannot be found; without --plot nobody misses it."""
    program = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "from llamafleet.cli import main\n"
        "raise SystemExit(main(sys.argv[1:]))\n"
    )

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *COMMAND, *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    ended = run("--plot", "out.png")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "llamafleet: --plot: must have matplotlib, which pip install 'llamafleet[plot]' brings\n"
    )
    silent = run()
    assert (silent.returncode, silent.stderr) == (0, "")  # and no bar where nobody watches


def test_parts_keep_every_peak() -> None:
    points = [Point(0, 1, 1, 0, 3), Point(15, 4, 1, 9, 2), Point(45, 2, 2, 1, 5), Point(60, 2, 2, 0, 0)]
    first, second = parts(points, 60)
    assert (first.at, first.wanted, first.ready, first.starting) == (0, 4, 2, 2)
    assert (first.waiting, first.running) == (9, 5)
    assert (second.at, second.wanted) == (60, 2)


@pytest.mark.parametrize(
    ("span", "most", "length"),
    [(0, 28, 15), (3600, 28, 300), (7 * 86_400, 28, 21_600), (7 * 86_400, MOST_PARTS, 600)],
)
def test_a_part_is_as_long_as_it_must_be(span: float, most: int, length: int) -> None:
    assert part_seconds(span, most) == length


@pytest.mark.parametrize("days", [29, 365, 3660])
def test_a_longer_time_has_parts_of_whole_days(days: int) -> None:
    length = part_seconds(days * 86_400, 28)
    assert length % LENGTHS[-1] == 0
    assert days * 86_400 / length <= 28
