package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/query/annotate"
	"prevalence/schemas/message"
)

// scanCheck holds one's own code against a reference and a baseline. The zero
// value checks nothing.
type scanCheck struct {
	ref   *annotate.Reference // nil: none
	fail  []string            // of failWords
	known *baseline           // nil: nothing is known, everything is new

	failed  int    // hits that the policy does not allow
	example string // the first of them
}

// failWords are what --fail-on takes: labels, and Important.
var failWords = []string{"important", "rare", "unseen", "uncommon", "common", "new"}

// newScanCheck reads what the settings name. It scans the earlier release, if
// there is one.
func (a *app) newScanCheck(ctx context.Context, c *config) (*scanCheck, error) {
	k := new(scanCheck)
	for _, word := range c.FailOn {
		word = strings.ToLower(strings.TrimSpace(word))
		if !slices.Contains(failWords, word) {
			return nil, usage(fmt.Errorf("fail-on %q is none of %s", word, strings.Join(failWords, ", ")))
		}
		if word != "new" && c.Reference == "" {
			return nil, usage(fmt.Errorf("fail-on %s asks how common things are: name a dataset by --reference", word))
		}
		k.fail = append(k.fail, word)
	}
	if c.Reference != "" {
		ref, err := c.reference()
		if err != nil {
			return nil, err
		}
		k.ref = ref
	}
	if c.Baseline == "" && c.Since == "" {
		if slices.Contains(k.fail, "new") {
			return nil, usage(fmt.Errorf("fail-on new asks what is new since when: give --since or --baseline"))
		}
		return k, nil
	}
	k.known = newBaseline()
	if c.Baseline != "" {
		if err := k.known.read(c.Baseline); err != nil {
			return nil, err
		}
	}
	if c.Since == "" {
		return k, nil
	}
	earlier, err := expandPaths([]string{c.Since})
	if err != nil {
		return nil, err
	}
	return k, a.scanEach(ctx, c, earlier, func(_ string, s *message.Scan) error { k.known.add(s); return nil })
}

// on says whether there is anything to hold against.
func (k *scanCheck) on() bool { return k.ref != nil || k.known != nil }

// mark notes on a scan how unusual and how new each observation is, sorts it,
// the rarest first, and counts what the policy does not allow. Tests, docs and
// examples break no policy: headline counts leave them out as well.
func (k *scanCheck) mark(x *scanned) {
	for i := range x.Observations {
		o := &x.Observations[i]
		if k.ref != nil {
			o.Prevalence = k.ref.Note(o.Behavior)
		}
		fresh := 0
		for j := range o.Evidence {
			e := &o.Evidence[j]
			isNew := k.known == nil || !k.known.knows(o.Behavior, o.Context, e.Fingerprint)
			if k.known != nil {
				e.New = &isNew
			}
			if !isNew {
				continue
			}
			fresh++
			if o.Context != message.ContextSupport && k.forbids(o) {
				k.failed++
				if k.example == "" {
					k.example = o.Behavior + " at " + e.place()
				}
			}
		}
		if k.known != nil {
			o.New = &fresh
		}
	}
	if k.ref != nil {
		slices.SortStableFunc(x.Observations, func(a, b observed) int { return a.Prevalence.Compare(b.Prevalence) })
	}
}

// forbids says whether new hits of an observation break the policy.
func (k *scanCheck) forbids(o *observed) bool {
	for _, word := range k.fail {
		if word == "new" || o.Prevalence != nil &&
			(word == "important" && o.Prevalence.Important() || word == strings.ToLower(string(o.Prevalence.Label))) {
			return true
		}
	}
	return false
}

// end says whether the policy holds.
func (k *scanCheck) end() error {
	if k.failed == 0 {
		return nil
	}
	return errPolicy{fmt.Sprintf("%d %s not allowed by fail-on %s, the first is %s", k.failed, plural(k.failed, "hit is", "hits are"),
		strings.Join(k.fail, ","), k.example)}
}

// cells are what a check adds to a row of a table: label, counts, lift, new hits.
func (o *observed) cells(bands []prevalence.Band) []string {
	var row []string
	if n := o.Prevalence; n != nil {
		row = append(row, string(n.Label))
		for _, b := range bands {
			count := ""
			if x, ok := n.Behaviors[0].Bands[b.String()]; ok {
				count = fmt.Sprintf("%d of %d", x.Count, x.Scanned)
			}
			row = append(row, count)
		}
		important := ""
		if n.Important() {
			important = "Important"
		}
		row = append(row, important)
	}
	if o.New != nil {
		row = append(row, fmt.Sprint(*o.New))
	}
	return row
}

// checkColumns are the columns of cells.
func (k *scanCheck) checkColumns(bands []prevalence.Band) []column {
	var all []column
	if k.ref != nil {
		all = append(all, column{title: "Label", key: "label"})
		for _, b := range bands {
			all = append(all, column{title: b.Title(), key: b.String(), number: true})
		}
		all = append(all, column{title: "", key: "important"})
	}
	if k.known != nil {
		all = append(all, column{title: "New", key: "new", number: true})
	}
	return all
}

// checks says whether every hit is needed, listed or not.
func (c *config) checks() bool {
	return c.Reference != "" || c.Baseline != "" || c.Since != "" || len(c.FailOn) > 0 || c.Format == "sarif"
}
