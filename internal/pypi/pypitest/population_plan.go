package pypitest

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"prevalence/schemas/message"
)

// rarer are patterns that populations show besides snippets.
var rarer = []snippet{
	one("file/read", "import json", "open(path).read()"),
	one("file/read", "import json", "with open(path) as f:\n    print(f.read())"),
	one("execution/native-library", "import ctypes", "ctypes.CDLL(path)"),
	one("evasion/frame-inspection", "import sys", "sys._getframe()"),
	one("crypto/encrypt", "from cryptography.fernet import Fernet", "Fernet(name)"),
	one("network/server-listen", "from http.server import HTTPServer", "HTTPServer((host, 9), None)"),
	one("network/ssh", "import paramiko", "paramiko.SSHClient()"),
	one("network/websocket", "import websocket", "websocket.create_connection(host)"),
	one("network/unverified-tls", "import ssl", "ssl._create_unverified_context()"),
	one("permissions/change-owner", "import os", "os.chown(path, 0, 0)"),
	one("search/process-list", "import psutil", "psutil.process_iter()"),
	one("search/network-config", "import psutil", "psutil.net_if_addrs()"),
	{[]string{"search/hardware-id", "search/network-config"}, "import uuid", "uuid.getnode()"},
	{[]string{"settings/environment-write", "search/environment-variable"}, "import os", "os.environ[name] = 'x'"},
}

// populationOrder are the behaviours of a population, the commonest first.
// Their shares go down from mostShare to leastShare in equal steps of the
// logarithm.
var populationOrder = []string{
	"file/read", "file/write", "search/environment-variable", "network/http-client", "execution/process-spawn",
	"file/create-directory", "crypto/hash", "file/enumerate", "evasion/delay", "search/system-info",
	"file/delete", "execution/dynamic-import", "file/temporary", "execution/deserialization", "packer/decode-base64-hex",
	"file/copy", noAuthorEmail, "file/delete-tree", "settings/environment-write", "packer/encode-base64-hex",
	"network/socket", "execution/dynamic-code", "file/rename", "execution/shell-command", installHook,
	"packer/decompress", "execution/native-library", "evasion/frame-inspection", "file/extract-archive", "packer/compress",
	"permissions/change-mode", "search/user-info", "network/server-listen", "network/download-file", "network/websocket",
	"crypto/encrypt", "search/process-list", anonymousEmail, "network/ssh", "network/smtp-send",
	"search/hardware-id", "network/unverified-tls", "network/dns-lookup", "network/ftp", "search/network-config",
	"permissions/change-owner",
}

const (
	mostShare  = 0.60
	leastShare = 0.0005
)

// shown is a behaviour of a population and how often it occurs.
type shown struct {
	id       string
	share    float64
	snippets []snippet // empty for those that metadata or setup.py show
	top, old float64   // factors of the share in the Top 100 and before 2018
}

// populationShows is populationOrder with all that follows from it.
var populationShows = func() []shown {
	bySlug := make(map[string][]snippet)
	for _, s := range slices.Concat(snippets, rarer) {
		bySlug[s.behaviors[0]] = append(bySlug[s.behaviors[0]], s)
	}
	out := make([]shown, len(populationOrder))
	for i, id := range populationOrder {
		out[i] = shown{
			id: id, snippets: bySlug[id],
			share: mostShare * math.Pow(leastShare/mostShare, float64(i)/float64(len(populationOrder)-1)),
			top:   []float64{2.2, 0.6, 1.5, 1}[i%4],
			old:   []float64{0.7, 1.4, 1}[i%3],
		}
	}
	return out
}()

// PopulationBehaviors lists the behaviours whose truth a population knows, the
// commonest first. The bits of Shown are in this order.
func PopulationBehaviors() []string { return slices.Clone(populationOrder) }

// chance is the share of a behaviour among projects like n.
func (s shown) chance(n Name, old bool) float64 {
	share, weight := s.share, 0.0
	switch {
	case n.Rank == 0 || n.Rank > 10_000:
	case n.Rank <= 100:
		weight = 1
	case n.Rank <= 1_000:
		weight = 0.7
	default:
		weight = 0.4
	}
	share *= 1 + weight*(s.top-1)
	if old {
		share *= s.old
	}
	return min(share, 0.95)
}

// fate is what becomes of a project's scan.
type fate uint8

const (
	fateFine fate = iota
	fateEmpty
	fateQuarantined
	fateBroken
	fateWrongHash
)

// traits are what is drawn for a project before anything is made.
type traits struct {
	fate  fate
	forms forms
	older int    // releases before the latest
	bits  uint64 // of populationOrder
	seen  map[string][]message.Context
	r     *rand.Rand // goes on where the traits ended
}

