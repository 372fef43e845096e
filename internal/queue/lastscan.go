package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

// LastScan returns the newest scan of a release that is kept, or ErrNotFound.
func (c *Conn) LastScan(ctx context.Context, project, version string) (*message.Scan, error) {
	fail := func(err error) error {
		return fmt.Errorf("queue: last scan of %s %s: %w", project, version, err)
	}
	stream, err := c.js.Stream(ctx, streamScans)
	if err != nil {
		return nil, fail(err)
	}
	msg, err := stream.GetLastMsgForSubject(ctx, "scans."+Token(project)+"."+Token(version))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fail(ErrNotFound)
	}
	if err != nil {
		return nil, fail(err)
	}
	s, err := message.DecodeScan(msg.Data)
	if err != nil {
		return nil, fail(err)
	}
	return s, nil
}
