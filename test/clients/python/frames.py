"""Reads with pandas on SQLAlchemy and PyMySQL, whole or in frames of 100 rows."""
import pandas
from sqlalchemy import text

from alchemy import ROWS_AT_A_TIME, read_with


def read(reading, report):
    read_with(stream if reading.is_streaming else read_whole, reading, report)


def frames_of(sql, connection, **options):
    try:
        return pandas.read_sql(text(sql), connection, **options)
    except pandas.errors.DatabaseError as error:
        raise error.__cause__  # pandas wraps SQLAlchemy's error, which has the server's number


def read_whole(connection, sql, report):
    report.read(frames_of(sql, connection).itertuples(index=False))


def stream(connection, sql, report):
    streaming = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_A_TIME)
    frames = frames_of(sql, streaming, chunksize=ROWS_AT_A_TIME)
    report.read(row for frame in frames for row in frame.itertuples(index=False))
    frames.close()
