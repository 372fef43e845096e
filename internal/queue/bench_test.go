package queue_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"prevalence/internal/engine/enginetest"
)

// BenchmarkPublishJobs publishes b.N jobs of different projects, as a first
// crawl does. For all of PyPI: go test -bench PublishJobs -benchtime 886323x
func BenchmarkPublishJobs(b *testing.B) {
	broker := enginetest.Broker(b)
	c := connect(b, broker, broker.Owner())
	done := func(accepted bool, err error) {
		if err != nil || !accepted {
			b.Errorf("accepted %v, %v", accepted, err)
		}
	}
	for i := range b.N {
		if err := c.Jobs().Publish(b.Context(), job("project-"+strconv.Itoa(i)), done); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Jobs().Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}

// BenchmarkTakeJobs takes and acknowledges b.N jobs with 8 slots.
func BenchmarkTakeJobs(b *testing.B) {
	broker := enginetest.Broker(b)
	c := connect(b, broker, broker.Owner())
	for i := range b.N {
		if err := c.Jobs().Publish(b.Context(), job("project-"+strconv.Itoa(i)), func(bool, error) {}); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Jobs().Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	k := consumer(b, c, time.Minute)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ResetTimer()
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range left {
				d, err := k.Next(ctx)
				if err == nil {
					err = d.Ack(ctx)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}

// BenchmarkScans publishes b.N scans one by one and fetches them in batches.
func BenchmarkScans(b *testing.B) {
	broker := enginetest.Broker(b)
	c := connect(b, broker, broker.Owner())
	for i := range b.N {
		if err := c.PublishScan(b.Context(), scan(fmt.Sprintf("project-%d", i), "1.0", uint64(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "published/s")
	k, err := c.ScanConsumer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	for got := 0; got < b.N; {
		batch, err := k.Fetch(b.Context(), 1000, 20*time.Millisecond)
		if err == nil {
			err = batch.Ack(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
		got += len(batch.Scans)
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "fetched/s")
}

// peakMiB is the largest resident size of this process so far, where the
// system tells it.
func peakMiB(b *testing.B) float64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
