package catalog

import "testing"

func TestDefaultLoads(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Rules); n < 190 {
		t.Errorf("%d rules", n)
	}
	for _, id := range []string{"anonymous-author", "removed-components", "yanked", "quarantined"} {
		if c.Issue(id) == nil {
			t.Errorf("issue %s is missing", id)
		}
	}
}
