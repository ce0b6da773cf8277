"""Reads one large result at fixed rates, 8 KiB at a time, each over a connection of its own, and says which of them lived.

slow_reader.py HOST PORT USER PASSWORD SCHEMA SECONDS RATE...   (rates in KB/s)

Prints a JSON list of {"rate", "lived", "seconds"}, the lowest rate first. A reader lives while the server serves it: what
was sent before the server gave it up can lie in buffers for long.
"""
import json
import sys
import threading
import time

import pymysql

READ_BYTES = 8192
SQL = "SELECT a.id, REPEAT('x', 190) FROM numbers a, numbers b LIMIT 4000000"
COM_QUERY = 3


def connect(address):
    host, port, user, password, schema = address
    return pymysql.connect(host=host, port=int(port), user=user, password=password, database=schema)


def is_served(address, thread_id):
    with connect(address).cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %s", (thread_id,))
        return cursor.fetchone()[0] == 1


def read(address, seconds, rate, ends):
    connection = connect(address)
    connection._execute_command(COM_QUERY, SQL)
    # What the driver reads ahead would hide how the program reads.
    socket = connection._sock
    began = time.monotonic()
    count = 0
    lived = True
    while time.monotonic() - began < seconds:
        time.sleep(max(0, began + count / (rate * 1000) - time.monotonic()))
        try:
            chunk = socket.recv(READ_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            lived = False
            break
        count += len(chunk)
    ended = time.monotonic()
    lived = lived and is_served(address, connection.thread_id())
    ends.append({"rate": rate, "lived": lived, "seconds": round(ended - began, 1)})
    socket.close()


def main():
    address, seconds, rates = sys.argv[1:6], float(sys.argv[6]), [int(rate) for rate in sys.argv[7:]]
    ends = []
    readers = [threading.Thread(target=read, args=(address, seconds, rate, ends)) for rate in rates]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    print(json.dumps(sorted(ends, key=lambda end: end["rate"])))


main()
