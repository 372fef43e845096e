// Package enginetest gives tests a real ClickHouse and a real NATS, in a line
// each.
//
// A package whose tests use them has one TestMain:
//
//	func TestMain(m *testing.M) { enginetest.Main(m) }
//
// and then, in a test:
//
//	ch := enginetest.ClickHouse(t) // a server of its own, empty; about 0.4 s
//	broker := enginetest.Broker(t) // likewise; a few milliseconds
package enginetest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"prevalence/internal/engine"
)

// Main runs the tests of a package, and fails when they leave goroutines
// behind. Without it ClickHouse cannot start: the server is a child process
// that runs this same test binary.
func Main(m *testing.M) {
	engine.RunIfChild()
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintf(os.Stderr, "goroutines were left behind:\n%v\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

// ClickHouse starts a server with its data in a folder of the test, and stops
// it when the test ends. A machine without an engine fails the test.
func ClickHouse(t testing.TB) *engine.ClickHouse {
	t.Helper()
	return ClickHouseIn(t, t.TempDir())
}

// ClickHouseIn is ClickHouse with its data in dir, for tests that start a
// server on the same data again.
func ClickHouseIn(t testing.TB, dir string) *engine.ClickHouse {
	t.Helper()
	c, err := engine.StartClickHouse(t.Context(), engine.ClickHouseOptions{Dir: dir, MemoryBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Broker starts a broker with its streams in a folder of the test, and stops
// it when the test ends.
func Broker(t testing.TB) *engine.Broker {
	t.Helper()
	return BrokerIn(t, t.TempDir())
}

// BrokerIn is Broker with its streams in dir, for tests that start a broker on
// the same streams again.
func BrokerIn(t testing.TB, dir string) *engine.Broker {
	t.Helper()
	b, err := engine.StartBroker(t.Context(), engine.BrokerOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}
