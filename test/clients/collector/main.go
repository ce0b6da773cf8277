// Command collector ADDRESS: receives with the OTLP receiver of OpenTelemetry's Collector, over HTTP at HOST:PORT. Says
// "ready" once it listens, then writes each request that it has taken as a line: the signal, a blank, and the
// Collector's own JSON. Ends with its standard input.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

var output sync.Mutex

// say writes what was taken of a signal. Requests come in several goroutines.
func say(signal string, taken []byte, err error) error {
	if err != nil {
		return err
	}
	output.Lock()
	defer output.Unlock()
	_, err = fmt.Printf("%s %s\n", signal, taken)
	return err
}

func main() {
	if err := receive(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func receive(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("wanted ADDRESS, got %q", arguments)
	}
	ctx := context.Background()
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	given := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"http": map[string]any{"endpoint": arguments[0]}},
	})
	if err := given.Unmarshal(config); err != nil {
		return err
	}
	metrics, err := consumer.NewMetrics(func(_ context.Context, data pmetric.Metrics) error {
		taken, err := new(pmetric.JSONMarshaler).MarshalMetrics(data)
		return say("metrics", taken, err)
	})
	if err != nil {
		return err
	}
	logs, err := consumer.NewLogs(func(_ context.Context, data plog.Logs) error {
		taken, err := new(plog.JSONMarshaler).MarshalLogs(data)
		return say("logs", taken, err)
	})
	if err != nil {
		return err
	}
	traces, err := consumer.NewTraces(func(_ context.Context, data ptrace.Traces) error {
		taken, err := new(ptrace.JSONMarshaler).MarshalTraces(data)
		return say("traces", taken, err)
	})
	if err != nil {
		return err
	}
	// One receiver serves all three signals: it is shared by its configuration.
	settings := receivertest.NewNopSettings(factory.Type())
	receiver, err := factory.CreateMetrics(ctx, settings, config, metrics)
	if err != nil {
		return err
	}
	if _, err := factory.CreateLogs(ctx, settings, config, logs); err != nil {
		return err
	}
	if _, err := factory.CreateTraces(ctx, settings, config, traces); err != nil {
		return err
	}
	if err := receiver.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return receiver.Shutdown(ctx)
}
