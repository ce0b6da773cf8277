"""Reads with SQLAlchemy on PyMySQL, which streams 100 rows at a time."""
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

ANSWER = "SELECT 42, CONNECTION_ID()"
ROWS_AT_A_TIME = 100


def read(reading, report):
    read_with(stream if reading.is_streaming else read_whole, reading, report)


def read_with(read_rows, reading, report):
    """Connects, and has the rows read by `read_rows`, a function of the connection, the statement and the report."""
    url = sqlalchemy.URL.create("mysql+pymysql", reading.user, reading.password, database=reading.schema)
    arguments = {**reading.place(), "ssl_disabled": True, **reading.options}
    engine = sqlalchemy.create_engine(url, connect_args=arguments)
    report.connecting()
    try:
        with engine.connect() as connection:
            report.connected()
            try:
                read_rows(connection, reading.sql, report)
            except DBAPIError as error:
                report.failed(*error.orig.args)
            try:
                report.answered(connection.execute(text(ANSWER)).one())
            except DBAPIError as error:
                report.answer_failed(error)
    except DBAPIError as error:
        report.failed(*error.orig.args)


def read_whole(connection, sql, report):
    report.read(connection.execute(text(sql)).all())


def stream(connection, sql, report):
    with connection.execute(text(sql), execution_options={"yield_per": ROWS_AT_A_TIME}) as result:
        report.read(result)
