"""Connections only to the public internet, kept at the sockets of a process.

An address that others wrote down may lead into one's own network: by its number, by a name
that is looked up, after a redirect, or from inside a playlist. Names say nothing about this,
so it is asked where a connection is made, of the number that it goes to.
"""

import contextlib
import ipaddress
import re
import socket
import sys
import urllib.request
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_guards = []
_hooked = []


class OwnNetwork(OSError):
    """A connection into one's own network was refused."""


def is_own(address):
    """Tell whether an address is of this machine or its network, and not of the internet.

    Parameters
    ----------
    address : str
        IPv4 or IPv6, also one that holds the other kind (mapped, NAT64, 6to4, Teredo).

    Returns
    -------
    bool
        True also for addresses that nobody can have (reserved, multicast, unspecified).
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    if number.version == 6:
        inner = number.ipv4_mapped or number.sixtofour or (number.teredo or (0, None))[1]
        if number in _NAT64:
            inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        if inner is not None:
            return is_own(str(inner))
        if number.is_site_local:
            return True
    return not number.is_global or number.is_multicast or number.is_reserved


class _Guard:
    def __init__(self):
        self.refused = []
        self._proxies = set()
        for proxy in urllib.request.getproxies().values():
            with contextlib.suppress(OSError, ValueError):
                parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
                port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 1080)
                if parts.hostname:
                    self._proxies |= {(ip, port) for ip in _numbers(parts.hostname)}

    def connect(self, address):
        host, port = address[:2]
        if (host, port) in self._proxies:
            return
        if any(is_own(ip) for ip in _numbers(host)):
            self._refuse(host)

    def send(self, data):
        # Through a proxy the number is not seen here: the name that the proxy is asked for is.
        if not self._proxies or not isinstance(data, bytes):
            return
        asked = re.match(rb"CONNECT (\S+)|[A-Z]+ https?://([^/\s]+)", data)
        if asked is None:
            return
        host = urlsplit("//" + (asked[1] or asked[2]).decode("latin-1")).hostname or ""
        # A name that only the proxy knows is the proxy's to judge.
        with contextlib.suppress(socket.gaierror):
            if any(is_own(ip) for ip in _numbers(host)):
                self._refuse(host)

    def _refuse(self, host):
        self.refused.append(host)
        raise OwnNetwork(f"{host} is in your own network")


def _numbers(host):
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return {found[4][0] for found in socket.getaddrinfo(host, None)}
    return {host}


def _hook(event, arguments):
    if not _guards:
        return
    if event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
        for guard in _guards:
            guard.connect(arguments[1])
    elif event == "http.client.send":
        for guard in _guards:
            guard.send(arguments[1])


@contextlib.contextmanager
def public_only(enabled=True):
    """Refuse connections of this process into its own network while a block runs.

    What the environment names as a proxy may be connected to; the names that it is asked for
    are looked at instead. Programs that this one starts are not seen: they must not connect.

    Parameters
    ----------
    enabled : bool

    Yields
    ------
    list of str
        The hosts that were refused, each as it was connected to.
    """
    if not enabled:
        yield []
        return
    if not _hooked:
        # Python's own hook at its sockets: no library goes past it, and it can't be removed.
        sys.addaudithook(_hook)
        _hooked.append(True)
    guard = _Guard()
    _guards.append(guard)
    try:
        yield guard.refused
    finally:
        _guards.remove(guard)
