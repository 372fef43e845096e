package aggregator

import (
	"cmp"
	"math"
	"slices"

	"prevalence/schemas/message"
)

// observationRows are the nested columns of behaviours, which scans and
// rematched scans have.
type observationRows struct {
	Behavior [][]string `ch:"behavior"`
	Contexts [][]uint8  `ch:"contexts"`
	Resolved [][]uint8  `ch:"resolved"`

	ObservationBehavior  [][]string `ch:"observation.behavior"`
	ObservationContext   [][]string `ch:"observation.context"`
	ObservationCertainty [][]string `ch:"observation.certainty"`
	ObservationHits      [][]uint32 `ch:"observation.hits"`
	EvidenceObservation  [][]uint16 `ch:"evidence.observation"`
	EvidencePath         [][]string `ch:"evidence.path"`
	EvidenceLine         [][]uint32 `ch:"evidence.line"`
	EvidenceEndLine      [][]uint32 `ch:"evidence.end_line"`
	EvidenceSymbol       [][]string `ch:"evidence.symbol"`
	EvidenceFingerprint  [][]string `ch:"evidence.fingerprint"`
}

// add adds the observations of one scan.
func (r *observationRows) add(observations []message.Observation) {
	obs := slices.Clone(observations)
	slices.SortStableFunc(obs, func(a, b message.Observation) int { return cmp.Compare(a.Behavior, b.Behavior) })
	var behavior []string
	var contexts, resolved []uint8
	var evObs []uint16
	var evPath, evSymbol, evPrint []string
	var evLine, evEnd []uint32
	for i, o := range obs {
		if i == 0 || behavior[len(behavior)-1] != o.Behavior {
			behavior = append(behavior, o.Behavior)
			contexts = append(contexts, 0)
			resolved = append(resolved, 0)
		}
		last, bit := len(behavior)-1, contextBit(o.Context)
		contexts[last] |= bit
		if o.Certainty == message.Resolved {
			resolved[last] |= bit
		}
		for _, e := range o.Evidence {
			evObs = append(evObs, uint16(min(i+1, math.MaxUint16)))
			evPath = append(evPath, e.Path)
			evLine = append(evLine, count32(e.Line))
			evEnd = append(evEnd, count32(e.EndLine))
			evSymbol = append(evSymbol, e.Symbol)
			evPrint = append(evPrint, e.Fingerprint)
		}
	}
	r.Behavior = append(r.Behavior, behavior)
	r.Contexts = append(r.Contexts, contexts)
	r.Resolved = append(r.Resolved, resolved)
	r.ObservationBehavior = append(r.ObservationBehavior, each(obs, func(o message.Observation) string { return o.Behavior }))
	r.ObservationContext = append(r.ObservationContext, each(obs, func(o message.Observation) string { return string(o.Context) }))
	r.ObservationCertainty = append(r.ObservationCertainty, each(obs, func(o message.Observation) string { return string(o.Certainty) }))
	r.ObservationHits = append(r.ObservationHits, each(obs, func(o message.Observation) uint32 { return count32(o.Hits) }))
	r.EvidenceObservation = append(r.EvidenceObservation, evObs)
	r.EvidencePath = append(r.EvidencePath, evPath)
	r.EvidenceLine = append(r.EvidenceLine, evLine)
	r.EvidenceEndLine = append(r.EvidenceEndLine, evEnd)
	r.EvidenceSymbol = append(r.EvidenceSymbol, evSymbol)
	r.EvidenceFingerprint = append(r.EvidenceFingerprint, evPrint)
}
