package pypi

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what is asked of an index, over all clients that share them.
// They are safe for concurrent use.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
	bytes    prometheus.Counter
	retries  prometheus.Counter
	pauses   *prometheus.CounterVec
	waited   prometheus.Counter
}

// NewMetrics registers the metrics at r; with nil they are counted and seen by
// nobody.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	m := &Metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_index_requests_total",
			Help: "Requests to the index by their answer: ok, unchanged, missing, refused, too-many, failing (5xx), none."}, []string{"answer"}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "prevalence_index_request_seconds",
			Help: "Time to the head of an answer.", Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30}}),
		bytes: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_index_read_bytes_total",
			Help: "Bytes of answers, as they came."}),
		retries: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_index_retries_total",
			Help: "Requests that were made again."}),
		pauses: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_index_pauses_total",
			Help: "Requests that ended in a pause: asked for by the index (asked), by another process or by the day's budget (shared)."}, []string{"why"}),
		waited: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_index_wait_seconds_total",
			Help: "Time that requests waited for their turn: rate, connections, pauses."}),
	}
	// What was never seen is 0, not absent: an alert needs a first value to rise from.
	for _, answer := range []string{"ok", "unchanged", "missing", "refused", "too-many", "failing", "none"} {
		m.requests.WithLabelValues(answer)
	}
	for _, why := range []string{"asked", "shared"} {
		m.pauses.WithLabelValues(why)
	}
	return m
}

// answered counts an answer, or that there was none.
func (m *Metrics) answered(resp *http.Response, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	answer := "refused"
	switch {
	case resp == nil:
		answer = "none"
	case resp.StatusCode/100 == 2:
		answer = "ok"
	case resp.StatusCode == http.StatusNotModified:
		answer = "unchanged"
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		answer = "missing"
	case resp.StatusCode == http.StatusTooManyRequests:
		answer = "too-many"
	case resp.StatusCode >= 500:
		answer = "failing"
	}
	m.requests.WithLabelValues(answer).Inc()
}
