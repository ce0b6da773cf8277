"""read.py DRIVER MODE ... (see reading.py): reads a result with a Python driver and reports it.

MODE: buffered (the driver's ordinary way, all rows in memory) or streaming (its way to read row by row);
Connector/Python knows prepared-buffered and prepared-streaming besides.
"""
import importlib
import sys

from reading import Reading, Report

MODULES = {
    "pymysql": "dbapi", "mysqldb": "dbapi", "connector": "connector", "connector-pure": "connector",
    "aiomysql": "coroutines", "asyncmy": "coroutines",
    "sqlalchemy": "alchemy", "pandas": "frames", "django": "django_orm",
}

reading = Reading(sys.argv[1:])
report = Report(reading)
importlib.import_module(MODULES[reading.driver]).read(reading, report)
report.print()
