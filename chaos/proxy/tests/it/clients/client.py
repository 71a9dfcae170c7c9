"""Drives the proxy with toxiproxy-python, as its README shows: CONTROL_PORT UPSTREAM_PORT."""

import socket
import sys
import time

from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

control, upstream = sys.argv[1:]
server = Toxiproxy()
server.update_api_consumer("127.0.0.1", int(control))


def round_trip(proxy):
    host, port = proxy.listen.rsplit(":", 1)
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(b"hello")
        got = b""
        while len(got) < 5:
            part = client.recv(5 - len(got))
            if not part:
                raise ConnectionResetError
            got += part
    return time.monotonic() - began


def raises(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError("it did not raise %s" % kind)


assert server.running() and b"2.12.0" in server.version()
proxy = server.create(name="echo", upstream="127.0.0.1:" + upstream)
raises(ProxyExists, lambda: server.create(name="echo", upstream="127.0.0.1:1"))
proxy.add_toxic(type="latency", attributes={"latency": 200, "jitter": 0})
assert round_trip(proxy) >= 0.2
assert proxy.get_toxic("latency_downstream").attributes["latency"] == 200
raises(ProxyExists, lambda: proxy.add_toxic(type="latency"))
raises(InvalidToxic, lambda: proxy.add_toxic(type="lag"))
proxy.destroy_toxic("latency_downstream")
assert proxy.toxics() == {}
with proxy.down():
    raises(ConnectionRefusedError, lambda: round_trip(proxy))
round_trip(proxy)
proxy.add_toxic(type="slicer", stream="upstream", attributes={"average_size": 1})
server.reset()
assert server.get_proxy("echo").toxics() == {}
populated = server.populate([{"name": "other", "upstream": "127.0.0.1:" + upstream}])
round_trip(populated[0])
server.destroy_all()
assert server.proxies() == {}
raises(NotFound, lambda: proxy.destroy())
print("all is well")
