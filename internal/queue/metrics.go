package queue

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count what goes through a connection.
type metrics struct {
	connected   prometheus.Gauge
	disconnects prometheus.Counter
	published   *prometheus.CounterVec
	delivered   *prometheus.CounterVec
	buried      *prometheus.CounterVec

	jobs    *prometheus.GaugeVec
	scans   prometheus.Gauge
	dead    prometheus.Gauge
	oldest  prometheus.Gauge
	unknown prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		connected: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_queue_connected",
			Help: "1 while the broker can be reached."}),
		disconnects: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_queue_disconnects_total",
			Help: "How often the connection to the broker was lost."}),
		published: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_queue_published_total",
			Help: "Messages by stream and result: stored, refused (the project's job is still out), failed."}, []string{"stream", "result"}),
		delivered: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_queue_delivered_total",
			Help: "Messages taken by stream; again: delivered more than once."}, []string{"stream", "again"}),
		buried: f.NewCounterVec(prometheus.CounterOpts{Name: "prevalence_queue_buried_total",
			Help: "Messages that this process moved to the dead letters, by the stream that they came from."}, []string{"stream"}),
		jobs: f.NewGaugeVec(prometheus.GaugeOpts{Name: "prevalence_queue_jobs",
			Help: "Jobs in the broker: waiting for a worker, or out with one. Told by the aggregator."}, []string{"state"}),
		scans: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_queue_scans_waiting",
			Help: "Scans that the aggregator has not acknowledged."}),
		dead: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_queue_dead_letters",
			Help: "Dead letters in the broker."}),
		oldest: f.NewGauge(prometheus.GaugeOpts{Name: "prevalence_queue_oldest_job_seconds",
			Help: "Age of the oldest job in the broker, 0 without any."}),
		unknown: f.NewCounter(prometheus.CounterOpts{Name: "prevalence_queue_unknown_total",
			Help: "How often the broker did not say how much waits where: the gauges are old then."}),
	}
	// What was never seen is 0, not absent: an alert needs a first value to rise from.
	for _, stream := range []string{streamJobs, streamScans} {
		for _, result := range []string{"stored", "refused", "failed"} {
			m.published.WithLabelValues(stream, result)
		}
		m.delivered.WithLabelValues(stream, again(1))
		m.delivered.WithLabelValues(stream, again(2))
		m.buried.WithLabelValues(stream)
	}
	return m
}

func again(attempts uint64) string {
	if attempts > 1 {
		return "yes"
	}
	return "no"
}

// Watch asks the broker at intervals how much waits where, for the metrics,
// until ctx ends.
func (c *Conn) Watch(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if b, err := c.Backlog(ctx); err == nil {
			c.metrics.jobs.WithLabelValues("waiting").Set(float64(b.Jobs))
			c.metrics.jobs.WithLabelValues("out").Set(float64(b.JobsOut))
			c.metrics.scans.Set(float64(b.Scans))
			c.metrics.dead.Set(float64(b.Dead))
			age := 0.0
			if b.Jobs+b.JobsOut > 0 {
				age = max(0, time.Since(b.OldestJob).Seconds())
			}
			c.metrics.oldest.Set(age)
		} else if ctx.Err() == nil {
			c.metrics.unknown.Inc()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
