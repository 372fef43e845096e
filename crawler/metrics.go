package crawler

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what sweeps do, over all sweeps of a process. They are safe
// for concurrent use.
type Metrics struct {
	sweeps  *prometheus.CounterVec
	last    prometheus.Gauge
	seconds prometheus.Gauge
	names   prometheus.Gauge
	pending prometheus.Gauge
	jobs    *prometheus.CounterVec
	changes *prometheus.CounterVec
	pages   prometheus.Counter
	reaped  prometheus.Counter
}

// NewMetrics registers the metrics at r; with nil they are counted and seen by
// nobody.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	m := &Metrics{
		sweeps: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_crawler_sweeps_total",
			Help: "Sweeps by result: published, unchanged, failed."}, []string{"result"}),
		last: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_crawler_last_sweep_timestamp_seconds",
			Help: "When the last sweep ended that did not fail, in Unix time."}),
		seconds: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_crawler_sweep_seconds",
			Help: "How long the last sweep took."}),
		names: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_crawler_names",
			Help: "Names on the index, as the last sweep saw it."}),
		pending: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_crawler_pending_names",
			Help: "Names on the index for which no job was ever accepted."}),
		jobs: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_crawler_jobs_total",
			Help: "Jobs by result: accepted, refused (the project's job is still out)."}, []string{"result"}),
		changes: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_crawler_changes_total",
			Help: "Projects by what the sweep found: new, changed, resurrected, removed, rescan."}, []string{"change"}),
		pages: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_crawler_pages_failed_total",
			Help: "Pages that could not be read; the next sweep tries again."}),
		reaped: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_crawler_jobs_reaped_total",
			Help: "Jobs that killed every worker that took them."}),
	}
	for _, result := range []string{"published", "unchanged", "failed"} {
		m.sweeps.WithLabelValues(result)
	}
	return m
}

// swept counts one sweep.
func (m *Metrics) swept(r *Report, err error, now time.Time) {
	result := "unchanged"
	switch {
	case err != nil:
		result = "failed"
	case r.Published:
		result = "published"
	}
	m.sweeps.WithLabelValues(result).Inc()
	m.seconds.Set(r.Took.Seconds())
	if err == nil {
		m.last.Set(float64(now.Unix()))
		m.names.Set(float64(r.Names))
		m.pending.Set(float64(r.Pending))
	}
	m.jobs.WithLabelValues("accepted").Add(float64(r.Accepted))
	m.jobs.WithLabelValues("refused").Add(float64(r.Refused))
	for change, n := range map[string]int{"new": r.New, "changed": r.Changed, "resurrected": r.Resurrected, "removed": r.Removed, "rescan": r.Rescans} {
		m.changes.WithLabelValues(change).Add(float64(n))
	}
	m.pages.Add(float64(r.PagesFailed))
	m.reaped.Add(float64(r.Reaped))
}
