"""Reads with aiomysql or asyncmy in an event loop. The loop continues during the work on a row."""
import asyncio
import importlib

ANSWER = "SELECT 42, CONNECTION_ID()"


def read(reading, report):
    asyncio.run(read_in_loop(reading, report))


async def read_in_loop(reading, report):
    driver = importlib.import_module(reading.driver)
    cursors = importlib.import_module(f"{reading.driver}.cursors")
    errors = importlib.import_module("pymysql.err" if reading.driver == "aiomysql" else "asyncmy.errors")
    report.connecting()
    try:
        connection = await driver.connect(
            **reading.place(), user=reading.user, password=reading.password, db=reading.schema, **reading.options)
        report.connected()
        try:
            async with connection.cursor(cursors.SSCursor if reading.is_streaming else cursors.Cursor) as cursor:
                await cursor.execute(reading.sql)
                if reading.is_streaming:
                    await stream(cursor, report)
                else:
                    report.read(await cursor.fetchall())
        except errors.MySQLError as error:
            report.failed(*error.args)
        await answer(connection, report, errors)
        connection.close()
    except errors.MySQLError as error:
        report.failed(*error.args)


async def stream(cursor, report):
    seconds = report.reading.work_seconds
    while (row := await cursor.fetchone()) is not None:
        if not report.take(row):
            return
        if seconds >= 0.001:
            await asyncio.sleep(seconds)
        else:
            report.work()


async def answer(connection, report, errors):
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(ANSWER)
            report.answered(await cursor.fetchone())
    except errors.MySQLError as error:
        report.answer_failed(error)
