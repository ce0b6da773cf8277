"""pool.py POOL HOST PORT USER PASSWORD SCHEMA SQL...: runs statements over a pool of three connections.

Reports in one line of JSON which connections the pool has before and afterwards, and the error of each statement.
POOL is sqlalchemy (its QueuePool, on PyMySQL), connector (MySQLConnectionPool of Connector/Python) or django (the
persistent connection of one thread, over a request for each statement).
"""
import json
import sys

SIZE = 3
ID = "SELECT CONNECTION_ID()"

kind, host, port, user, password, schema, *statements = sys.argv[1:]
place = {"host": host, "port": int(port)}


class Alchemy:
    def __init__(self):
        import sqlalchemy
        url = sqlalchemy.URL.create("mysql+pymysql", user, password, host, int(port), schema)
        self.text = sqlalchemy.text
        self.engine = sqlalchemy.create_engine(
            url, pool_size=SIZE, max_overflow=0, connect_args={"ssl_disabled": True})

    def ids(self):
        taken = [self.engine.connect() for _ in range(SIZE)]
        ids = [connection.execute(self.text(ID)).scalar() for connection in taken]
        for connection in taken:
            connection.close()
        return ids

    def run(self, sql):
        from sqlalchemy.exc import DBAPIError
        try:
            with self.engine.connect() as connection:
                connection.execute(self.text(sql)).all()
        except DBAPIError as error:
            return error.orig.args[0]


class Connector:
    def __init__(self):
        from mysql.connector.pooling import MySQLConnectionPool
        self.pool = MySQLConnectionPool(
            pool_name="p", pool_size=SIZE, user=user, password=password, database=schema, ssl_disabled=True, **place)

    def ids(self):
        taken = [self.pool.get_connection() for _ in range(SIZE)]
        ids = [rows(connection, ID)[0][0] for connection in taken]
        for connection in taken:
            connection.close()
        return ids

    def run(self, sql):
        from mysql.connector import Error
        connection = self.pool.get_connection()
        try:
            rows(connection, sql)
        except Error as error:
            return error.errno
        finally:
            connection.close()


class Django:
    def __init__(self):
        from types import SimpleNamespace
        import django_orm
        django_orm.configure(SimpleNamespace(
            user=user, password=password, schema=schema, is_streaming=False, options={}, place=lambda: place))
        from django.conf import settings
        settings.DATABASES["default"].update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)
        import django
        django.setup()

    def ids(self):
        return [self.requested(ID)[0][0]]

    def run(self, sql):
        from django.db import DatabaseError
        try:
            self.requested(sql)
        except DatabaseError as error:
            return error.args[0]

    @staticmethod
    def requested(sql):
        """Runs a statement as a request would: Django looks at its connection before and behind it."""
        from django.core.signals import request_finished, request_started
        from django.db import connection
        request_started.send(None)
        try:
            return rows(connection, sql)
        finally:
            request_finished.send(None)


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


pool = {"sqlalchemy": Alchemy, "connector": Connector, "django": Django}[kind]()
before = sorted(pool.ids())
errors = [pool.run(sql) for sql in statements]
print(json.dumps({"before": before, "errors": errors, "after": sorted(pool.ids())}))
