package aggregator

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Forms of PEP 508 and of what stands in old metadata.
func TestParseRequirement(t *testing.T) {
	tests := []struct {
		in   string
		want requirement
	}{
		{"requests", requirement{name: "requests"}},
		{"Zope.Interface_x>=1", requirement{name: "zope-interface-x", specifier: ">=1"}},
		{"requests[socks, Security] >= 2.8.1, == 2.8.* ; python_version < '2.7'",
			requirement{name: "requests", extras: []string{"security", "socks"}, specifier: ">=2.8.1,==2.8.*", marker: "python_version < '2.7'"}},
		{"a (>=1,<2)", requirement{name: "a", specifier: ">=1,<2"}},
		{"a>=1;extra=='Dev_Tools'", requirement{name: "a", specifier: ">=1", marker: "extra=='Dev_Tools'", extra: []string{"dev-tools"}}},
		{"a; (extra == \"y\" or 'x' == extra)  and os_name=='nt'",
			requirement{name: "a", marker: "(extra == \"y\" or 'x' == extra) and os_name=='nt'", extra: []string{"x", "y"}}},
		{"pip @ https://user:pw@example.org/p;v=1.zip ; python_version > '3'",
			requirement{name: "pip", specifier: "@ https://example.org/p;v=1.zip", marker: "python_version > '3'"}},
		{"a[", requirement{name: "a"}},
		{"a-", requirement{name: "a", specifier: "-"}},
	}
	for _, tt := range tests {
		got, ok := parseRequirement(tt.in)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(requirement{})); !ok || diff != "" {
			t.Errorf("%q: %t %s", tt.in, ok, diff)
		}
	}
	for _, in := range []string{"", " ", "; x", "[a]", "-a", "日本"} {
		if got, ok := parseRequirement(in); ok {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func FuzzParseRequirement(f *testing.F) {
	f.Add("requests[socks] >= 2 ; extra == 'x'")
	f.Add("a @ file:///x ; y")
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseRequirement(s)
		if ok != (r.name != "") || ok && normalize(r.name) != r.name {
			t.Errorf("%q: %t, name %q", s, ok, r.name)
		}
	})
}
