package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
)

type failure struct {
	Code     uint16  `json:"code"`
	SQLState *string `json:"sqlState"`
	Message  string  `json:"message"`
}

type answer struct {
	Answer       int64 `json:"answer"`
	ConnectionID int64 `json:"connectionId"`
}

// report counts the rows that the program gets, works on each, and reports them in one line of JSON.
type report struct {
	what                                reading
	startedAt, connectedAt, first, last time.Time

	Rows             int      `json:"rows"`
	Sum              int64    `json:"sum"`
	Error            *failure `json:"error"`
	After            *answer  `json:"after"`
	AfterError       *string  `json:"afterError"`
	Seconds          float64  `json:"seconds"`
	StatementSeconds float64  `json:"statementSeconds"`
	ConnectMs        float64  `json:"connectMs"`
}

func newReport(what reading) *report {
	now := time.Now()
	return &report{what: what, startedAt: now, connectedAt: now, first: now, last: now}
}

// connected notes that the connection is open. The statement follows at once.
func (r *report) connected() { r.connectedAt = time.Now() }

// take counts a row by its first column. It returns whether further rows are wanted.
func (r *report) take(first int64) bool {
	r.last = time.Now()
	if r.Rows == 0 {
		r.first = r.last
	}
	r.Rows++
	r.Sum += first
	if r.Rows == r.what.stopAfter {
		return false
	}
	r.work()
	return true
}

// work sleeps, or keeps the processor busy if the time is too short for a sleep.
func (r *report) work() {
	wanted := time.Duration(r.what.workMs * float64(time.Millisecond))
	if wanted >= time.Millisecond {
		time.Sleep(wanted)
		return
	}
	for end := time.Now().Add(wanted); time.Now().Before(end); {
	}
}

func (r *report) failed(err error) {
	r.Error = &failure{Message: err.Error()}
	var told *mysql.MySQLError
	if errors.As(err, &told) {
		state := string(told.SQLState[:])
		r.Error = &failure{Code: told.Number, SQLState: &state, Message: told.Message}
	}
}

func (r *report) answered(value, id int64, err error) {
	if err != nil {
		message := err.Error()
		r.AfterError = &message
		return
	}
	r.After = &answer{Answer: value, ConnectionID: id}
}

func (r *report) print() {
	r.Seconds = r.last.Sub(r.first).Seconds()
	r.StatementSeconds = max(0, r.last.Sub(r.connectedAt).Seconds())
	r.ConnectMs = float64(r.connectedAt.Sub(r.startedAt).Microseconds()) / 1000
	_ = json.NewEncoder(os.Stdout).Encode(r)
}
