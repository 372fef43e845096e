//go:build plant_save_before_ack

package crawler

import (
	"context"
	"errors"
	"time"

	"prevalence/schemas/message"
)

// plantedPause holds the window of the fault open, so that a few kills find it.
const plantedPause = time.Second

// plantLateJobs plants a fault: the list is saved before the broker has taken
// its jobs, so a crawler that dies in between forgets them. It shows that the
// chaos bench would notice.
func plantLateJobs(s *sweep) (afterSave func(context.Context) error) {
	late := &lateJobs{JobPublisher: s.Jobs}
	s.Jobs = late
	return func(ctx context.Context) error {
		time.Sleep(plantedPause)
		var err error
		for _, j := range late.jobs {
			err = errors.Join(err, late.JobPublisher.Publish(ctx, j, func(bool, error) {}))
		}
		return errors.Join(err, late.JobPublisher.Flush(ctx))
	}
}

// lateJobs says of every job that it was taken, and keeps it.
type lateJobs struct {
	JobPublisher
	jobs []message.Job
}

func (l *lateJobs) Publish(_ context.Context, j message.Job, done func(bool, error)) error {
	l.jobs = append(l.jobs, j)
	done(true, nil)
	return nil
}

func (l *lateJobs) Flush(context.Context) error { return nil }
