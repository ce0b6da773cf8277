//! Reads with the crate sqlx, on tokio.

use crate::{report::Report, Reading, ANSWER};
use futures_util::StreamExt;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow, MySqlSslMode};
use sqlx::{raw_sql, AssertSqlSafe, ConnectOptions, Error, Executor, Row};

#[tokio::main(flavor = "current_thread")]
pub async fn read(reading: &Reading, report: &mut Report) {
    let mut connection = match options(reading).connect().await {
        Ok(connection) => connection,
        Err(error) => return fail(report, &error),
    };
    report.connected();
    let outcome = if reading.is_streaming {
        stream(&mut connection, reading, report).await
    } else {
        read_whole(&mut connection, reading, report).await
    };
    if let Err(error) = outcome {
        fail(report, &error);
    }
    match connection.fetch_one(raw_sql(ANSWER)).await.and_then(|row| Ok((number_of(&row, 0)?, number_of(&row, 1)?))) {
        Ok((answer, connection_id)) => report.answered(answer, connection_id),
        Err(error) => report.answer_failed(error.to_string()),
    }
}

fn options(reading: &Reading) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::new()
        .username(&reading.user)
        .password(&reading.password)
        .database(&reading.schema)
        .ssl_mode(MySqlSslMode::Disabled);
    if reading.is_socket() {
        options.socket(&reading.host)
    } else {
        options.host(&reading.host).port(reading.port)
    }
}

async fn stream(connection: &mut MySqlConnection, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    // The driver reads the rest before the next statement.
    let mut rows = connection.fetch(raw_sql(AssertSqlSafe(reading.sql.clone())));
    while let Some(row) = rows.next().await {
        if !report.take(number_of(&row?, 0)?) {
            break;
        }
    }
    Ok(())
}

async fn read_whole(connection: &mut MySqlConnection, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    for row in connection.fetch_all(raw_sql(AssertSqlSafe(reading.sql.clone()))).await? {
        if !report.take(number_of(&row, 0)?) {
            break;
        }
    }
    Ok(())
}

/// A number of any of the server's integer types.
fn number_of(row: &MySqlRow, column: usize) -> Result<i64, Error> {
    row.try_get_unchecked(column)
}

fn fail(report: &mut Report, error: &Error) {
    match error.as_database_error().and_then(|told| told.try_downcast_ref::<MySqlDatabaseError>()) {
        Some(told) => report.failed(told.number(), told.code().map(String::from), told.message().to_string()),
        None => report.failed(0, None, error.to_string()),
    }
}
