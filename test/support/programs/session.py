"""session.py DRIVER OPTIONS: one connection that does what it is told, line by line.

DRIVER is mysqldb or pymysql, OPTIONS the arguments of its connect() as JSON. A line of input is a JSON list:
  ["run", SQL]                    runs a statement with the driver's default cursor, which reads the result whole
  ["stream", SQL]                 the same with its streaming cursor, row by row
  ["begin", SQL, ROWS, SECONDS]   as stream, but reads only so many rows, with a pause after each
  ["rest"]                        reads the other rows, as fast as it can
  ["schema", NAME]                COM_INIT_DB
  ["user", NAME, PASSWORD, SCHEMA]  COM_CHANGE_USER (mysqldb only)
  ["close"]                       takes leave
Each is answered by a line of JSON: what was seen of the result, all result sets of a response together.
"""
import json
import sys
import time

driver_name, options = sys.argv[1], json.loads(sys.argv[2])
if driver_name == "mysqldb":
    import MySQLdb as driver
    import MySQLdb.cursors as cursors
else:
    import pymysql as driver
    import pymysql.cursors as cursors

streaming = None


def numeric(value):
    return value if isinstance(value, int) else 0


def count(seen, rows):
    for row in rows:
        seen["rows"] += 1
        seen["sum"] += numeric(row[0])
        seen["last"] = [str(field) for field in row]


def warnings_of(cursor):
    if driver_name == "mysqldb":
        return connection.warning_count()
    return cursor._result.warning_count


def read_all(seen, cursor):
    """Reads what is left of every result set."""
    while True:
        seen["results"] += 1
        if isinstance(cursor, cursors.SSCursor):
            while (row := cursor.fetchone()) is not None:
                count(seen, [row])
        else:
            count(seen, cursor.fetchall())
        seen["warnings"] = warnings_of(cursor)
        if not cursor.nextset():
            return


def run(seen, sql):
    with connection.cursor(cursors.Cursor) as cursor:
        cursor.execute(sql)
        read_all(seen, cursor)


def stream(seen, sql):
    cursor = connection.cursor(cursors.SSCursor)
    try:
        cursor.execute(sql)
        read_all(seen, cursor)
    finally:
        leave(cursor)


def begin(seen, sql, rows, seconds):
    global streaming
    streaming = connection.cursor(cursors.SSCursor)
    streaming.execute(sql)
    for _ in range(rows):
        count(seen, [streaming.fetchone()])
        time.sleep(seconds)


def rest(seen):
    try:
        while (row := streaming.fetchone()) is not None:
            count(seen, [row])
    finally:
        leave(streaming)


def leave(cursor):
    try:
        cursor.close()
    except driver.Error:
        pass  # MySQLdb's SSCursor raises the error of its result once more


def schema(_, name):
    connection.select_db(name)


def user(_, *identity):
    connection.change_user(*identity)


def close(_):
    connection.close()


actions = {action.__name__: action for action in (run, stream, begin, rest, schema, user, close)}
connection = driver.connect(**options)
for line in sys.stdin:
    word, *arguments = json.loads(line)
    seen = {"rows": 0, "sum": 0, "last": None, "results": 0, "warnings": 0, "error": None}
    try:
        actions[word](seen, *arguments)
    except driver.Error as error:
        # The Python drivers do not hand on the SQLSTATE.
        code, message = error.args if len(error.args) == 2 else (0, str(error))
        seen["error"] = {"code": code, "sqlState": None, "message": message}
    print(json.dumps(seen), flush=True)
