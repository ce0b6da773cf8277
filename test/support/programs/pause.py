"""pause.py HOST PORT USER PASSWORD SCHEMA SQL: streams a result, with a pause after its first row.

Writes "first" when it has the first row, waits for a line on standard input, then reads the rest and writes
how many rows it got and the sum of their first columns. With READ_COMPRESSED in the environment it compresses.
"""
import os
import sys

import MySQLdb
import MySQLdb.cursors

host, port, user, password, schema, sql = sys.argv[1:]
# MySQLdb compresses if the option is given at all, even if it is False.
options = {"compress": True} if "READ_COMPRESSED" in os.environ else {}
connection = MySQLdb.connect(
    host=host, port=int(port), user=user, password=password, database=schema, **options
)
cursor = connection.cursor(MySQLdb.cursors.SSCursor)
cursor.execute(sql)
rows, total = 1, cursor.fetchone()[0]
print("first", flush=True)
sys.stdin.readline()
while (row := cursor.fetchone()) is not None:
    rows += 1
    total += row[0]
print(rows, total, flush=True)
