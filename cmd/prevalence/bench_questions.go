package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"prevalence/aggregator/synthetic"
	"prevalence/internal/engine"
	"prevalence/internal/store"
	"prevalence/query"
)

// question is a query whose latency is a figure.
type question struct {
	what  string
	most  float64 // ms, the goal
	query string
	key   func(rng *rand.Rand) string // draws the value of {key:String}
}

// asked is how often each question is asked, with another key each time.
const asked = 50

// newest is the condition that picks the newest snapshot.
const newest = `snapshot = (SELECT max(snapshot) FROM snapshots)`

func (b *datasetBench) questions() []question {
	symbol := func(rng *rand.Rand) string { return synthetic.SymbolName(rng.Uint64N(2000)) }
	behavior := func(rng *rand.Rand) string { return b.rules.Rules[rng.IntN(len(b.rules.Rules))].ID }
	return []question{
		{"one behaviour", 10, `SELECT context, band, count, share FROM prevalence WHERE ` + newest + ` AND kind = 'behavior' AND id = {key:String}`, behavior},
		{"the whole table", 50, `SELECT id, band, count, share, low, high, label FROM prevalence
			WHERE ` + newest + ` AND kind = 'behavior' AND context = '' AND id != {key:String}`, behavior},
		{"a symbol's prevalence", 20, `SELECT kind, seen, drawn, proven FROM symbol_counts WHERE ` + newest + ` AND name = {key:String}`, symbol},
		{"a symbol's projects", 150, `SELECT project_id, max(contexts) FROM current_symbols WHERE name = {key:String}
			GROUP BY project_id ORDER BY min(rank) = 0, min(rank) LIMIT 100`, symbol},
		{"symbols by wildcard", 1000, `SELECT name, kind, community FROM symbol_counts
			WHERE ` + newest + ` AND name LIKE concat({key:String}, '%') ORDER BY community DESC LIMIT 100`,
			func(rng *rand.Rand) string { return symbol(rng)[:len("module")+2] }},
		{"an indicator", 50, `SELECT project_id, context, path, line FROM current_indicators WHERE value = {key:String} LIMIT 100`,
			func(rng *rand.Rand) string { _, value := synthetic.Indicator(rng.Uint64N(100_000)); return value }},
	}
}

// ask measures the questions as the reader, on views.
func (b *datasetBench) ask(ctx context.Context, s *running) error {
	db, err := openDatabase(ctx, &b.config, s.Reader, engine.ViewsDatabase)
	if err != nil {
		return err
	}
	defer db.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, q := range b.questions() {
		var took []float64
		for range asked {
			began := time.Now()
			if err := db.Exec(ctx, q.query, store.Params{"key": q.key(rng)}); err != nil {
				return fmt.Errorf("%s: %w", q.what, err)
			}
			took = append(took, time.Since(began).Seconds()*1e3)
		}
		b.results.atMost(fmt.Sprintf("%s, median of %d", q.what, asked), median(took), "ms", q.most)
	}
	return b.askCombinations(ctx, query.New(db, b.rules), rng)
}

// askCombinations measures the question whose arithmetic is the reader's own.
func (b *datasetBench) askCombinations(ctx context.Context, r *query.Reader, rng *rand.Rand) error {
	var took []float64
	for range asked {
		at := rng.Perm(len(b.rules.Rules))
		began := time.Now()
		if _, err := r.Combo(ctx, []string{b.rules.Rules[at[0]].ID, b.rules.Rules[at[1]].ID}, 20); err != nil {
			return fmt.Errorf("a combination: %w", err)
		}
		took = append(took, time.Since(began).Seconds()*1e3)
	}
	b.results.atMost(fmt.Sprintf("a combination, median of %d", asked), median(took), "ms", 300)
	return nil
}
