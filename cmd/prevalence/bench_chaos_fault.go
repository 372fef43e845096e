package main

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// chaosKind is what a fault does.
type chaosKind string

// The faults of the chaos bench.
const (
	chaosKill   chaosKind = "kill"   // SIGKILL of a process and its children
	chaosStop   chaosKind = "stop"   // SIGSTOP, and SIGCONT after a while
	chaosCut    chaosKind = "cut"    // connections of two processes are broken and refused for a while
	chaosSilent chaosKind = "silent" // nothing passes between two processes for a while
	chaosFull   chaosKind = "full"   // the database's disk is full for a while
)

// chaosFault is one fault of a seed.
type chaosFault struct {
	kind   chaosKind
	target string        // role or link
	after  time.Duration // since the fault before
	during time.Duration // 0 of a kill
}

// String is as a seed's line shows it.
func (f chaosFault) String() string {
	s := fmt.Sprintf("+%.1fs %s %s", f.after.Seconds(), f.kind, f.target)
	if f.during > 0 {
		s += fmt.Sprintf(" %.1fs", f.during.Seconds())
	}
	return s
}

// The names of processes and of the links between them.
const (
	chaosCrawler    = "crawler"
	chaosWorker     = "worker"
	chaosAggregator = "aggregator"
	chaosNATS       = "nats"
	chaosClickHouse = "clickhouse"
	chaosIndex      = "index"
)

var (
	chaosRoles = []string{chaosCrawler, chaosWorker, chaosAggregator, chaosNATS, chaosClickHouse}
	chaosPairs = [][2]string{
		{chaosCrawler, chaosIndex}, {chaosCrawler, chaosNATS}, {chaosWorker, chaosIndex}, {chaosWorker, chaosNATS},
		{chaosAggregator, chaosNATS}, {chaosAggregator, chaosClickHouse},
	}
)

func linkName(from, to string) string { return from + "–" + to }

// drawFaults draws a seed's faults. A disk that fills up is drawn whether or not
// this machine can have one, so that a seed means the same everywhere.
func drawFaults(seed uint64, n int) []chaosFault {
	random := rand.New(rand.NewPCG(seed, 8))
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	faults := make([]chaosFault, n)
	for i := range faults {
		f := chaosFault{
			target: chaosRoles[random.IntN(len(chaosRoles))],
			after:  between(100*time.Millisecond, 1200*time.Millisecond),
			during: between(200*time.Millisecond, 2*time.Second),
		}
		pair := chaosPairs[random.IntN(len(chaosPairs))]
		switch x := random.IntN(20); {
		case x < 9:
			f.kind, f.during = chaosKill, 0
		case x < 13:
			f.kind = chaosStop
		case x < 16:
			f.kind, f.target = chaosCut, linkName(pair[0], pair[1])
		case x < 18:
			f.kind, f.target = chaosSilent, linkName(pair[0], pair[1])
		default:
			f.kind, f.target = chaosFull, chaosClickHouse
		}
		faults[i] = f
	}
	return faults
}

// begin does a fault and gives what ends it.
func (g *chaosRun) begin(f chaosFault) (end func()) {
	switch f.kind {
	case chaosKill:
		g.roles[f.target].kill()
	case chaosStop:
		if group := g.roles[f.target].signal(syscall.SIGSTOP); group != 0 {
			return func() { _ = syscall.Kill(-group, syscall.SIGCONT) }
		}
	case chaosCut:
		g.links[f.target].cut()
		return g.links[f.target].mend
	case chaosSilent:
		g.links[f.target].hold()
		return g.links[f.target].release
	case chaosFull:
		return g.disk.fill()
	}
	return func() {}
}
