"""The command line of every reader here, and its report.

DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL [WORK_MS [STOP_AFTER]]

A HOST that begins with a slash is the path of a Unix socket. WORK_MS is the work on each row (0 by default),
STOP_AFTER the number of rows after which reading stops (0: never). READ_OPTIONS in the environment holds further
arguments of the driver's connect() as a JSON object.
"""
import json
import os
import time


class Reading:
    def __init__(self, arguments):
        self.driver, self.mode, self.host, self.port, self.user, self.password, self.schema, self.sql = arguments[:8]
        self.port = int(self.port)
        self.work_seconds = float(arguments[8]) / 1000 if len(arguments) > 8 else 0
        self.stop_after = int(arguments[9]) if len(arguments) > 9 else 0
        self.options = json.loads(os.environ.get("READ_OPTIONS", "{}"))

    @property
    def is_streaming(self):
        return self.mode.endswith("streaming")

    @property
    def is_prepared(self):
        return self.mode.startswith("prepared")

    def place(self):
        """The server's address, in the keywords that all the drivers share."""
        return {"unix_socket": self.host} if self.host.startswith("/") else {"host": self.host, "port": self.port}


class Report:
    """Counts the rows that the program gets, and reports them in one line of JSON."""

    def __init__(self, reading):
        self.reading = reading
        self.seen = {"rows": 0, "sum": 0, "error": None, "after": None, "afterError": None}
        self.started = self.connected_at = self.first = self.last = 0

    def connecting(self):
        self.started = self.connected_at = self.first = self.last = time.monotonic()

    def connected(self):
        """The connection is open. The statement follows at once."""
        self.connected_at = time.monotonic()

    def take(self, row):
        """Takes a row. Returns whether further rows are wanted."""
        self.last = time.monotonic()
        if self.seen["rows"] == 0:
            self.first = self.last
        self.seen["rows"] += 1
        self.seen["sum"] += int(row[0])
        return self.seen["rows"] != self.reading.stop_after

    def read(self, rows):
        """Takes rows and works on each, until enough were taken."""
        for row in rows:
            if not self.take(row):
                return
            self.work()

    def work(self):
        """Sleeps, or keeps the processor busy if the time is too short for a sleep."""
        seconds = self.reading.work_seconds
        if seconds >= 0.001:
            time.sleep(seconds)
        elif seconds > 0:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                pass

    def failed(self, code, message, sql_state=None):
        self.seen["error"] = {"code": code, "sqlState": sql_state, "message": message}

    def answered(self, row):
        self.seen["after"] = {"answer": row[0], "connectionId": row[1]}

    def answer_failed(self, error):
        self.seen["afterError"] = str(error) or repr(error)

    def print(self):
        print(json.dumps({
            **self.seen,
            "seconds": self.last - self.first,
            "statementSeconds": max(0, self.last - self.connected_at),
            "connectMs": (self.connected_at - self.started) * 1000,
        }))
