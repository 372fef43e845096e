package synthetic

import (
	"fmt"
	"testing"

	"prevalence/schemas/message"
)

// BenchmarkDecode decodes scans as the aggregator gets them.
func BenchmarkDecode(b *testing.B) {
	c := Config{Seed: 1, Share: 0.1, Behaviors: []string{"a/b", "a/c", "a/d", "a/e"}}
	for i := range 100 {
		c.Names = append(c.Names, fmt.Sprint("project-", i))
	}
	g := New(c)
	var encoded [][]byte
	for i := range c.Names {
		e, err := message.EncodeScan(g.Scan(i))
		if err != nil {
			b.Fatal(err)
		}
		encoded = append(encoded, e)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := message.DecodeScan(encoded[i%len(encoded)]); err != nil {
			b.Fatal(err)
		}
	}
}
