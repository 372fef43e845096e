package main

import (
	"context"
	"io"
	"net"
	"sync"
)

// chaosLink is the network between two processes: a port on loopback that
// passes bytes on to another one, until it is cut or silent.
type chaosLink struct {
	name     string
	listener net.Listener

	mu     sync.Mutex
	target string // host:port; empty: nobody is there
	cuts   int    // cuts under way: connections are refused
	holds  int    // silences under way: nothing passes
	passes chan struct{}
	conns  map[net.Conn]struct{}
	used   chan struct{} // closed with the first connection
	once   sync.Once
}

// newChaosLink listens on a free port until close.
func newChaosLink(ctx context.Context, name string) (*chaosLink, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &chaosLink{name: name, listener: listener, passes: make(chan struct{}), conns: make(map[net.Conn]struct{}), used: make(chan struct{})}
	close(l.passes)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(ctx, conn)
		}
	}()
	return l, nil
}

func (l *chaosLink) address() string { return l.listener.Addr().String() }

// lead says where the other end is.
func (l *chaosLink) lead(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

// cut breaks every connection and refuses new ones until mend.
func (l *chaosLink) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cuts++
	for conn := range l.conns {
		_ = conn.Close()
	}
}

func (l *chaosLink) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cuts--
}

// hold lets nothing pass until release; connections stay.
func (l *chaosLink) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holds++; l.holds == 1 {
		l.passes = make(chan struct{})
	}
}

func (l *chaosLink) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holds--; l.holds == 0 {
		close(l.passes)
	}
}

// gate waits while the link is silent.
func (l *chaosLink) gate() {
	l.mu.Lock()
	passes := l.passes
	l.mu.Unlock()
	<-passes
}

// adopt notes a connection that a cut breaks; false when the link is cut.
func (l *chaosLink) adopt(conn net.Conn) (target string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cuts > 0 || l.target == "" {
		return "", false
	}
	l.conns[conn] = struct{}{}
	return l.target, true
}

func (l *chaosLink) drop(conn net.Conn) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}

// carry passes bytes both ways until either end or the link is closed.
func (l *chaosLink) carry(ctx context.Context, near net.Conn) {
	defer l.drop(near)
	l.gate()
	target, ok := l.adopt(near)
	if !ok {
		return
	}
	far, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		return
	}
	defer l.drop(far)
	if _, ok := l.adopt(far); !ok {
		return
	}
	l.once.Do(func() { close(l.used) })
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(struct{ io.Writer }{way[0]}, gated{way[1], l})
			ended <- struct{}{}
		}()
	}
	<-ended
}

// gated reads what a link lets pass.
type gated struct {
	from io.Reader
	link *chaosLink
}

func (g gated) Read(b []byte) (int, error) {
	n, err := g.from.Read(b)
	g.link.gate()
	return n, err
}

// close ends the link and everything on it.
func (l *chaosLink) close() {
	_ = l.listener.Close()
	l.cut()
}
