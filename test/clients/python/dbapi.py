"""Reads with PyMySQL or MySQLdb, which share their interface."""
import importlib

ANSWER = "SELECT 42, CONNECTION_ID()"
MODULES = {"pymysql": ("pymysql", "pymysql.cursors"), "mysqldb": ("MySQLdb", "MySQLdb.cursors")}


def read(reading, report):
    driver, cursors = (importlib.import_module(name) for name in MODULES[reading.driver])
    report.connecting()
    try:
        connection = driver.connect(**arguments(reading))
        report.connected()
        cursor = connection.cursor(cursors.SSCursor if reading.is_streaming else cursors.Cursor)
        try:
            cursor.execute(reading.sql)
            report.read(rows_of(cursor) if reading.is_streaming else cursor.fetchall())
        except driver.Error as error:
            report.failed(*error.args)
        close(cursor, driver)
        try:
            after = connection.cursor(cursors.Cursor)
            after.execute(ANSWER)
            report.answered(after.fetchone())
        except driver.Error as error:
            report.answer_failed(error)
    except driver.Error as error:
        report.failed(*error.args)


def arguments(reading):
    login = {"user": reading.user, "password": reading.password, "database": reading.schema}
    # PyMySQL encrypts if the server can. Without encryption a connection through a proxy compares with a direct one.
    plain = {"ssl_disabled": True} if reading.driver == "pymysql" else {}
    return {**reading.place(), **login, **plain, **reading.options}


def rows_of(cursor):
    while (row := cursor.fetchone()) is not None:
        yield row


def close(cursor, driver):
    try:
        cursor.close()
    except driver.Error:
        pass  # MySQLdb's SSCursor raises the error of its result again
