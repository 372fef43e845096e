package message_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"prevalence/schemas/message"
)

// TestEncodeScanFits shows that a scan far above the limit is cut until it
// fits, symbols first, and says what was cut.
func TestEncodeScanFits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	s := &message.Scan{Schema: message.ScanSchema, Project: "big", Version: "1"}
	const symbols, indicators = 200_000, 1_000
	for range symbols {
		s.Symbols = append(s.Symbols, message.Symbol{Name: fmt.Sprintf("m%x.f%x", rnd.Uint64(), rnd.Uint64()), Kind: message.SymbolCall, Hits: 1})
	}
	for range indicators {
		s.Indicators = append(s.Indicators, message.Indicator{Kind: "url", Value: fmt.Sprintf("https://example.org/%x", rnd.Uint64())})
	}
	b, err := message.EncodeScan(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > message.MaxScanBytes {
		t.Errorf("encoded to %d bytes, the limit is %d", len(b), message.MaxScanBytes)
	}
	got, err := message.DecodeScan(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Symbols) == 0 || len(got.Symbols)+got.Dropped["symbols"] != symbols {
		t.Errorf("%d symbols kept and %d dropped of %d", len(got.Symbols), got.Dropped["symbols"], symbols)
	}
	if len(got.Indicators) != indicators {
		t.Errorf("%d of %d indicators kept, though the symbols could give way", len(got.Indicators), indicators)
	}
}

func TestDecodeScanRefuses(t *testing.T) {
	newer, err := message.EncodeScan(&message.Scan{Schema: message.ScanSchema + 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := message.DecodeScan(newer); !errors.Is(err, message.ErrSchema) {
		t.Errorf("a newer scan gives %v, want ErrSchema", err)
	}
	for _, b := range [][]byte{nil, []byte("{}"), newer[:len(newer)/2]} {
		if _, err := message.DecodeScan(b); err == nil {
			t.Errorf("%d bytes that are no scan were accepted", len(b))
		}
	}
}

func FuzzDecodeIndex(f *testing.F) {
	b, err := message.EncodeIndex(&message.Index{Schema: message.StateSchema})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := message.DecodeIndex(b)
		if err != nil {
			return
		}
		if _, err := message.EncodeIndex(x); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}

func FuzzDecodeScan(f *testing.F) {
	b, err := message.EncodeScan(&message.Scan{Schema: message.ScanSchema, Project: "p", Version: "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := message.DecodeScan(b)
		if err != nil {
			return
		}
		if _, err := message.EncodeScan(s); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
