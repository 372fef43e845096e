package peers

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fit says how what a rule finds compares with its behaviours.
type Fit string

// The fits. Part and Near do not carry a label over: that a behaviour is common
// does not say that the part of it is which the rule asks for.
const (
	Same Fit = "same" // the same code
	Part Fit = "part" // some of it: the rule is at most as common
	More Fit = "more" // all of it and other code, as the import alone: the rule is at least as common
	Near Fit = "near" // the same intent, seen by other means
)

// Rule is a rule of another scanner.
type Rule struct {
	ID        string   `yaml:"rule"`
	Name      string   `yaml:"name"`
	Fit       Fit      `yaml:"fit"`
	Behaviors []string `yaml:"behaviors"`
	None      string   `yaml:"none"` // why there is no behaviour
}

// Peer is another scanner. The zero value knows no rule.
type Peer struct {
	Tool    string `yaml:"tool"`    // lower case, as it names itself
	Version string `yaml:"version"` // whose rules are listed
	Rules   []Rule `yaml:"rules"`

	of map[string]*Rule
}

// Rule returns a rule of the scanner by its id or by its name, nil for one that
// is not listed.
func (p *Peer) Rule(id string) *Rule {
	if p == nil {
		return nil
	}
	return p.of[id]
}

//go:embed *.yaml
var files embed.FS

// Load reads the scanners that are built in, sorted by name.
func Load() ([]*Peer, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	var peers []*Peer
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("peers: %w", err)
		}
		p, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("peers: %s: %w", e.Name(), err)
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// Parse reads one scanner's file. It refuses unknown fields, a rule that stands
// twice, and one with neither or both of behaviors and none.
func Parse(data []byte) (*Peer, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	p := &Peer{of: make(map[string]*Rule)}
	if err := d.Decode(p); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	} else if err != nil {
		return nil, err
	}
	if p.Tool == "" || p.Tool != strings.ToLower(p.Tool) {
		return nil, fmt.Errorf("tool is %q, and must be a name in lower case", p.Tool)
	}
	fits := []Fit{Same, Part, More, Near}
	for i := range p.Rules {
		r := &p.Rules[i]
		switch {
		case r.ID == "":
			return nil, fmt.Errorf("rule %d of the list has no id", i+1)
		case p.of[r.ID] != nil:
			return nil, fmt.Errorf("rule %s stands twice", r.ID)
		case (len(r.Behaviors) == 0) == (r.None == ""):
			return nil, fmt.Errorf("rule %s needs either behaviors or none, a reason", r.ID)
		case r.None == "" && !slices.Contains(fits, r.Fit):
			return nil, fmt.Errorf("rule %s: fit is %q, and must be one of %v", r.ID, r.Fit, fits)
		case r.None != "" && r.Fit != "":
			return nil, fmt.Errorf("rule %s: fit says nothing without behaviors", r.ID)
		}
		p.of[r.ID] = r
	}
	for i := range p.Rules { // ruff prints names instead of ids when --preview is on
		if r := &p.Rules[i]; r.Name != "" && p.of[r.Name] == nil {
			p.of[r.Name] = r
		}
	}
	return p, nil
}
