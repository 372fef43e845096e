package queue_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"prevalence/internal/engine/enginetest"
)

const publisherEnv = "PREVALENCE_TEST_PUBLISHER"

// What the broker acknowledged is there after its process was killed.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	publisher := exec.Command(self, "-test.run=^TestPublisher$")
	publisher.Env = append(os.Environ(), publisherEnv+"="+dir)
	out, err := publisher.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Start(); err != nil {
		t.Fatal(err)
	}
	accepted := uint64(0)
	lines := bufio.NewScanner(out)
	for accepted < 3000 && lines.Scan() {
		accepted++
	}
	if err := publisher.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it had said before it died
		accepted++
	}
	_ = publisher.Wait()
	b := enginetest.BrokerIn(t, dir)
	backlog, err := connect(t, b, b.Owner()).Backlog(t.Context())
	if err != nil || accepted < 3000 || backlog.Jobs < accepted {
		t.Errorf("%d jobs after the kill, %v; %d were acknowledged", backlog.Jobs, err, accepted)
	}
}

// TestPublisher is the process that TestNothingAcknowledgedIsLost kills: a
// broker, and a line for each job that it acknowledged.
func TestPublisher(t *testing.T) {
	dir := os.Getenv(publisherEnv)
	if dir == "" {
		return
	}
	b := enginetest.BrokerIn(t, dir)
	c := connect(t, b, b.Owner())
	for i := range 1_000_000 {
		err := c.Jobs().Publish(t.Context(), job(fmt.Sprintf("p%d", i)), func(ok bool, err error) {
			if ok && err == nil {
				fmt.Println(i)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