// Shown is what a project shows, without making it.
type Shown struct {
	Outcome message.Outcome
	// Bits has bit i set when the project shows PopulationBehaviors()[i] in a
	// context that counts. Of an unanalysed project it is what an analysis would have found.
	Bits uint64
}

// Shown tells what a project shows at a revision.
func (p *Population) Shown(n Name, revision int) Shown {
	t, _ := p.draw(n, revision, false)
	return Shown{t.outcome(), t.bits}
}

func (t traits) outcome() message.Outcome {
	switch t.fate {
	case fateEmpty, fateQuarantined:
		return message.OutcomeEmpty
	case fateBroken, fateWrongHash:
		return message.OutcomeUnanalysed
	}
	return message.OutcomeOK
}

func (t traits) truth() ProjectTruth {
	out := ProjectTruth{Outcome: t.outcome(), Behaviors: t.seen, OnlyByHash: t.fate == fateWrongHash}
	if out.Outcome != message.OutcomeOK && !out.OnlyByHash {
		out.Behaviors = nil
	}
	return out
}

// Before 2018 Python 2 was common, and wheels were not.
var oldBefore = time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)

// draw draws a project's traits and, if wanted, the plan of its latest release.
func (p *Population) draw(n Name, revision int, planned bool) (traits, plan) {
	r := rand.New(rand.NewPCG(p.config.Seed+uint64(revision)<<32, xxhash.Sum64String(n.Name)))
	t := traits{r: r}
	old := n.Released.Before(oldBefore) && revision == 0
	switch x := r.IntN(10_000); {
	case n.Released.IsZero() || x < 380:
		t.fate = fateEmpty
	case x < 385:
		t.fate = fateQuarantined
	case x < 400:
		t.fate = fateBroken
	case x < 405:
		t.fate = fateWrongHash
	}
	t.forms = p.drawForms(r, old)
	t.older = r.IntN(4)
	pl := plan{email: "team@packages.example.org"}
	if planned {
		t.seen = make(map[string][]message.Context)
	}
	for i, s := range populationShows {
		u, which, at, inner := r.Float64(), r.Uint32(), r.IntN(20), r.IntN(2) == 0
		if u >= s.chance(n, old) {
			if u > 0.98 && len(s.snippets) > 0 && t.forms.sdist != "" && planned { // in its tests alone
				pl.placed = append(pl.placed, placed{s.pick(which, old), message.ContextSupport, inner})
			}
			continue
		}
		if len(s.snippets) == 0 {
			t.bits |= pl.say(s.id, t.forms, i)
			continue
		}
		pick := s.pick(which, old)
		for _, b := range pick.behaviors {
			t.bits |= 1 << populationBit[b]
		}
		if !planned {
			continue
		}
		context := message.ContextCall
		if at < 6 {
			context = message.ContextImport
		}
		pl.placed = append(pl.placed, placed{pick, context, inner})
	}
	if planned {
		for range 1 + r.IntN(3) {
			if d := r.IntN(len(decoys)); !slices.Contains(pl.decoys, d) {
				pl.decoys = append(pl.decoys, d)
			}
		}
		pl.note(ProjectTruth{Behaviors: t.seen})
	}
	return t, pl
}

var populationBit = func() map[string]int {
	at := make(map[string]int, len(populationOrder))
	for i, id := range populationOrder {
		at[id] = i
	}
	return at
}()

// pick chooses a spelling; Python 2's for old projects alone.
func (s shown) pick(which uint32, old bool) snippet {
	pick := s.snippets[int(which)%len(s.snippets)]
	if pick.imports == "import urllib2" && !old {
		pick = s.snippets[0]
	}
	return pick
}

// say puts a behaviour into the plan that no snippet shows, and returns its bit.
func (p *plan) say(id string, f forms, bit int) uint64 {
	switch {
	case id == installHook && f.sdist != "":
		p.hook = true
	case id == noAuthorEmail:
		p.email = ""
	case id == anonymousEmail && p.email != "":
		p.email = "quiet.author@proton.me"
	default:
		return 0
	}
	return 1 << bit
}

func (p *Population) drawForms(r *rand.Rand, old bool) forms {
	x := r.IntN(100)
	switch {
	case p.config.SdistOnly, old && x < 60, x < 16:
		return forms{sdist: ".tar.gz"}
	case x < 18:
		return forms{sdist: ".zip"}
	case x < 30:
		return forms{wheel: true}
	}
	return forms{sdist: ".tar.gz", wheel: true}
}
