"""What a real node needs of the private network: an address, a way to Services, and forwarding between pods.

It changes only the network that this process runs in, which has to be one that was made for tests.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testbed import debian, network
from testbed.command_lines import SERVICE_ADDRESSES
from testbed.real_node_files import ADDRESS, BRIDGE

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
UPLINK = "testbed1"  # stands for the network card of a real machine; nothing is connected to it
TABLES = ("ip", "ip6")  # kube-proxy has a table in each of these families of nftables


@contextlib.contextmanager
def furnished() -> Iterator[None]:
    """Have all of it for the length of a block; afterwards the network is as it was."""
    before = FORWARDING.read_text("utf-8")
    with network.netlink() as kernel, contextlib.ExitStack() as stack:
        (loopback,) = kernel.link_lookup(ifname="lo")
        stack.callback(FORWARDING.write_text, before, "utf-8")
        FORWARDING.write_text("1", "utf-8")
        stack.callback(_remove_rules)
        stack.callback(_remove_link, kernel, BRIDGE)
        stack.callback(kernel.addr, "del", index=loopback, address=ADDRESS, prefixlen=32)
        kernel.addr("add", index=loopback, address=ADDRESS, prefixlen=32)
        stack.callback(_remove_link, kernel, UPLINK)
        _add_uplink(kernel)
        yield


def _add_uplink(kernel: Any) -> None:
    """Give clients outside of pods a route to Services, whose packets kube-proxy then redirects or refuses.

    It must not lead over the loopback device. What kube-proxy refuses there is dropped without a word: the
    kernel takes the Service's address for the sender of its answer, and finds that it has no such address.
    """
    kernel.link("add", ifname=UPLINK, kind="bridge")
    (uplink,) = kernel.link_lookup(ifname=UPLINK)
    kernel.link("set", index=uplink, state="up")
    kernel.route("add", dst=SERVICE_ADDRESSES, oif=uplink, prefsrc=ADDRESS)


def _remove_link(kernel: Any, name: str) -> None:
    for index in kernel.link_lookup(ifname=name):
        kernel.link("del", index=index)


def _remove_rules() -> None:
    """Remove kube-proxy's tables; where it never came so far, there are none."""
    for family in TABLES:
        command = [str(debian.ensure()["nft"]), "delete", "table", family, "kube-proxy"]
        subprocess.run(command, check=False, capture_output=True)
