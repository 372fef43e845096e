//go:build !plant_save_before_ack

package crawler

import "context"

// plantLateJobs does nothing but in builds with a planted fault: see
// save_plant.go.
func plantLateJobs(*sweep) (afterSave func(context.Context) error) {
	return func(context.Context) error { return nil }
}
