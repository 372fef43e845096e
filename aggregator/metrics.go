package aggregator

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count what an Aggregator does.
type metrics struct {
	scans     prometheus.Counter
	batches   prometheus.Counter
	seconds   prometheus.Histogram
	retries   *prometheus.CounterVec
	unacked   prometheus.Counter
	snapshots prometheus.Counter
	snapshot  prometheus.Gauge
	taken     prometheus.Gauge
	looked    prometheus.Gauge
	forgotten prometheus.Counter
}

// The things that are tried again.
const (
	tryStore    = "store scans"
	trySnapshot = "take a snapshot"
)

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		scans: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_aggregator_scans_total",
			Help: "Scans written to the database; one that is delivered again counts again."}),
		batches: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_aggregator_batches_total",
			Help: "Batches written to the database."}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{Name: "prevalence_aggregator_batch_seconds",
			Help: "Time to write a batch.", Buckets: []float64{.03, .1, .3, 1, 3, 10, 30, 100}}),
		retries: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_aggregator_retries_total",
			Help: "What the database or the broker refused and was tried again."}, []string{"what"}),
		unacked: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_aggregator_unacknowledged_total",
			Help: "Batches that were stored and could not be acknowledged; they come again and replace themselves."}),
		snapshots: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_aggregator_snapshots_total",
			Help: "Snapshots published."}),
		snapshot: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_aggregator_snapshot_seconds",
			Help: "How long the last snapshot took."}),
		taken: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_aggregator_snapshot_timestamp_seconds",
			Help: "When the newest snapshot was published, in Unix time; 0 before the first."}),
		looked: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_aggregator_looked_timestamp_seconds",
			Help: "When it was last found that the newest snapshot says all, or a new one was published, in Unix time."}),
		forgotten: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_aggregator_forgotten_total",
			Help: "Scans that were not stored because their project is to be forgotten."}),
	}
	for _, what := range []string{tryStore, trySnapshot} {
		m.retries.WithLabelValues(what)
	}
	return m
}
