"""copy.py CURSOR HOST PORT USER PASSWORD SCHEMA: copies the table `source` to `target`, row by row, a commit each.

CURSOR is Cursor or SSCursor of MySQLdb. Says how many rows were copied, and the error that ended it, if any.
"""
import json
import sys

import MySQLdb
import MySQLdb.cursors

cursor, host, port, user, password, schema = sys.argv[1:]


def connect():
    return MySQLdb.connect(host=host, port=int(port), user=user, password=password, database=schema)


reader, writer = connect(), connect()
copied, error = 0, None
try:
    rows = reader.cursor(getattr(MySQLdb.cursors, cursor))
    rows.execute("SELECT id, body FROM source")
    insert = writer.cursor()
    while (row := rows.fetchone()) is not None:
        insert.execute("INSERT INTO target VALUES (%s, %s)", row)
        writer.commit()
        copied += 1
except MySQLdb.Error as raised:
    error = {"code": raised.args[0], "sqlState": None, "message": raised.args[1]}
print(json.dumps({"copied": copied, "error": error}))
