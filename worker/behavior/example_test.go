package behavior

import (
	"testing"

	"prevalence/schemas/catalog"
)

// TestExamples runs every example of every rule.
func TestExamples(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Rules {
		for _, err := range m.Check(&c.Rules[i]) {
			t.Error(err)
		}
	}
}
