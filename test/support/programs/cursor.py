"""cursor.py HOST PORT USER PASSWORD SCHEMA SQL: reads through a server-side cursor, ten rows at a time, and
says what it saw. It uses MariaDB's C library as it is, for no Python driver has such cursors.
"""
import ctypes
import json
import sys

host, port, user, password, schema, sql = (argument.encode() for argument in sys.argv[1:])

STMT_ATTR_CURSOR_TYPE, STMT_ATTR_PREFETCH_ROWS = 1, 2
CURSOR_TYPE_READ_ONLY = 1
MYSQL_TYPE_LONGLONG = 8
NO_DATA = 100


class Bind(ctypes.Structure):
    """MYSQL_BIND of mariadb_stmt.h."""
    _fields_ = [(name, ctypes.c_void_p)
                for name in ("length", "is_null", "buffer", "error", "row_ptr", "store", "fetch", "skip")]
    _fields_ += [(name, ctypes.c_ulong) for name in ("buffer_length", "offset", "length_value")]
    _fields_ += [(name, ctypes.c_uint) for name in ("flags", "pack_length", "buffer_type")]
    _fields_ += [(name, ctypes.c_char)
                 for name in ("error_value", "is_unsigned", "long_data_used", "is_null_value")]
    _fields_ += [("extension", ctypes.c_void_p)]


library = ctypes.CDLL("libmariadb.so.3")
for function in ("mysql_init", "mysql_real_connect", "mysql_stmt_init", "mysql_store_result"):
    getattr(library, function).restype = ctypes.c_void_p
for function in ("mysql_error", "mysql_sqlstate", "mysql_stmt_error", "mysql_stmt_sqlstate"):
    getattr(library, function).restype = ctypes.c_char_p
library.mysql_fetch_row.restype = ctypes.POINTER(ctypes.c_char_p)

seen = {"rows": 0, "sum": 0, "error": None, "after": None, "afterError": None}


def as_error(kind, handle):
    code, state, message = (getattr(library, kind + name)(handle) for name in ("errno", "sqlstate", "error"))
    return {"code": code, "sqlState": state.decode(), "message": message.decode()}


def read():
    """Reads the rows; gives what went wrong, or None."""
    statement = ctypes.c_void_p(library.mysql_stmt_init(connection))
    for attribute, value in ((STMT_ATTR_CURSOR_TYPE, CURSOR_TYPE_READ_ONLY), (STMT_ATTR_PREFETCH_ROWS, 10)):
        library.mysql_stmt_attr_set(statement, attribute, ctypes.byref(ctypes.c_ulong(value)))
    first = ctypes.c_longlong()
    bind = Bind(buffer=ctypes.addressof(first), buffer_length=8, buffer_type=MYSQL_TYPE_LONGLONG)
    error = None
    if (library.mysql_stmt_prepare(statement, sql, ctypes.c_ulong(len(sql)))
            or library.mysql_stmt_execute(statement)):
        error = as_error("mysql_stmt_", statement)
    else:
        while (status := library.mysql_stmt_fetch(statement)) not in (1, NO_DATA):
            library.mysql_stmt_fetch_column(statement, ctypes.byref(bind), 0, ctypes.c_ulong(0))
            seen["rows"] += 1
            seen["sum"] += first.value
        if status == 1:
            error = as_error("mysql_stmt_", statement)
    library.mysql_stmt_close(statement)
    return error


connection = ctypes.c_void_p(library.mysql_init(None))
no_flags = ctypes.c_ulong(0)
if not library.mysql_real_connect(connection, host, user, password, schema, int(port), None, no_flags):
    seen["error"] = as_error("mysql_", connection)
else:
    seen["error"] = read()
    if library.mysql_query(connection, b"SELECT 42, CONNECTION_ID()"):
        seen["afterError"] = library.mysql_error(connection).decode()
    else:
        row = library.mysql_fetch_row(ctypes.c_void_p(library.mysql_store_result(connection)))
        seen["after"] = {"answer": int(row[0]), "connectionId": int(row[1])}
print(json.dumps(seen))
