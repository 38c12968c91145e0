"""Traces: what is read, and what is refused with which words."""

import gzip
import io
import re
from pathlib import Path

import pytest

from llamafleet.simulation import BadTrace, Trace, open_trace, read_trace

HEADER = "arrival_s,input_tokens,output_tokens\n"
TRACES = Path(__file__).parents[1] / "traces"


def read(text: str | bytes) -> Trace:
    content = text.encode() if isinstance(text, str) else text
    return read_trace("t.csv", io.BytesIO(content))


def test_plain_and_gzip_are_told_by_their_bytes() -> None:
    text = f"{HEADER}0,374,44\n4.315,396,109\n".encode()

    plain, packed = read(text), read(gzip.compress(text))

    assert plain == packed
    assert (list(plain.arrivals), list(plain.inputs), list(plain.outputs)) == (
        [0, 4.315],
        [374, 396],
        [44, 109],
    )


def test_a_fourth_column_is_allowed_and_windows_line_ends_too() -> None:
    trace = read("\ufeffarrival_s,input_tokens,output_tokens,reusable_prefix_tokens\r\n1,2,3,512\r\n")

    assert list(trace.inputs) == [2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "t.csv, line 1 = (nothing): must be arrival_s,input", id="nothing"),
        pytest.param("a,b\n1,2\n", "t.csv, line 1 = a,b: must be arrival_s,", id="another header"),
        pytest.param(HEADER, "t.csv: must have at least one request", id="no request"),
        pytest.param(f"{HEADER}0,1\n", "t.csv, line 2 = 0,1: must have 3 fields", id="a field too few"),
        pytest.param(
            f"{HEADER}0,1,1\n\n", "t.csv, line 3 = (nothing): must have 3 fields", id="an empty line"
        ),
        pytest.param(f"{HEADER}0,1,1\n0,1,0\n", "line 3, output_tokens = 0: must be", id="no token"),
        pytest.param(f"{HEADER}0,-1,1\n", "t.csv, line 2, input_tokens = -1: must be", id="negative"),
        pytest.param(f"{HEADER}0,1.5,1\n", "line 2, input_tokens = 1.5: must be", id="half a token"),
        pytest.param(f"{HEADER}0,1,{10**20}\n", "line 2, output_tokens = 1000", id="too large"),
        pytest.param(
            f"{HEADER}5,1,1\n4,1,1\n",
            "t.csv, line 3, arrival_s = 4: must be seconds from the start, "
            "at least those of the row before (5), at most ten years",
            id="out of order",
        ),
        pytest.param(f"{HEADER}nan,1,1\n", "line 2, arrival_s = nan: must", id="not a number"),
        pytest.param(f"{HEADER}inf,1,1\n", "line 2, arrival_s = inf: must", id="infinite"),
        pytest.param(f"{HEADER}-1,1,1\n", "line 2, arrival_s = -1: must", id="before the start"),
        pytest.param(f"{HEADER}{'1' * 5000}", "line 2 = 111", id="a line without end"),
        pytest.param(gzip.compress(HEADER.encode())[:-9], "t.csv: must be whole gzip", id="cut gzip"),
        pytest.param(b"\x1f\x8bnothing", "t.csv: must be whole gzip", id="no gzip"),
        pytest.param(b"\xff\xfe\x00", "t.csv: must be CSV in UTF-8", id="no text"),
    ],
)
def test_what_is_wrong_is_named(text: str | bytes, problem: str) -> None:
    with pytest.raises(BadTrace, match=re.escape(problem)):
        read(text)


def test_the_line_of_an_error_is_right_after_many_rows() -> None:
    rows = "".join(f"{index},1,1\n" for index in range(50_000))

    with pytest.raises(BadTrace, match="line 50002, input_tokens = x"):
        read(f"{HEADER}{rows}50000,x,1\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTrace, match="No such file"):
        open_trace(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("azure-conv-2023", 19_366),
        ("mooncake-conversation", 12_031),
        ("servegen-batch-7d", 356_948),
        ("servegen-reason-a-1d", 362_448),
    ],
)
def test_every_shared_trace_is_read_whole(name: str, rows: int) -> None:
    assert len(open_trace(str(TRACES / f"{name}.csv.gz"))) == rows
