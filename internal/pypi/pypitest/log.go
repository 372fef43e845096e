package pypitest

import (
	"slices"
	"time"
)

// Request is one request that the server saw.
type Request struct {
	At                                   time.Time // of its arrival
	Host, Path, Accept, UserAgent, Range string
	Status                               int   // as answered; 0 when the connection was cut, or while it is open
	Bytes                                int64 // of the answer's body, as sent
	Spoiled                              bool  // by a Fault
}

// Usage is what requests cost one host.
type Usage struct {
	Requests int
	Bytes    int64
	// Most requests and bytes within any window of the length asked for.
	MostRequests int
	MostBytes    int64
}

// UsageOf sums up a log by host.
func UsageOf(log []Request, window time.Duration) map[string]Usage {
	byHost := make(map[string][]Request)
	for _, r := range log {
		byHost[r.Host] = append(byHost[r.Host], r)
	}
	out := make(map[string]Usage, len(byHost))
	for host, requests := range byHost {
		slices.SortFunc(requests, func(a, b Request) int { return a.At.Compare(b.At) })
		var u Usage
		first, within := 0, int64(0)
		for i, r := range requests {
			u.Requests++
			u.Bytes += r.Bytes
			within += r.Bytes
			for r.At.Sub(requests[first].At) >= window {
				within -= requests[first].Bytes
				first++
			}
			u.MostRequests = max(u.MostRequests, i-first+1)
			u.MostBytes = max(u.MostBytes, within)
		}
		out[host] = u
	}
	return out
}
