package pypi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

// acceptPage is PEP 691's: JSON first, then both forms of HTML.
const acceptPage = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

var (
	errStalled = errors.New("no answer in time")
	errCut     = errors.New("the answer broke off")

	errNotImplemented = errors.New("status 501")
)

// host is one host's share of patience: how many requests at once, how many a
// second, and until when it wants none.
type host struct {
	name  string
	slots chan struct{}
	limit rate.Limit
	pace  *rate.Limiter // of this process alone
	fleet Pace          // instead of pace, where there is one
	count *Metrics

	mu     sync.Mutex
	until  time.Time
	narrow bool // one request at a time
	excess int  // slots that are taken away as they are given back
}

// enter waits for the host's pause, a slot and the pace, in that order. The
// caller gives the slot back by leave.
func (h *host) enter(ctx context.Context) error {
	for {
		h.mu.Lock()
		wait := time.Until(h.until)
		h.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := h.due(ctx); err != nil {
		h.leave()
		return err
	}
	return nil
}

// due waits until the rate allows a request.
func (h *host) due(ctx context.Context) error {
	if h.fleet == nil {
		return h.pace.Wait(ctx)
	}
	pause, why, err := h.fleet.Wait(ctx, h.name, float64(h.limit))
	if err == nil && pause > 0 {
		h.count.pauses.WithLabelValues("shared").Inc()
		return &PauseError{Host: h.name, RetryAfter: max(pause, time.Second), Why: why}
	}
	return err
}

// leave gives the slot back.
func (h *host) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.excess > 0 {
		h.excess--
		return
	}
	<-h.slots
}

// oneByOne takes all slots but one away. It is for hosts that answer in
// HTTP/1.0: each request is a connection, and the server behind it usually has
// one thread and room for five more that wait (Python's wsgiref). Those that
// find no room are dropped by the kernel and try again after 1, 3, 7, 15 … s,
// until a busy server seems to be away.
func (h *host) oneByOne() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.narrow {
		return
	}
	h.narrow = true
	for h.excess = cap(h.slots) - 1; h.excess > 0; h.excess-- {
		select {
		case h.slots <- struct{}{}:
		default: // the others are in use
			return
		}
	}
}

// pause keeps everyone from the host for d.
func (h *host) pause(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := time.Now().Add(d); t.After(h.until) {
		h.until = t
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// host returns the state of a host, made when it is first asked for.
func (c *client) host(name, hostname string) *host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[name]
	if !ok {
		limit := rate.Limit(c.opts.Rate)
		switch {
		case c.opts.Rate < 0 || c.opts.Rate == 0 && loopback(hostname):
			limit = rate.Inf
		case c.opts.Rate == 0:
			limit = DefaultRate
		}
		h = &host{name: name, slots: make(chan struct{}, c.opts.Connections), limit: limit, pace: rate.NewLimiter(limit, 1), fleet: c.opts.Pace, count: c.opts.Metrics}
		c.hosts[name] = h
	}
	return h
}

func loopback(hostname string) bool {
	ip := net.ParseIP(hostname)
	return hostname == "localhost" || ip != nil && ip.IsLoopback()
}

// once makes one request. The returned stream ends in errStalled when nothing
// comes for too long; closing it gives the host's slot back.
func (c *client) once(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, backoff.Permanent(fmt.Errorf("%w: bad URL", ErrPage))
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", c.opts.userAgent())
	if c.user != nil && req.URL.Host == c.base.Host && req.URL.Scheme == c.base.Scheme {
		password, _ := c.user.Password()
		req.SetBasicAuth(c.user.Username(), password)
	}
	h := c.host(req.URL.Host, req.URL.Hostname())
	waits := time.Now()
	err = h.enter(ctx)
	c.opts.Metrics.waited.Add(time.Since(waits).Seconds())
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	asked := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.opts.Timeout, func() { cancel(errStalled) })
	resp, err := c.http.Do(req.WithContext(ctx))
	watch.Stop()
	c.opts.Metrics.answered(resp, time.Since(asked)) //nolint:bodyclose // it looks at the status
	if err != nil {
		err = c.transportError(ctx, err) // before cancelling, which would be the cause
		cancel(nil)
		h.leave()
		return nil, err
	}
	if !resp.ProtoAtLeast(1, 1) {
		h.oneByOne()
	}
	body := resp.Body
	s := &stream{Reader: body, ctx: ctx, watch: watch, stall: c.opts.Stall, fleet: c.opts.Pace, count: c.opts.Metrics}
	s.close = sync.OnceValue(func() error {
		watch.Stop()
		cancel(nil)
		h.leave()
		return body.Close()
	})
	resp.Body = s
	if resp.StatusCode/100 != 2 {
		defer func() { _ = s.Close() }() // the answer is known
		return nil, c.statusError(h, resp)
	}
	return resp, nil
}

