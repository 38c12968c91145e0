"""Readings by way of a real Prometheus, which scrapes servers that say what vLLM says."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.bodies import RECORDED, body
from builders import pod
from llamafleet.adapters import prometheus
from llamafleet.adapters.exposition import parse
from llamafleet.adapters.prometheus import Prometheus
from llamafleet.api.observed import Load
from monitoring.prometheus import running_prometheus
from monitoring.publishers import Said, serving
from testbed.wait import until

SCRAPE = "200ms"
PATIENCE_SECONDS = 120.0


def target(address: str, name: str, namespace: str = "llamas") -> dict[str, object]:
    return {"targets": [address], "labels": {"namespace": namespace, "pod": name}}


@contextmanager
def scraping(folder: Path, jobs: Mapping[str, Sequence[dict[str, object]]]) -> Iterator[str]:
    """A Prometheus that scrapes these; its address."""
    config = {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE},
        "scrape_configs": [{"job_name": job, "static_configs": list(of)} for job, of in jobs.items()],
    }
    with running_prometheus(folder, config) as url:
        yield url


def ask(url: str, *names: str) -> Mapping[str, Load]:
    pods = [pod(name=name, uid=f"uid of {name}", ready=True) for name in names]
    return asyncio.run(Prometheus(url).of("llamas", pods))


def wait_for(url: str, name: str, condition: Callable[[Load | None], bool], what: str) -> list[Load | None]:
    """The reading of which the condition is true: one more question may find it too old already."""

    def look() -> list[Load | None]:
        load = ask(url, name).get(f"uid of {name}")
        return [load] if condition(load) else []

    return until(look, PATIENCE_SECONDS, what)


def test_what_prometheus_says_is_what_the_pods_say(tmp_path: Path) -> None:
    """Two engines, two jobs for the same pod, namesakes elsewhere, dots in a name, and one silent pod."""
    engines = body((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.25), (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 0.5))
    addresses = [f"127.0.0.{number}" for number in range(2, 7)]
    pressed, two, other, alike, silent = addresses
    said: Said = {pressed: RECORDED["kv-pressure"], two: engines, other: RECORDED["after"]}
    said |= {alike: RECORDED["after"], silent: None}
    with serving(said) as port:
        targets = [
            target(f"{pressed}:{port}", "scout-a"),
            target(f"{two}:{port}", "llama-3.1-b"),
            target(f"{silent}:{port}", "silent"),
            target(f"{other}:{port}", "scout-a", "elsewhere"),
            target(f"{alike}:{port}", "llama-3x1-b"),
        ]
        with scraping(tmp_path, {"one": targets, "another": targets[:2]}) as url:
            expected = {"uid of scout-a": parse(said[pressed] or b""), "uid of llama-3.1-b": parse(engines)}
            until(
                lambda: ask(url, "scout-a", "llama-3.1-b", "silent", "gone") == expected,
                PATIENCE_SECONDS,
                f"{expected}",
            )
            assert expected["uid of llama-3.1-b"] == Load(11, 22, 33, 44, 55, 66, 0.5)


def test_a_reading_follows_its_server_and_ages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "FRESH_SECONDS", 3)
    address, renamed = "127.0.0.2", 'engine="{}",model_name="another"'
    values = (1.0, 2.0, 3.0, 4.0)
    said: Said = {address: body(values)}
    with serving(said) as port, scraping(tmp_path, {"vllm": [target(f"{address}:{port}", "a")]}) as url:
        wait_for(url, "a", lambda load: load == Load(1, 2, 3, 4), "the first reading")
        said[address] = body((7.0, 0.0, 9.0, 9.0), labels=renamed)
        (load,) = wait_for(url, "a", lambda load: load not in {None, Load(1, 2, 3, 4)}, "another reading")
        assert load == Load(7, 0, 9, 9), "not the sum with what it said before"
        said[address] = body((7.0, "NaN", 9.0, 9.0))
        wait_for(url, "a", lambda load: load is None, "a reading that is none")
        said[address] = body(values)
        wait_for(url, "a", lambda load: load == Load(1, 2, 3, 4), "a reading again")
        said[address] = None
        wait_for(url, "a", lambda load: load is None, "the reading to be too old")
