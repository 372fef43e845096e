package pypitest

import (
	"math/rand/v2"
	"slices"

	"prevalence/schemas/message"
)

// forms are the kinds of files that a release has.
type forms struct {
	sdist string // its ending, or empty
	wheel bool
	egg   bool
}

func drawForms(r *rand.Rand, q quirk) forms {
	switch q {
	case eggOnly:
		return forms{egg: true}
	case xzSdist:
		return forms{sdist: ".tar.xz"}
	case zipSdist:
		return forms{sdist: ".zip"}
	case legacyName, installsHook:
		return forms{sdist: ".tar.gz"}
	}
	switch r.IntN(5) {
	case 0:
		return forms{sdist: ".tar.gz"}
	case 1:
		return forms{wheel: true}
	}
	return forms{sdist: ".tar.gz", wheel: true}
}

// plan is what a release is made to show.
type plan struct {
	placed []placed
	decoys []int // of decoys
	hook   bool
	email  string // the author's address, empty for none
}

// placed is a snippet in a context.
type placed struct {
	snippet
	context message.Context
	inner   bool // imports inside the function
}

// drawPlan draws snippets. How often a behaviour occurs differs by behaviour
// and by rank: even ones are commoner among the first hundred, odd ones below.
func drawPlan(r *rand.Rand, f forms, i int) plan {
	var p plan
	contexts := []message.Context{message.ContextImport, message.ContextCall, message.ContextCall}
	if f.sdist != "" {
		contexts = append(contexts, message.ContextSupport)
	}
	installs := false
	for first := 0; first < len(snippets); {
		last := first
		for last < len(snippets) && snippets[last].behaviors[0] == snippets[first].behaviors[0] {
			last++
		}
		chance := 3 + (first*7)%24 // of 100
		if (i < 100) == (first%2 == 0) {
			chance = chance*2 + 5
		}
		if r.IntN(100) < chance {
			s := snippets[first+r.IntN(last-first)]
			at := contexts[r.IntN(len(contexts))]
			if f.sdist != "" && !installs && r.IntN(20) == 0 && s.imports != "import urllib2" {
				at, installs = message.ContextInstall, true
			}
			p.placed = append(p.placed, placed{s, at, r.IntN(2) == 0})
		}
		first = last
	}
	for range 1 + r.IntN(3) {
		if d := r.IntN(len(decoys)); !slices.Contains(p.decoys, d) {
			p.decoys = append(p.decoys, d)
		}
	}
	switch n := r.IntN(100); {
	case n < 4:
		p.email = "quiet.author@proton.me"
	case n < 6:
		p.email = "someone.else@tutanota.com"
	case n < 14: // none
	default:
		p.email = "team@packages.example.org"
	}
	return p
}

// note adds what the plan shows to a truth.
func (p plan) note(t ProjectTruth) {
	for _, s := range p.placed {
		for _, b := range s.behaviors {
			t.add(b, s.context)
		}
	}
	if p.hook {
		t.add(installHook, message.ContextInstall)
	}
	switch p.email {
	case "":
		t.add(noAuthorEmail, message.ContextPackage)
	case "team@packages.example.org":
	default:
		t.add(anonymousEmail, message.ContextPackage)
	}
}

func (t ProjectTruth) add(behavior string, c message.Context) {
	if !slices.Contains(t.Behaviors[behavior], c) {
		t.Behaviors[behavior] = append(t.Behaviors[behavior], c)
		slices.Sort(t.Behaviors[behavior])
	}
}
