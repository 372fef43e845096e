package main

import (
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBenchChaos runs one seed at a small size.
func TestBenchChaos(t *testing.T) {
	out := output(t, prevalenceCommand(t, "bench", "chaos", "--projects", "60", "--seeds", "1", "--from-seed", "2"))
	if !regexp.MustCompile(`(?m)^seed 2: equal, [\d.]+ s, .*kill nats.*kill clickhouse`).MatchString(out) || !strings.Contains(out, "1 of 1 seeds equal") {
		t.Errorf("printed:\n%s", out)
	}
}

// TestDrawFaults: a seed means the same each time, and a hundred meet everything.
func TestDrawFaults(t *testing.T) {
	met := make(map[string]int)
	for seed := range uint64(100) {
		faults := drawFaults(seed, 5)
		if !slices.Equal(faults, drawFaults(seed, 5)) {
			t.Fatalf("seed %d gives other faults the second time", seed)
		}
		for _, f := range faults {
			met[string(f.kind)+" "+f.target]++
		}
	}
	want := []string{string(chaosFull) + " " + chaosClickHouse}
	for _, role := range chaosRoles {
		want = append(want, string(chaosKill)+" "+role, string(chaosStop)+" "+role)
	}
	for _, pair := range chaosPairs {
		link := linkName(pair[0], pair[1])
		want = append(want, string(chaosCut)+" "+link, string(chaosSilent)+" "+link)
	}
	for _, fault := range want {
		if met[fault] == 0 {
			t.Errorf("no seed draws %q", fault)
		}
		delete(met, fault)
	}
	if len(met) > 0 {
		t.Errorf("unexpected: %v", met)
	}
}

// TestChaosAnswer: what is lost shows, and what is there twice.
func TestChaosAnswer(t *testing.T) {
	want := &chaosAnswer{lines: []string{"a", "b", "c"}}
	for _, test := range []struct {
		lines   []string
		differs string
	}{
		{[]string{"c", "a", "b"}, ""},
		{[]string{"a", "c"}, "- b"},
		{[]string{"a", "b", "b", "c"}, "+ b"},
		{[]string{"a", "B", "c"}, "- b\n+ B"},
	} {
		if got := want.differ(&chaosAnswer{lines: test.lines}); got != test.differs {
			t.Errorf("%q differs by %q, want %q", test.lines, got, test.differs)
		}
	}
}

// TestChaosLink: bytes pass, not while the link is silent, and no connection
// outlives a cut.
func TestChaosLink(t *testing.T) {
	echo, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	l, err := newChaosLink(t.Context(), "a–b")
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.lead(echo.Addr().String())
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	// ask sends a byte and reports whether it came back in time.
	ask := func(conn net.Conn, patience time.Duration) error {
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte{1}); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, 1))
		return err
	}
	const long = 10 * time.Second
	conn := dial()
	if err := ask(conn, long); err != nil {
		t.Fatalf("open: %v", err)
	}
	l.hold()
	if err := ask(conn, 100*time.Millisecond); err == nil {
		t.Error("a byte passed a silent link")
	}
	l.release()
	_ = conn.SetDeadline(time.Now().Add(long))
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Errorf("after the silence: %v", err)
	}
	l.cut()
	if ask(conn, long) == nil || ask(dial(), long) == nil {
		t.Error("a byte passed a cut link")
	}
	l.mend()
	if err := ask(dial(), long); err != nil {
		t.Errorf("mended: %v", err)
	}
}
