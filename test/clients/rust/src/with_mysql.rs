//! Reads with the crate mysql, which blocks.

use crate::{report::Report, Reading, ANSWER};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder, Row};

pub fn read(reading: &Reading, report: &mut Report) {
    let mut connection = match Conn::new(options(reading)) {
        Ok(connection) => connection,
        Err(error) => return fail(report, &error),
    };
    report.connected();
    let outcome = if reading.is_streaming {
        stream(&mut connection, reading, report)
    } else {
        read_whole(&mut connection, reading, report)
    };
    if let Err(error) = outcome {
        fail(report, &error);
    }
    match connection.query_first::<(i64, i64), _>(ANSWER) {
        Ok(Some((answer, connection_id))) => report.answered(answer, connection_id),
        Ok(None) => report.answer_failed("no row".to_string()),
        Err(error) => report.answer_failed(error.to_string()),
    }
}

fn options(reading: &Reading) -> OptsBuilder {
    // Otherwise the driver would ask the server for a Unix socket, and bypass any proxy.
    let options = OptsBuilder::new().prefer_socket(false).user(Some(&reading.user)).pass(Some(&reading.password));
    let options = options.db_name(Some(&reading.schema));
    if reading.is_socket() {
        options.socket(Some(&reading.host))
    } else {
        options.ip_or_hostname(Some(&reading.host)).tcp_port(reading.port)
    }
}

fn stream(connection: &mut Conn, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    // The driver reads the rest when the result is dropped.
    for row in connection.query_iter(&reading.sql)? {
        if !report.take(first_of(&row?)) {
            break;
        }
    }
    Ok(())
}

fn read_whole(connection: &mut Conn, reading: &Reading, report: &mut Report) -> Result<(), Error> {
    let rows: Vec<Row> = connection.query(&reading.sql)?;
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
        Error::MySqlError(told) => report.failed(told.code, Some(told.state.clone()), told.message.clone()),
        other => report.failed(0, None, other.to_string()),
    }
}
