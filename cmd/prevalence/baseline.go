package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"prevalence/schemas/message"
)

// sarifFingerprint is the key of a fingerprint in SARIF's partialFingerprints.
const sarifFingerprint = "prevalence/v1"

// baseline is what is known of a distribution already: of a file that was
// written down, or of an earlier release.
type baseline struct {
	fingerprints map[string]bool
	// behaviors are known wherever they stand. Of a package as a whole the place
	// has the version in its name and is a new one with each release.
	behaviors map[string]bool
}

func newBaseline() *baseline {
	return &baseline{fingerprints: make(map[string]bool), behaviors: make(map[string]bool)}
}

// knows says whether a hit was there before.
func (b *baseline) knows(behavior string, c message.Context, fingerprint string) bool {
	return b.fingerprints[fingerprint] || c == message.ContextPackage && b.behaviors[behavior]
}

// add learns what a scan shows.
func (b *baseline) add(s *message.Scan) {
	for _, o := range s.Observations {
		b.behaviors[o.Behavior] = true
		for _, e := range o.Evidence {
			b.fingerprints[e.Fingerprint] = true
		}
	}
}

var fingerprintLine = regexp.MustCompile(`^[0-9a-f]{16}$`)

// read learns what stands in a file: what scan printed as JSON or as SARIF, or
// a text with a fingerprint a line.
func (b *baseline) read(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return usage(fmt.Errorf("baseline %s cannot be read: %w", name, causeOf(err)))
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '{' {
		for i, line := range strings.Split(string(data), "\n") {
			line, _, _ = strings.Cut(line, "#")
			switch line = strings.TrimSpace(line); {
			case line == "":
			case fingerprintLine.MatchString(line):
				b.fingerprints[line] = true
			default:
				return usage(fmt.Errorf("baseline %s:%d is no fingerprint; write what 'prevalence scan --format sarif' prints", name, i+1))
			}
		}
		return nil
	}
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return usage(fmt.Errorf("baseline %s is no output of 'prevalence scan' as JSON or SARIF: %w", name, err))
		}
		b.learn(v)
	}
}

// learn walks a document for fingerprints and behaviours.
func (b *baseline) learn(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			b.learn(x)
		}
	case map[string]any:
		for key, x := range v {
			s, isText := x.(string)
			switch {
			case !isText:
				b.learn(x)
			case key == "fingerprint" || key == sarifFingerprint:
				b.fingerprints[s] = true
			case key == "behavior" || key == "ruleId":
				b.behaviors[s] = true
			}
		}
	}
}
