// Command read DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL [WORK_MS [STOP_AFTER]]: reads a result with Go's
// database/sql and go-sql-driver, and reports it.
//
// DRIVER is mysql. MODE is buffered (all rows into a slice) or streaming (row by row), each also as prepared-buffered
// and prepared-streaming. A HOST that begins with a slash is the path of a Unix socket. WORK_MS is the work on each row
// (0 by default), STOP_AFTER the number of rows after which reading stops (0: never). READ_OPTIONS in the environment
// holds further parameters of the driver's data source name, as name=value&name=value.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

type reading struct {
	mode, sql string
	workMs    float64
	stopAfter int
	config    *mysql.Config
}

func parse(arguments []string) (reading, error) {
	if len(arguments) < 8 {
		return reading{}, fmt.Errorf("wanted DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL, got %q", arguments)
	}
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", arguments[2]+":"+arguments[3]
	if strings.HasPrefix(arguments[2], "/") {
		config.Net, config.Addr = "unix", arguments[2]
	}
	config.User, config.Passwd, config.DBName = arguments[4], arguments[5], arguments[6]
	name := config.FormatDSN()
	if options := os.Getenv("READ_OPTIONS"); options != "" {
		name += "?" + options
	}
	config, err := mysql.ParseDSN(name)
	if err != nil {
		return reading{}, err
	}
	read := reading{mode: arguments[1], sql: arguments[7], config: config}
	if len(arguments) > 8 {
		if read.workMs, err = strconv.ParseFloat(arguments[8], 64); err != nil {
			return reading{}, err
		}
	}
	if len(arguments) > 9 {
		read.stopAfter, err = strconv.Atoi(arguments[9])
	}
	return read, err
}

func main() {
	what, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	report := newReport(what)
	if err := read(what, report); err != nil {
		report.failed(err)
	}
	report.print()
}

// read returns the error of the connection. The report holds the errors of the statements.
func read(what reading, report *report) error {
	connector, err := mysql.NewConnector(what.config)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	connection, err := pool.Conn(context.Background())
	if err != nil {
		return err
	}
	report.connected()
	if err := readRows(connection, what, report); err != nil {
		report.failed(err)
	}
	var answer, id int64
	err = connection.QueryRowContext(context.Background(), "SELECT 42, CONNECTION_ID()").Scan(&answer, &id)
	report.answered(answer, id, err)
	return nil
}

func readRows(connection *sql.Conn, what reading, report *report) error {
	rows, err := query(connection, what)
	if err != nil {
		return err
	}
	// The driver reads the rest of the rows when they are closed.
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	fields := make([]sql.RawBytes, len(columns))
	targets := make([]any, len(columns))
	for i := range fields {
		targets[i] = &fields[i]
	}
	var whole []int64
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		first, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return err
		}
		if strings.HasSuffix(what.mode, "streaming") {
			if !report.take(first) {
				return nil
			}
			continue
		}
		whole = append(whole, first)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, first := range whole {
		if !report.take(first) {
			break
		}
	}
	return nil
}

func query(connection *sql.Conn, what reading) (*sql.Rows, error) {
	if !strings.HasPrefix(what.mode, "prepared") {
		return connection.QueryContext(context.Background(), what.sql)
	}
	statement, err := connection.PrepareContext(context.Background(), what.sql)
	if err != nil {
		return nil, err
	}
	return statement.Query()
}
