"""Reads one large result at fixed rates, 8 KiB at a time, each over a connection of its own, and says which lived.

slow_reader.py HOST PORT USER PASSWORD SCHEMA SECONDS RATE...   (rates in KB/s, of the decrypted and expanded response)

Prints a JSON list of {"rate", "lived", "seconds", "waitingBytes"}, the lowest rate first. A reader lives while the
server serves it: what was sent before the server gave it up can lie in buffers for long. `waitingBytes` is the median
of what waits in the kernel for the reader, in all sockets on the way together; null without `--server-pid`, which says
where the far ones are.
"""
import argparse
import json
import ssl
import statistics
import threading
import time
import zlib

import pymysql
from pymysql.constants import CLIENT

READ_BYTES = 8192
# Rows of 1 KB that zlib makes about half as large.
SQL = "SELECT a.id, HEX(RANDOM_BYTES(500)) FROM numbers a, numbers b LIMIT 400000000"
COM_QUERY = 3
SAMPLE_SECONDS = 0.5
# Far more than a server that still serves a reader lets it wait.
PATIENCE_SECONDS = 20
# What is smaller goes out as it is.
MIN_COMPRESSED_BYTES = 50


class Frames:
    """A socket whose bytes go in compressed frames: length (3 bytes), number, length once expanded (3), content."""

    def __init__(self, socket):
        self.socket = socket
        self.expanded = b""

    def sendall(self, packet):
        content, size = (zlib.compress(packet), len(packet)) if len(packet) > MIN_COMPRESSED_BYTES else (packet, 0)
        header = len(content).to_bytes(3, "little") + b"\0" + size.to_bytes(3, "little")
        self.socket.sendall(header + content)

    def recv(self, count):
        while not self.expanded:
            header = self.exactly(7)
            content = self.exactly(int.from_bytes(header[:3], "little"))
            if len(header) < 7 or not content:
                return b""
            self.expanded = zlib.decompress(content) if any(header[4:]) else content
        given, self.expanded = self.expanded[:count], self.expanded[count:]
        return given

    def read(self, count):
        got = b""
        while len(got) < count:
            chunk = self.recv(count - len(got))
            if not chunk:
                break
            got += chunk
        return got

    def exactly(self, count):
        got = b""
        while len(got) < count:
            chunk = self.socket.recv(count - len(got))
            if not chunk:
                return b""
            got += chunk
        return got

    def __getattr__(self, name):
        return getattr(self.socket, name)


class Connection(pymysql.connections.Connection):
    def _request_authentication(self):
        super()._request_authentication()
        if self.client_flag & CLIENT.COMPRESS:
            self._sock = self._rfile = Frames(self._sock)


class Reader(threading.Thread):
    def __init__(self, options, rate):
        super().__init__()
        self.rate = rate
        self.lived = True
        self.took = 0
        self.seconds = options.seconds
        self.waiting = []
        self.options = options
        self.connection = connection = connect(options)
        cursor = connection.cursor()
        cursor.execute("SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()")
        # The ports that are this connection's alone: our own, and the one that the server sees.
        self.ports = {connection._sock.getsockname()[1], int(cursor.fetchone()[0].rsplit(":", 1)[1])}
        connection._execute_command(COM_QUERY, SQL)

    def run(self):
        # What the driver reads ahead would hide how the program reads.
        socket = self.connection._sock
        socket.settimeout(PATIENCE_SECONDS)
        began = time.monotonic()
        count = 0
        while time.monotonic() - began < self.seconds:
            time.sleep(max(0, began + count / (self.rate * 1000) - time.monotonic()))
            try:
                chunk = socket.recv(READ_BYTES)
            except OSError:
                chunk = b""
            if not chunk:
                self.lived = False
                break
            count += len(chunk)
        self.took = round(time.monotonic() - began, 1)
        self.lived = self.lived and self.is_served()
        socket.close()

    def is_served(self):
        with connect(self.options).cursor() as cursor:
            mine = self.connection.thread_id()
            cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = %s", (mine,))
            return cursor.fetchone()[0] == 1

    @property
    def said(self):
        waiting = round(statistics.median(self.waiting)) if self.waiting else None
        return {"rate": self.rate, "lived": self.lived, "seconds": self.took, "waitingBytes": waiting}


def connect(options):
    return Connection(
        host=options.host, port=options.port, user=options.user, password=options.password, database=options.schema,
        ssl=unverified() if options.encrypt else None, client_flag=CLIENT.COMPRESS if options.compress else 0,
        autocommit=None)


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def queues(pids):
    """What waits in each TCP socket of these processes' network namespaces: (own port, other port, bytes)."""
    rows = set()
    for pid in pids:
        with open(f"/proc/{pid}/net/tcp") as table:
            next(table)
            for line in table:
                _, own, other, _, waiting, *_ = line.split()
                sent, received = waiting.split(":")
                # Both ends of a connection over loopback are in one table; two namespaces that are one give the same
                # rows.
                rows.add((own, other, int(sent, 16) + int(received, 16)))
    return [(int(own.split(":")[1], 16), int(other.split(":")[1], 16), waiting) for own, other, waiting in rows]


def sample(readers, pids):
    rows = queues(pids)
    for reader in readers:
        if reader.is_alive():
            mine = [waiting for own, other, waiting in rows if {own, other} & reader.ports]
            reader.waiting.append(sum(mine))


def main():
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "user", "password", "schema", "seconds"):
        parser.add_argument(name, type={"port": int, "seconds": float}.get(name, str))
    parser.add_argument("rates", type=int, nargs="+")
    parser.add_argument("--encrypt", action="store_true")
    parser.add_argument("--compress", action="store_true")
    parser.add_argument("--server-pid")
    options = parser.parse_args()
    readers = [Reader(options, rate) for rate in sorted(options.rates)]
    for reader in readers:
        reader.start()
    while options.server_pid and any(reader.is_alive() for reader in readers):
        sample(readers, ["self", options.server_pid])
        time.sleep(SAMPLE_SECONDS)
    for reader in readers:
        reader.join()
    print(json.dumps([reader.said for reader in readers]))


main()
