"""read.py DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL: reads a result row by row and says what it saw.

DRIVER is mysqldb or pymysql; MODE is buffered (the driver's default cursor) or streaming (its SSCursor).
With READ_COMPRESSED in the environment MySQLdb compresses; PyMySQL cannot.
"""
import json
import os
import sys

driver_name, mode, host, port, user, password, schema, sql = sys.argv[1:]
if driver_name == "mysqldb":
    import MySQLdb as driver
    import MySQLdb.cursors as cursors
else:
    import pymysql as driver
    import pymysql.cursors as cursors

seen = {"rows": 0, "sum": 0, "error": None, "after": None, "afterError": None}
try:
    options = {"compress": True} if "READ_COMPRESSED" in os.environ else {}
    connection = driver.connect(
        host=host, port=int(port), user=user, password=password, database=schema, **options
    )
    try:
        cursor = connection.cursor(cursors.SSCursor if mode == "streaming" else cursors.Cursor)
        cursor.execute(sql)
        while (row := cursor.fetchone()) is not None:
            seen["rows"] += 1
            seen["sum"] += int(row[0])
    except driver.Error as error:
        # The Python drivers do not hand on the SQLSTATE.
        seen["error"] = {"code": error.args[0], "sqlState": None, "message": error.args[1]}
    try:
        try:
            cursor.close()
        except driver.Error:
            pass  # MySQLdb's SSCursor raises the error of its result once more
        after = connection.cursor(cursors.Cursor)
        after.execute("SELECT 42, CONNECTION_ID()")
        answer, connection_id = after.fetchone()
        seen["after"] = {"answer": answer, "connectionId": connection_id}
    except driver.Error as error:
        seen["afterError"] = str(error)
except driver.Error as error:
    seen["error"] = {"code": error.args[0], "sqlState": None, "message": error.args[1]}
print(json.dumps(seen))
