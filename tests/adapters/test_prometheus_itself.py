"""Readings by way of a real Prometheus, which scrapes servers that say what vLLM says."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from adapters.bodies import RECORDED, body
from builders import pod
from llamafleet.adapters import prometheus
from llamafleet.adapters.exposition import parse
from llamafleet.adapters.prometheus import Prometheus
from llamafleet.api.observed import Load
from testbed import debian
from testbed.processes import Program, reserved_port
from testbed.wait import until

SCRAPE = "200ms"
PATIENCE_SECONDS = 30.0

Said = dict[str, bytes | None]
"""What the server at an address says now; None: it answers with an error."""


@contextmanager
def serving(said: Said) -> Iterator[int]:
    """A server on each address, all at one port, as pods are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = said[self.server.server_address[0]]  # type: ignore[index]
            self.send_response(200 if content is not None else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    servers: list[ThreadingHTTPServer] = []
    port = 0
    for address in said:
        servers.append(ThreadingHTTPServer((address, port), Handler))
        port = servers[0].server_address[1]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield port
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def target(address: str, name: str, namespace: str = "llamas") -> dict[str, object]:
    return {"targets": [address], "labels": {"namespace": namespace, "pod": name}}


@contextmanager
def scraping(folder: Path, jobs: Mapping[str, Sequence[dict[str, object]]]) -> Iterator[str]:
    """A Prometheus that scrapes these; its address."""
    program = (debian.find(debian.PROMETHEUS) or {}).get("prometheus")
    if program is None:
        why = "there is no Prometheus; make setup fetches it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    config = {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE},
        "scrape_configs": [{"job_name": job, "static_configs": list(of)} for job, of in jobs.items()],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    with reserved_port() as port:
        command = [
            str(program),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        running = Program(command, folder)
        try:
            yield f"http://127.0.0.1:{port}"
            running.check()
        finally:
            running.stop()


def ask(url: str, *names: str) -> Mapping[str, Load]:
    pods = [pod(name=name, uid=f"uid of {name}", ready=True) for name in names]
    return asyncio.run(Prometheus(url).of("llamas", pods))


def wait_for(url: str, name: str, condition: Callable[[Load | None], bool], what: str) -> None:
    until(lambda: condition(ask(url, name).get(f"uid of {name}")), PATIENCE_SECONDS, what)


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
        wait_for(url, "a", lambda load: load is not None and load.running != 1, "another reading")
        assert ask(url, "a") == {"uid of a": Load(7, 0, 9, 9)}, "not the sum with what it said before"
        said[address] = body((7.0, "NaN", 9.0, 9.0))
        wait_for(url, "a", lambda load: load is None, "a reading that is none")
        said[address] = body(values)
        wait_for(url, "a", lambda load: load == Load(1, 2, 3, 4), "a reading again")
        said[address] = None
        wait_for(url, "a", lambda load: load is None, "the reading to be too old")
