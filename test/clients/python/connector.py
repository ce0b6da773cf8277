"""Reads with MySQL Connector/Python: connector is its C extension, connector-pure the one in Python."""
import mysql.connector

ANSWER = "SELECT 42, CONNECTION_ID()"


def read(reading, report):
    report.connecting()
    try:
        connection = mysql.connector.connect(**arguments(reading))
        report.connected()
        cursor = connection.cursor(prepared=True) if reading.is_prepared else connection.cursor()
        try:
            cursor.execute(reading.sql)
            report.read(cursor if reading.is_streaming else cursor.fetchall())
        except mysql.connector.Error as error:
            report.failed(error.errno, error.msg, error.sqlstate)
        answer(connection, report)
    except mysql.connector.Error as error:
        report.failed(error.errno, error.msg, error.sqlstate)


def arguments(reading):
    return {
        **reading.place(), "user": reading.user, "password": reading.password, "database": reading.schema,
        "use_pure": reading.driver == "connector-pure", "ssl_disabled": True,
        # The next statement first reads and drops the unread rows.
        "consume_results": True, **reading.options,
    }


def answer(connection, report):
    try:
        after = connection.cursor()
        after.execute(ANSWER)
        report.answered(after.fetchone())
    except mysql.connector.Error as error:
        report.answer_failed(error)
