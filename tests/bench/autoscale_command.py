"""``python -m bench autoscale``: the table of autoscalers over the shared traces, on every core."""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from typing import Final

from bench import report
from bench.autoscale import CLAIRVOYANT, POLICIES, Figures, Job, figures
from bench.autoscale_cases import CASES, COLD_STARTS
from bench.autoscale_report import text
from builders import ROOT

PAGE: Final = ROOT / "docs" / "autoscaling-benchmark.md"


def main(words: Sequence[str]) -> int:
    """Run it; the exit code."""
    options = _options(words)
    jobs = [
        Job(case, cold, policy) for case in options.traces for cold in options.cold for policy in POLICIES
    ]
    found = _run(jobs, options.processes)
    drawn = text(found)
    sys.stdout.write(f"\n{drawn}\n")
    if options.write:
        command = " ".join(["python -m bench autoscale", *(word for word in words if word != "--write")])
        report.put(PAGE, drawn, f"`{command}`", datetime.now(UTC).date())
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench autoscale", description="Compare autoscalers on request traces."
    )
    parser.add_argument(
        "--traces", nargs="+", choices=[*CASES], default=[*CASES], metavar="TRACE", help="default: all"
    )
    parser.add_argument(
        "--cold",
        nargs="+",
        type=int,
        choices=COLD_STARTS,
        default=[*COLD_STARTS],
        metavar="SECONDS",
        help="cold starts (default: all)",
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="default: %(default)s"
    )
    parser.add_argument("--write", action="store_true", help="write docs/autoscaling-benchmark.md, too")
    return parser.parse_args(words)


def _run(jobs: Sequence[Job], processes: int) -> dict[Job, Figures]:
    """Every job, those first that take longest, so that no process is left with one of them."""
    began, found = time.monotonic(), {}
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        try:
            waiting = {pool.submit(figures, job): job for job in sorted(jobs, key=_order)}
            for done in as_completed(waiting):
                job = waiting[done]
                found[job] = done.result()
                _say(began, len(found), len(jobs), job)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _order(job: Job) -> tuple[int, bool]:
    """The traces as they stand there, the longest first, so that a process reads each of them once."""
    return [*CASES].index(job.case), job.policy != CLAIRVOYANT


def _say(began: float, done: int, of: int, job: Job) -> None:
    passed = time.monotonic() - began
    sys.stderr.write(f"[{passed:5.1f} s] {done} of {of}: {job.case}, {job.cold_s} s, {job.policy}\n")
    sys.stderr.flush()
