#!/usr/bin/env python3
"""t/flood.py: opens many connections at once and counts what became of them.

flood.py PORT COUNT SOURCES SECONDS: COUNT connections from SOURCES addresses 127.1.x.y, each kept open until the server closes it, or it
is known of all what became of them, for SECONDS at most. Prints "greeted G refused R seconds S": S is what connecting took.
"""
import selectors
import socket
import sys
import time

port, count, sources, seconds = (int(a) for a in sys.argv[1:])
selector = selectors.DefaultSelector()
start = time.monotonic()
greeted, refused, closed = set(), 0, []
for i in range(count):
    s = socket.socket()
    s.bind((f"127.1.{i % sources // 250}.{i % sources % 250 + 1}", 0))
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", port))
    selector.register(s, selectors.EVENT_READ)
connected = time.monotonic() - start
end = start + seconds
while len(greeted) + refused < count and time.monotonic() < end:
    for key, _ in selector.select(0.1):
        try:
            data = key.fileobj.recv(1024)
        except OSError:
            data = b""
        if data.startswith(b"* OK"):
            greeted.add(key.fd)
        elif not data:
            refused += key.fd not in greeted
            selector.unregister(key.fileobj)
            closed.append(key.fileobj)
print(f"greeted {len(greeted)} refused {refused} seconds {connected:.2f}")
