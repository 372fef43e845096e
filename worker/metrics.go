package worker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"prevalence/schemas/message"
)

// metrics count what a Worker does. Every label is of a closed list.
type metrics struct {
	jobs    *prometheus.CounterVec
	flight  prometheus.Gauge
	seconds prometheus.Histogram
	scans   *prometheus.CounterVec
	reasons *prometheus.CounterVec
	cuts    *prometheus.CounterVec
	dropped *prometheus.CounterVec
	lost    prometheus.Counter
	pauses  prometheus.Counter
	panics  prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		jobs: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_worker_jobs_total",
			Help: "Deliveries of jobs by what became of them: published, stale, later, retried, given-up, released."}, []string{"verdict"}),
		flight: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_worker_jobs_in_flight",
			Help: "Jobs that are worked on."}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "prevalence_worker_job_seconds",
			Help: "Time of one delivery of a job, pauses included.", Buckets: []float64{.03, .1, .3, 1, 3, 10, 30, 100, 300, 1000}}),
		scans: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_worker_scans_total",
			Help: "Scans published by outcome: ok, partial, empty, unanalysed."}, []string{"outcome"}),
		reasons: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_worker_reasons_total",
			Help: "Scans that are not ok by their reason."}, []string{"why"}),
		cuts: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_worker_cuts_total",
			Help: "Files and members left unread by the limit or fault that was met."}, []string{"why"}),
		dropped: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_worker_dropped_total",
			Help: "Facts cut to keep a message under its limit, by kind."}, []string{"kind"}),
		lost: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_worker_leases_lost_total",
			Help: "Jobs given to another worker because they could not be extended."}),
		pauses: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_worker_pauses_total",
			Help: "How often fetching paused for the whole worker."}),
		panics: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_worker_panics_total",
			Help: "Scans that met a defect of ours."}),
	}
	// What was never seen is 0, not absent: an alert needs a first value to rise from.
	for _, v := range []verdict{publish, stale, later, retry, giveUp, release} {
		m.jobs.WithLabelValues(v.String())
	}
	for _, o := range []message.Outcome{message.OutcomeOK, message.OutcomePartial, message.OutcomeEmpty, message.OutcomeUnanalysed} {
		m.scans.WithLabelValues(string(o))
	}
	for _, why := range []string{WhyGaveUp, WhyTimeout, WhyScannerPanic, WhyWrongHash, WhyFileGone, WhyFileRefused, WhyBadPage} {
		m.reasons.WithLabelValues(why)
		m.cuts.WithLabelValues(why)
	}
	for _, kind := range []string{"symbols", "indicators", "evidence"} {
		m.dropped.WithLabelValues(kind)
	}
	return m
}

// settled counts a delivery that has ended.
func (m *metrics) settled(v verdict, took time.Duration) {
	m.jobs.WithLabelValues(v.String()).Inc()
	m.seconds.Observe(took.Seconds())
}

// scanned counts a scan that was published.
func (m *metrics) scanned(s *message.Scan) {
	m.scans.WithLabelValues(string(s.Outcome)).Inc()
	if s.Why != "" {
		m.reasons.WithLabelValues(s.Why).Inc()
	}
	if s.Why == WhyScannerPanic {
		m.panics.Inc()
	}
	for _, c := range s.Cuts {
		m.cuts.WithLabelValues(c.Why).Inc()
		if c.Why == WhyScannerPanic && s.Why != WhyScannerPanic {
			m.panics.Inc()
		}
	}
	for kind, n := range s.Dropped {
		m.dropped.WithLabelValues(kind).Add(float64(n))
	}
}
