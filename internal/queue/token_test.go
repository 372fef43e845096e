package queue_test

import (
	"regexp"
	"strings"
	"testing"

	"prevalence/internal/queue"
)

func TestToken(t *testing.T) {
	for in, want := range map[string]string{
		"":              "=",
		"requests":      "requests",
		"zope-event":    "zope-event",
		"1.0.post1":     "1_0_post1",
		"1!2.0+ab_c":    "1=212_0=2Bab=5Fc",
		"a b.*>":        "a=20b_=2A=3E",
		"ä":             "=C3=A4",
		"= and newline": "=3D=20and=20newline",
	} {
		if got := queue.Token(in); got != want {
			t.Errorf("Token(%q) = %q, want %q", in, got, want)
		}
	}
}

var tokenPattern = regexp.MustCompile(`^[-_=A-Za-z0-9]{1,200}$`)

func FuzzToken(f *testing.F) {
	f.Add("1.0", "1_0")
	f.Add("", "=")
	f.Add(strings.Repeat("x", 300)+"a", strings.Repeat("x", 300)+"b")
	f.Fuzz(func(t *testing.T, a, b string) {
		ta, tb := queue.Token(a), queue.Token(b)
		if !tokenPattern.MatchString(ta) {
			t.Errorf("Token(%q) = %q is not a token", a, ta)
		}
		if (a == b) != (ta == tb) {
			t.Errorf("Token(%q) = %q, Token(%q) = %q", a, ta, b, tb)
		}
	})
}