// transportError sorts what the transport says into what may be tried again.
func (c *client) transportError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errStalled) {
		return backoff.Permanent(cause)
	} else if cause != nil {
		err = cause
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	err = fmt.Errorf("%w: %w", ErrUnavailable, bare(err))
	if errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &cert) {
		return backoff.Permanent(err)
	}
	return err
}

// bare takes the method and the URL off an error: the caller names them.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// statusError sorts an answer that is no success.
func (c *client) statusError(h *host, resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code == http.StatusNotModified:
		return backoff.Permanent(ErrNotModified)
	case code == http.StatusNotFound || code == http.StatusGone:
		return backoff.Permanent(fmt.Errorf("%w: status %d", ErrNotFound, code))
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		d, given := retryAfter(resp.Header.Get("Retry-After"))
		c.opts.Metrics.pauses.WithLabelValues("asked").Inc()
		err := &PauseError{Host: h.name, Status: code, RetryAfter: max(d, time.Second)}
		if c.opts.Pace != nil && (given || code == http.StatusTooManyRequests) {
			c.opts.Pace.Pause(h.name, d)
		}
		if d > c.opts.MaxWait {
			return backoff.Permanent(err)
		}
		if given {
			h.pause(d)
		}
		return err
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code >= 500 && code != http.StatusNotImplemented:
		return fmt.Errorf("%w: status %d", ErrUnavailable, code)
	case code == http.StatusRequestedRangeNotSatisfiable:
		return backoff.Permanent(errRange)
	case code == http.StatusNotImplemented:
		return backoff.Permanent(fmt.Errorf("%w: %w", ErrRefused, errNotImplemented))
	}
	return backoff.Permanent(fmt.Errorf("%w: status %d", ErrRefused, code))
}

// retryAfter reads a Retry-After header: seconds or a date (RFC 9110, 10.2.3).
func retryAfter(s string) (time.Duration, bool) {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return time.Duration(min(n, 7*24*3600)) * time.Second, true
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(t)), true
	}
	return 0, false
}

// again runs op until it succeeds, its error is permanent, or the tries are
// used up.
func (c *client) again(ctx context.Context, what string, op func() error) error {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = c.opts.Backoff, c.opts.MaxWait, 2
	tries := 0
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		tries++
		return struct{}{}, op()
	}, backoff.WithBackOff(b), backoff.WithMaxTries(uint(c.opts.Tries)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, wait time.Duration) {
			c.opts.Metrics.retries.Inc()
			c.opts.Log.Warn("index request is tried again", "what", what, "try", tries, "wait", wait.Round(time.Millisecond), "error", err)
		}))
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Err
	}
	var pause *PauseError
	if errors.As(err, &pause) && pause.Why == "" && tries >= c.opts.Tries && c.opts.Pace != nil {
		c.opts.Pace.Pause(pause.Host, pause.RetryAfter)
	}
	if err != nil && tries > 1 {
		err = fmt.Errorf("%w (%d tries)", err, tries)
	}
	return err
}

// stream is the body of an answer that may not stall.
type stream struct {
	io.Reader
	ctx   context.Context // of this one request; its cause says why a read failed
	watch *time.Timer
	stall time.Duration
	fleet Pace // counts; may be nil
	count *Metrics
	close func() error
}

func (s *stream) Read(p []byte) (int, error) {
	s.watch.Reset(s.stall)
	n, err := s.Reader.Read(p)
	s.watch.Stop()
	s.count.bytes.Add(float64(n))
	if s.fleet != nil {
		s.fleet.Read(n)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	if cause := context.Cause(s.ctx); cause != nil {
		return n, cause
	}
	return n, fmt.Errorf("%w: %w", errCut, err)
}

func (s *stream) Close() error { return s.close() }
