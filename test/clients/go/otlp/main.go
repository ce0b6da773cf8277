// Command otlp SIGNAL: decodes a request of OTLP in JSON from standard input as OpenTelemetry's Collector does, and
// writes the result to standard output, in the Collector's own JSON. SIGNAL is metrics, logs or traces.
package main

import (
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// request is an export request of any signal, as the Collector's receiver reads it.
type request interface {
	UnmarshalJSON([]byte) error
	MarshalJSON() ([]byte, error)
}

func requestOf(signal string) (request, error) {
	switch signal {
	case "metrics":
		return pmetricotlp.NewExportRequest(), nil
	case "logs":
		return plogotlp.NewExportRequest(), nil
	case "traces":
		return ptraceotlp.NewExportRequest(), nil
	default:
		return nil, fmt.Errorf("wanted metrics, logs or traces, got %q", signal)
	}
}

func main() {
	if err := decode(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("wanted SIGNAL, got %q", arguments)
	}
	decoded, err := requestOf(arguments[0])
	if err != nil {
		return err
	}
	sent, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if err := decoded.UnmarshalJSON(sent); err != nil {
		return err
	}
	understood, err := decoded.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(understood)
	return err
}
