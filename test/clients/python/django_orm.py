"""Reads over Django's connection, on PyMySQL. Django cannot stream from MySQL; who needs it sets PyMySQL's SSCursor."""
import pymysql
import pymysql.cursors

# Django asks for mysqlclient by that name, and for one of its newer versions.
pymysql.version_info = (2, 2, 1, "final", 0)
pymysql.install_as_MySQLdb()

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402

ANSWER = "SELECT 42, CONNECTION_ID()"


def read(reading, report):
    configure(reading)
    django.setup()
    report.connecting()
    try:
        connection.ensure_connection()
        report.connected()
        try:
            with connection.cursor() as cursor:
                cursor.execute(reading.sql)
                report.read(cursor if reading.is_streaming else cursor.fetchall())
        except DatabaseError as error:
            report.failed(*error.args)
        try:
            with connection.cursor() as cursor:
                cursor.execute(ANSWER)
                report.answered(cursor.fetchone())
        except DatabaseError as error:
            report.answer_failed(error)
    except DatabaseError as error:
        report.failed(*error.args)


def configure(reading):
    place = reading.place()
    cursor = pymysql.cursors.SSCursor if reading.is_streaming else pymysql.cursors.Cursor
    settings.configure(DATABASES={"default": {
        "ENGINE": "django.db.backends.mysql", "NAME": reading.schema,
        "USER": reading.user, "PASSWORD": reading.password,
        "HOST": place.get("unix_socket", place.get("host")), "PORT": place.get("port", ""),
        "OPTIONS": {"cursorclass": cursor, "ssl_disabled": True, **reading.options},
    }})
