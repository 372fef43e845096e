package behavior

import (
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// context numbers the contexts of message; zero is none.
type context uint8

const (
	ctxInstall context = iota + 1
	ctxStartup
	ctxImport
	ctxCall
	ctxPackage
	ctxSupport
	numContexts
)

// contextNames are the message's contexts by number.
var contextNames = [numContexts]message.Context{
	"", message.ContextInstall, message.ContextStartup, message.ContextImport,
	message.ContextCall, message.ContextPackage, message.ContextSupport,
}

// sourceContexts number the contexts of pysource.
var sourceContexts = [8]context{
	pysource.ContextImport: ctxImport, pysource.ContextCall: ctxCall, pysource.ContextInstall: ctxInstall,
	pysource.ContextStartup: ctxStartup, pysource.ContextSupport: ctxSupport,
}

func contextOf(c message.Context) context {
	for i, name := range contextNames {
		if name == c && i > 0 {
			return context(i)
		}
	}
	return 0
}

const allContexts = 1<<numContexts - 1

// certainties are the message's certainties by pysource's number.
var certainties = [4]message.Certainty{"", message.Likely, message.Resolved}

// signal is one matcher set of a rule: its Match, or a set of a combination.
// Whatever matches the set raises the signal.
type signal struct {
	rule  uint32
	group int32 // index of its combination in Matcher.groups, or -1: a hit of the rule itself
	// anchor says that the combination's hits are this signal's.
	anchor bool
}

// group is a compiled combination: signals instead of sets.
type group struct {
	rule             uint32
	scope            catalog.Scope
	all, any, unless []uint32
}

// anchors are the signals whose hits are the combination's.
func (g *group) anchors() []uint32 {
	if len(g.all) > 0 {
		return g.all[:1]
	}
	return g.any
}

// holds says whether the combination is true of what raised reports.
func (g *group) holds(raised func(signal uint32) bool) bool {
	for _, s := range g.all {
		if !raised(s) {
			return false
		}
	}
	for _, s := range g.unless {
		if raised(s) {
			return false
		}
	}
	for _, s := range g.any {
		if raised(s) {
			return true
		}
	}
	return len(g.any) == 0
}
