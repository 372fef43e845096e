package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"prevalence/query"
)

// metrics count what the API does. A route is a pattern of the mux, so that the
// set of labels is closed.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	given    *prometheus.CounterVec
}

func newMetrics(pool *query.Pool) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_http_requests_total", Help: "Requests by route and status."}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "prevalence_http_request_seconds", Help: "Time to the end of the answer, by route.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}}, []string{"route"}),
		given: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_questions_given_up_total",
			Help: "Questions that found no place (busy) or took too long (slow)."}, []string{"why"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.given, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, cost := range []query.Cost{query.Quick, query.Slow, query.Long} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "prevalence_questions", Help: "Questions that are being asked, by cost.",
			ConstLabels: prometheus.Labels{"cost": cost.String()}}, func() float64 { return float64(pool.Asked(cost)) }))
	}
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// answered counts one answer.
func (m *metrics) answered(pattern string, code int, took time.Duration) {
	_, route, found := strings.Cut(pattern, " ")
	if !found {
		route = pattern
	}
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(code)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// refused counts a question that was given up.
func (m *metrics) refused(err error) {
	why := "slow"
	if errors.Is(err, query.ErrBusy) {
		why = "busy"
	}
	m.given.WithLabelValues(why).Inc()
}
