package engine_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
)

func TestBrokerRefusals(t *testing.T) {
	if _, err := engine.StartBroker(t.Context(), engine.BrokerOptions{}); err == nil {
		t.Error("started without a folder")
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = engine.StartBroker(t.Context(), engine.BrokerOptions{Dir: t.TempDir(), Port: port})
	if err == nil || !strings.Contains(err.Error(), "in use") || strings.Contains(err.Error(), "\n") {
		t.Errorf("port in use: %v; want one line that says so", err)
	}
	dir := t.TempDir()
	enginetest.BrokerIn(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := engine.StartBroker(ctx, engine.BrokerOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("folder in use: %v; want a refusal", err)
	}
}
