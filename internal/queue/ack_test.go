package queue_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// wire is the way to a broker, which can be cut so that what was written last
// never arrives.
type wire struct {
	broker *engine.Broker

	mu   sync.Mutex
	deaf bool // what is written is lost
	last net.Conn
}

func (w *wire) InProcessConn() (net.Conn, error) {
	conn, err := w.broker.InProcessConn()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = conn
	return wireConn{conn, w}, err
}

// lose loses all that is written from now on; cut ends the connection, and the
// next one is whole.
func (w *wire) lose() { w.mu.Lock(); w.deaf = true; w.mu.Unlock() }
func (w *wire) cut()  { w.mu.Lock(); w.deaf = false; _ = w.last.Close(); w.mu.Unlock() }

type wireConn struct {
	net.Conn
	wire *wire
}

func (c wireConn) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	deaf := c.wire.deaf
	c.wire.mu.Unlock()
	if deaf {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Acknowledgements that went down with a connection are given again by the
// next one: else their scans would come back after minutes only, and nothing
// would be idle until then.
func TestAckOutlivesConnection(t *testing.T) {
	b := enginetest.Broker(t)
	owner := connect(t, b, b.Owner())
	for _, project := range []string{"a", "b", "c"} {
		if err := owner.PublishScan(t.Context(), &message.Scan{Schema: message.ScanSchema, Project: project, Version: "1", JobSeq: 1}); err != nil {
			t.Fatal(err)
		}
	}
	w := &wire{broker: b}
	c, err := queue.Connect(t.Context(), queue.Options{InProcess: w, User: b.Owner().User, Password: b.Owner().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	k, err := c.ScanConsumer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := new(queue.ScanBatch)
	for len(batch.Scans) < 3 {
		if err := k.Fill(t.Context(), batch, 3, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	w.lose()
	time.AfterFunc(300*time.Millisecond, w.cut)
	if err := batch.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if backlog, err := owner.Backlog(t.Context()); err != nil || backlog.Scans != 0 {
		t.Errorf("%d scans wait, %v", backlog.Scans, err)
	}
}
