//! read DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL [WORK_MS [STOP_AFTER]]: reads a result with a driver for Rust
//! and reports it.
//!
//! DRIVER is mysql, mysql_async or sqlx. MODE is buffered (all rows into a vector) or streaming (row by row). A HOST
//! that begins with a slash is the path of a Unix socket. WORK_MS is the work on each row (0 by default), STOP_AFTER
//! the number of rows after which reading stops (0: never).

mod report;
mod with_mysql;
mod with_mysql_async;
mod with_sqlx;

use report::Report;
use std::env;
use std::process::exit;

/// The statement after the last row.
const ANSWER: &str = "SELECT 42, CONNECTION_ID()";

pub struct Reading {
    is_streaming: bool,
    host: String,
    port: u16,
    user: String,
    password: String,
    schema: String,
    sql: String,
    work_ms: f64,
    stop_after: u64,
}

impl Reading {
    fn of(arguments: &[String]) -> Option<Reading> {
        let [mode, host, port, user, password, schema, sql, rest @ ..] = arguments else {
            return None;
        };
        Some(Reading {
            is_streaming: mode == "streaming",
            host: host.clone(),
            port: port.parse().ok()?,
            user: user.clone(),
            password: password.clone(),
            schema: schema.clone(),
            sql: sql.clone(),
            work_ms: rest.first().map_or(Some(0.0), |text| text.parse().ok())?,
            stop_after: rest.get(1).map_or(Some(0), |text| text.parse().ok())?,
        })
    }

    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((driver, reading)) = arguments.split_first().and_then(|(driver, rest)| Some((driver, Reading::of(rest)?)))
    else {
        eprintln!("wanted DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL, got {arguments:?}");
        exit(2);
    };
    let mut report = Report::new(&reading);
    match driver.as_str() {
        "mysql" => with_mysql::read(&reading, &mut report),
        "mysql_async" => with_mysql_async::read(&reading, &mut report),
        "sqlx" => with_sqlx::read(&reading, &mut report),
        _ => {
            eprintln!("DRIVER is mysql, mysql_async or sqlx, not {driver}");
            exit(2);
        }
    }
    report.print();
}
