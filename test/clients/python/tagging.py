"""tagging.py USER PASSWORD SCHEMA PORT ...: serves requests with Django and Flask that say where statements are from.

Django has Google's sqlcommenter as a middleware, Flask and SQLAlchemy have OpenTelemetry's commenter. Each serves a
request for each of its routes, through each port on 127.0.0.1. Says what came of the requests as one line of JSON.
"""
import json
import sys

import pymysql

# Django wants a later version of MySQLdb than the driver's own number says.
pymysql.version_info = (2, 2, 1, "final", 0)
pymysql.install_as_MySQLdb()

import django  # noqa: E402
import sqlalchemy  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import DatabaseError, connections, models  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from flask import Flask, jsonify  # noqa: E402
from opentelemetry import context, trace  # noqa: E402
from opentelemetry.instrumentation.flask import FlaskInstrumentor  # noqa: E402
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor  # noqa: E402
from opentelemetry.sdk.trace import RandomIdGenerator, TracerProvider  # noqa: E402
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: E402
from sqlalchemy.exc import DBAPIError  # noqa: E402

USER, PASSWORD, SCHEMA = sys.argv[1:4]
PORTS = [int(port) for port in sys.argv[4:]]
PAGES = ["reports", "invoices"]
ROWS = 50


def request(framework, port, page, get):
    """Has one request served, as `get` does with its path and its headers; gives what came of it."""
    trace_id = RandomIdGenerator().generate_trace_id()
    headers = {"traceparent": f"00-{trace_id:032x}-00f067aa0ba902b7-01"}
    rows, error = None, None
    try:
        rows = get(f"/{page}/7/", headers)
    except DatabaseError as failure:
        error = failure.args[0]
    except DBAPIError as failure:
        error = failure.orig.args[0]
    return {"framework": framework, "port": port, "page": page, "traceId": f"{trace_id:032x}", "rows": rows,
            "error": error}


def serve_with_django():
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", SQLCOMMENTER_WITH_OPENTELEMETRY=True,
        MIDDLEWARE=["google.cloud.sqlcommenter.django.middleware.SqlCommenter"],
        DATABASES={"default": {
            "ENGINE": "django.db.backends.mysql", "NAME": SCHEMA, "USER": USER, "PASSWORD": PASSWORD,
            "HOST": "127.0.0.1", "PORT": PORTS[0], "OPTIONS": {"ssl_disabled": True},
        }},
    )
    django.setup()
    from django.test import Client

    class Number(models.Model):
        label = models.CharField(max_length=40)

        class Meta:
            app_label = "shop"
            db_table = "numbers"
            managed = False

    def page(request, id):
        return JsonResponse({"rows": len(Number.objects.filter(id__lte=ROWS))})

    for name in PAGES:
        urlpatterns.append(path(f"{name}/<int:id>/", page, name=name))

    def get(url, headers):
        token = context.attach(TraceContextTextMapPropagator().extract(headers))
        try:
            return Client().get(url).json()["rows"]
        finally:
            context.detach(token)

    for port in PORTS:
        connections.databases["default"]["PORT"] = port
        yield from (request("Django", port, name, get) for name in PAGES)
        connections["default"].close()
        del connections["default"]


urlpatterns = []


def serve_with_flask():
    trace.set_tracer_provider(TracerProvider())
    for port in PORTS:
        engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create("mysql+pymysql", USER, PASSWORD, "127.0.0.1", port, SCHEMA),
            connect_args={"ssl_disabled": True})
        SQLAlchemyInstrumentor().instrument(engine=engine, enable_commenter=True, skip_dep_check=True)
        app = Flask(__name__)
        app.testing = True
        FlaskInstrumentor().instrument_app(app, enable_commenter=True)
        numbers = sqlalchemy.Table("numbers", sqlalchemy.MetaData(), sqlalchemy.Column("id"))

        def page(id):
            with engine.connect() as connection:
                return jsonify(rows=len(connection.execute(numbers.select().where(numbers.c.id <= ROWS)).all()))

        for name in PAGES:
            app.add_url_rule(f"/{name}/<int:id>/", name, page)

        def get(url, headers):
            return app.test_client().get(url, headers=headers).json["rows"]

        yield from (request("SQLAlchemy", port, name, get) for name in PAGES)


print(json.dumps([*serve_with_django(), *serve_with_flask()]))
