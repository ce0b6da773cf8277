"""kills.py COUNT HOST PORT USER PASSWORD SCHEMA SQL: runs a statement so many times, each followed by SELECT 42.

Says how often the statement ended in which error, and how often SELECT 42 was answered.
"""
import collections
import json
import sys

import pymysql

count, host, port, user, password, schema, sql = sys.argv[1:]
connection = pymysql.connect(host=host, port=int(port), user=user, password=password, database=schema)
errors, answered = collections.Counter(), 0
with connection.cursor() as cursor:
    for _ in range(int(count)):
        try:
            cursor.execute(sql)
            errors[0] += 1
        except pymysql.Error as error:
            errors[error.args[0]] += 1
        cursor.execute("SELECT 42")
        answered += cursor.fetchone() == (42,)
print(json.dumps({"errors": errors, "answered": answered}))
