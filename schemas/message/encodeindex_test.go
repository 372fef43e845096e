package message_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"prevalence/schemas/message"
)

// TestIndexIsPlainJSON: what EncodeIndex writes by hand is what encoding/json
// would, and DecodeIndex reads either.
func TestIndexIsPlainJSON(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	for name, x := range map[string]*message.Index{
		"example": contracts()["index"].(*message.Index),
		"empty":   {Projects: map[string]message.Serial{}},
		"odd": {
			URL: `https://index.example.org/"projects":{}/`, Sweep: at, Seed: 1<<64 - 1, Pending: []string{"z", "a"},
			Projects: map[string]message.Serial{"b": "page:00", "a": "", "c\"\\\n": "3"},
			Removed:  map[string]time.Time{`"projects":{}`: at},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := message.EncodeIndex(x)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := dec.DecodeAll(b, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			var got, expected any
			if err := json.Unmarshal(plain, &got); err != nil {
				t.Fatalf("%v in %s", err, plain)
			}
			if err := json.Unmarshal(want, &expected); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("not what encoding/json writes: %s", diff)
			}
			for _, b := range [][]byte{b, enc.EncodeAll(want, nil)} {
				back, err := message.DecodeIndex(b)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(x, back); diff != "" {
					t.Errorf("round trip: %s", diff)
				}
			}
		})
	}
	for _, bad := range []string{`{"projects":{"a":1}}`, `{"projects":{"a":"1"}`, `{"projects":7}`, `[]`, ``} {
		if x, err := message.DecodeIndex(enc.EncodeAll([]byte(bad), nil)); err == nil {
			t.Errorf("%s: read as %+v", bad, x)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	x := &message.Index{Projects: make(map[string]message.Serial)}
	for i := range 886_000 {
		x.Projects[fmt.Sprintf("project-%d", i*7919%1_000_003)] = message.Serial(fmt.Sprint(30_000_000 + i))
	}
	encoded, err := message.EncodeIndex(x)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if _, err := message.EncodeIndex(x); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := message.DecodeIndex(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
}
