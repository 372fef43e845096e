package sandbox

import (
	"strings"
	"testing"
)

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		state    State
		complete bool
		missing  string
	}{
		{State{Landlock: 7, Seccomp: true}, true, ""},
		{State{Landlock: 3, Seccomp: true}, false, "TCP ports"},
		{State{Seccomp: true}, false, "no Landlock"},
		{State{Landlock: 7}, false, "seccomp"},
		{State{}, false, "no Landlock"},
	} {
		if c.state.Complete() != c.complete || !strings.Contains(c.state.Missing(), c.missing) || (c.state.Missing() == "") != c.complete {
			t.Errorf("%v: complete %v, missing %q", c.state, c.state.Complete(), c.state.Missing())
		}
	}
}
