package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"prevalence/internal/pypi"
)

// instruments are the metrics of one process, and where they are served.
type instruments struct {
	registry *prometheus.Registry
	index    *pypi.Metrics
	listener net.Listener // nil: nowhere
}

// newInstruments makes the metrics of a role and, where c names an address,
// listens there. The caller has them served, or closes them.
func newInstruments(ctx context.Context, c *config) (*instruments, error) {
	i := &instruments{registry: prometheus.NewRegistry()}
	i.index = pypi.NewMetrics(i.registry)
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "prevalence_build_info",
		Help: "1, with the version of this build.", ConstLabels: prometheus.Labels{"version": buildVersion()}})
	build.Set(1)
	i.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c.Metrics == "" {
		return i, nil
	}
	var err error
	if i.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Metrics); err != nil {
		return nil, usage(fmt.Errorf("metrics cannot be served: %w; choose another port or stop what uses it", err))
	}
	return i, nil
}

// close stops listening.
func (i *instruments) close() {
	if i.listener != nil {
		_ = i.listener.Close()
	}
}

// serve answers /metrics and /healthz until ctx ends.
func (i *instruments) serve(ctx context.Context) error {
	if i.listener == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(i.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(i.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// during serves for as long as work takes.
func (i *instruments) during(ctx context.Context, work func(context.Context) error) error {
	g, inner := errgroup.WithContext(ctx)
	serving, done := context.WithCancel(inner)
	g.Go(func() error { return i.serve(serving) })
	g.Go(func() error {
		defer done()
		return work(inner)
	})
	return g.Wait()
}

// workerMetrics is where the worker process of a number serves its metrics
// when "up" serves its own at address: on the ports after it.
func workerMetrics(address string, worker int) string {
	host, text, err := net.SplitHostPort(address)
	port, err2 := strconv.Atoi(text)
	if err != nil || err2 != nil || port == 0 || port+1+worker > 65535 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port+1+worker))
}
