//! Reads with the crate mysql_async, on tokio.

use crate::{report::Report, Reading, ANSWER};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, OptsBuilder, Row};

#[tokio::main(flavor = "current_thread")]
pub async fn read(reading: &Reading, report: &mut Report) {
    let mut connection = match Conn::new(options(reading)).await {
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
    match connection.query_first::<(i64, i64), _>(ANSWER).await {
        Ok(Some((answer, connection_id))) => report.answered(answer, connection_id),
        Ok(None) => report.answer_failed("no row".to_string()),
        Err(error) => report.answer_failed(error.to_string()),
    }
}

fn options(reading: &Reading) -> OptsBuilder {
    // Otherwise the driver would ask the server for a Unix socket, and bypass any proxy.
    let options = OptsBuilder::default().prefer_socket(false).user(Some(&reading.user)).pass(Some(&reading.password));
    let options = options.db_name(Some(&reading.schema));
    if reading.is_socket() {
        options.socket(Some(&reading.host))
    } else {
        options.ip_or_hostname(&reading.host).tcp_port(reading.port)
    }
}

async fn stream(connection: &mut Conn, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    let mut result = connection.query_iter(&reading.sql).await?;
    while let Some(row) = result.next().await? {
        if !report.take(first_of(&row)) {
            break;
        }
    }
    result.drop_result().await
}

async fn read_whole(connection: &mut Conn, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    let rows: Vec<Row> = connection.query(&reading.sql).await?;
    for row in &rows {
        if !report.take(first_of(row)) {
            break;
        }
    }
    Ok(())
}

fn first_of(row: &Row) -> i64 {
    row.get(0).unwrap_or_default()
}

fn fail(report: &mut Report, error: &Error) {
    match error {
        Error::Server(told) => report.failed(told.code, Some(told.state.clone()), told.message.clone()),
        other => report.failed(0, None, other.to_string()),
    }
}
