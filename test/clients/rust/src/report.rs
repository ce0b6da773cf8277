//! Counts the rows that the program gets, works on each, and reports them in one line of JSON.

use crate::Reading;
use serde_json::{json, Value};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Report {
    work: Duration,
    stop_after: u64,
    started: Instant,
    connected: Instant,
    first: Instant,
    last: Instant,
    rows: u64,
    sum: i64,
    error: Value,
    after: Value,
    after_error: Value,
}

impl Report {
    pub fn new(reading: &Reading) -> Report {
        let now = Instant::now();
        Report {
            work: Duration::from_secs_f64(reading.work_ms / 1000.0),
            stop_after: reading.stop_after,
            started: now,
            connected: now,
            first: now,
            last: now,
            rows: 0,
            sum: 0,
            error: Value::Null,
            after: Value::Null,
            after_error: Value::Null,
        }
    }

    /// The connection is open. The statement follows at once.
    pub fn connected(&mut self) {
        self.connected = Instant::now();
    }

    /// Takes a row by its first column. Returns whether further rows are wanted.
    pub fn take(&mut self, first: i64) -> bool {
        self.last = Instant::now();
        if self.rows == 0 {
            self.first = self.last;
        }
        self.rows += 1;
        self.sum += first;
        if self.rows == self.stop_after {
            return false;
        }
        self.work();
        true
    }

    /// Sleeps, or keeps the processor busy if the time is too short for a sleep.
    fn work(&self) {
        if self.work >= Duration::from_millis(1) {
            sleep(self.work);
        } else {
            let began = Instant::now();
            while began.elapsed() < self.work {}
        }
    }

    pub fn failed(&mut self, code: u16, sql_state: Option<String>, message: String) {
        self.error = json!({ "code": code, "sqlState": sql_state, "message": message });
    }

    pub fn answered(&mut self, answer: i64, connection_id: i64) {
        self.after = json!({ "answer": answer, "connectionId": connection_id });
    }

    pub fn answer_failed(&mut self, message: String) {
        self.after_error = Value::String(message);
    }

    pub fn print(&self) {
        let seconds = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64();
        let seen = json!({
            "rows": self.rows, "sum": self.sum, "error": self.error, "after": self.after,
            "afterError": self.after_error,
            "seconds": seconds(self.first, self.last),
            "statementSeconds": seconds(self.connected, self.last),
            "connectMs": seconds(self.started, self.connected) * 1000.0,
        });
        println!("{seen}");
    }
}
