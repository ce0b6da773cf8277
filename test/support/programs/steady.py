"""steady.py SECONDS HOST PORT USER PASSWORD SCHEMA SQL: runs a statement back to back until its input ends.

Says how often it got an answer, how many different ones these were, and what errors came. After so many seconds
it stops in any case.
"""
import json
import sys
import threading
import time

import pymysql

seconds, host, port, user, password, schema, sql = sys.argv[1:]
told = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told.set()), daemon=True).start()
connection = pymysql.connect(host=host, port=int(port), user=user, password=password, database=schema)
answers, errors, count = set(), [], 0
deadline = time.monotonic() + float(seconds)
with connection.cursor() as cursor:
    while not told.is_set() and time.monotonic() < deadline:
        try:
            cursor.execute(sql)
            answers.add(cursor.fetchall())
            count += 1
        except pymysql.Error as error:
            errors.append(str(error))
            break
print(json.dumps({"answers": count, "different": len(answers), "errors": errors}))
