package message_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/message"
)

// TestEncodeJob holds the encoder to encoding/json, for each field set and unset.
func TestEncodeJob(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 123, time.FixedZone("", 3600))
	for _, j := range []message.Job{
		{},
		*contracts()["job"].(*message.Job),
		{Schema: 1, Project: "a-b", Serial: "page:0123", Reason: message.ReasonRescan, Sweep: at, Releases: 3, Versions: []string{"1.0", "2!1.0+x", `"\`}},
	} {
		want, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(message.EncodeJob(&j))); diff != "" {
			t.Error(diff)
		}
	}
}
