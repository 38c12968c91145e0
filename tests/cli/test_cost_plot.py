"""``llamafleet cost --plot``: what is in the picture, and what happens where there can be none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, ROOT
from llamafleet.catalogue import catalogue
from llamafleet.cli import main
from llamafleet.cli.plot import COLOURS, named
from llamafleet.planning.money.tokens import Comparison

SCOUT = str(ROOT / "manifests" / "samples" / "scout.yaml")
COMPARED = """
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {name: night}
spec:
  model: {variant: scout}
  serving: {contextLength: 65536}
  cost: {monthlyBudget: "900", compareWith: openai/gpt-4.1}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cr.yaml").write_text(COMPARED)
    return tmp_path


def test_a_png_is_drawn() -> None:
    assert main(["cost", "cr.yaml", "--plot", "out.png"], now=NOW) == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_same_answer_is_the_same_file_whatever_the_style_of_the_user() -> None:
    for name in ("one.svg", "two.svg"):
        assert main(["cost", "cr.yaml", "--tokens-per-month", "250M", "--plot", name], now=NOW) == 0
        Path("matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 30\n")
    text = Path("one.svg").read_text("utf-8")
    assert text == Path("two.svg").read_text("utf-8")
    assert "<dc:date>" not in text


def test_the_picture_has_the_fleet_the_apis_and_the_marks() -> None:
    """An SVG says what its shapes are: each piece of text stands there as a comment."""
    main(["cost", "cr.yaml", "--tokens-per-month", "250M", "--plot", "out.svg"], now=NOW)
    said = set(re.findall(r"<!-- (.+?) -->", Path("out.svg").read_text("utf-8")))
    assert {
        "night: from how many tokens a month on the fleet is cheaper",
        "this fleet at minReplicas: 856.80 USD",
        "spec.cost.monthlyBudget: 900.00 USD",
        "openai/gpt-4.1 (compareWith): 6.5000",
        "131.8 M",
        "tokens per month",
        "US dollars per month",
    } <= said
    assert any("can serve so many tokens" in text for text in said)


@pytest.mark.parametrize("name", ["out.pdf", "out", "out.PNG.txt", ".png.gz"])
def test_another_kind_of_file_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "cr.yaml", "--plot", name], now=NOW)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"must be the name of a file that ends in .png or .svg, not '{name}'" in said


def test_a_file_that_cannot_be_written_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "cr.yaml", "--plot", "nowhere/out.png"], now=NOW) == 1
    ended = capsys.readouterr()
    assert (ended.out, ended.err) == ("", "llamafleet: nowhere/out.png: No such file or directory\n")


def test_without_matplotlib_one_line_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own whose matplotlib cannot be found; without --plot nobody misses it."""
    program = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "from llamafleet.cli import main\n"
        "raise SystemExit(main(sys.argv[1:]))\n"
    )

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, "cost", str(tmp_path / "cr.yaml"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    ended = run("--plot", str(tmp_path / "out.png"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "llamafleet: --plot: must have matplotlib, which pip install 'llamafleet[plot]' brings\n"
    )
    assert run().returncode == 0


def test_a_fleet_without_a_price_cannot_be_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pool = (
        "apiVersion: llamafleet.io/v1alpha1\nkind: GpuPool\nmetadata: {name: own}\n"
        'spec: {gpu: a100-80gb, price: {onDemand: "0"}}\n'
    )
    (tmp_path / "pools.yaml").write_text(pool)
    assert main(["cost", SCOUT, "--pools", "pools.yaml", "--plot", "out.png"], now=NOW) == 1
    assert capsys.readouterr().err == (
        "llamafleet: --plot out.png: must have a price of the fleet to draw, and it has none above zero\n"
    )


PRICES = catalogue().api_prices


@given(points=st.lists(st.integers(1, 10**12) | st.none(), max_size=40), compared=st.integers(0, 39))
def test_few_apis_are_named_and_among_them_the_ones_that_matter(
    points: list[int | None], compared: int
) -> None:
    known = sorted(point for point in points if point is not None)
    apis = [Comparison(price, None, point) for price, point in zip(PRICES, [*known, None], strict=False)]
    wanted = apis[compared] if compared < len(known) else None
    chosen = named(apis, wanted)
    assert len(chosen) <= len(COLOURS)
    assert chosen == sorted(chosen, key=lambda one: one.break_even_tokens or 0)
    assert bool(chosen) == bool(known)
    assert wanted is None or wanted in chosen
    if known and wanted is None:
        assert chosen[0].break_even_tokens == known[0]
        assert chosen[-1].break_even_tokens == known[-1]
