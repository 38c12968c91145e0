"""Texts of the command line that are an address, and those that are none."""

import argparse

import pytest

from llamafleet.cli.option_types import base_url, joined, namespaces

ADDRESSES = [
    "http://prometheus",
    "http://prometheus.monitoring:9090",
    "https://prometheus.example.com/",
    "https://mimir.example.com/tenant_1/prometheus",
    "http://10.0.0.7:9090",
    "http://[fd00::7]:9090/prometheus",
]

NO_ADDRESSES = [
    "",
    "prometheus:9090",
    "ftp://prometheus",
    "file:///etc/passwd",
    "http://",
    "http://:9090",
    "http://prometheus:0",
    "http://prometheus:99999",
    "http://prometheus:nine",
    "http://[fd00::7",
    "http://user:password@prometheus",
    "http://prometheus/?query=up",
    "http://prometheus/#top",
    "http://prometheus/a b",
    "http://prometheus\n",
    "HTTP://prometheus",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_stays_as_it_is(text: str) -> None:
    assert base_url(text) == text


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be an address such as http://prometheus"):
        base_url(text)


@pytest.mark.parametrize("text", ["team-a", "team-a,team-b", "a" * 63])
def test_namespaces_are_names_with_commas_between_them(text: str) -> None:
    assert namespaces(text) == tuple(text.split(","))


@pytest.mark.parametrize(
    "text", ["", "a,", ",a", "a b", "Team", "-a", "a-", "a.b", "*", "a" * 64, "a,../b", "a\n"]
)
def test_what_is_no_name_of_a_namespace_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no name of a namespace"):
        namespaces(text)


def test_a_repeated_option_names_each_namespace_once() -> None:
    assert joined([("b", "a"), ("a",), ("c",)]) == ("a", "b", "c")
    assert joined([]) == ()
