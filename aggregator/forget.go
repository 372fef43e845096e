package aggregator

import (
	"context"
	"fmt"
	"strings"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// forgottenName is what a forgotten project is called from then on: its number
// stays taken.
func forgottenName(t message.Tombstone) string { return "forgotten/" + t.Hash }

// Forget deletes the rows of a project or a domain, and returns how many. The
// numbers of published snapshots stay, in which it is one among many. An
// Aggregator does the same when it meets the tombstone.
func (u *Upkeep) Forget(ctx context.Context, t message.Tombstone) (uint64, error) {
	return forgetRows(ctx, u.db, t)
}

// forget obeys a tombstone: it deletes what is stored, and remembers it for
// what comes.
func (a *Aggregator) forget(ctx context.Context, t message.Tombstone) error {
	rows, err := forgetRows(ctx, a.db, t)
	if err != nil {
		return err
	}
	a.forgotten.Add(t)
	for name, id := range a.ids.known {
		if a.forgotten.Project(name) {
			delete(a.ids.known, name)
			a.ids.known[forgottenName(t)] = id
			break
		}
	}
	if rows > 0 {
		a.stored = true
	}
	a.o.Log.Info("forgotten", "kind", t.Kind, "rows", rows)
	return nil
}

// The tables of a project's rows, by how they name it.
var (
	tablesByID   = []string{"scans", "symbols", "indicators", "emails", "dependencies", "provided_modules", "page_states", "rematched", "drawn_projects", "snapshot_projects", "index_names"}
	tablesByName = []string{"project_states", "malware_labels", "rankings"}
)

const hashOfProject = "lower(hex(SHA256(concat('project\\0', project)))) = {hash:String}"

// hashOfDomain matches a domain, or one that it is a subdomain of.
func hashOfDomain(domain string) string {
	return strings.ReplaceAll(`arrayExists(i -> lower(hex(SHA256(concat('domain\0', arrayStringConcat(arraySlice(splitByChar('.', lower(DOMAIN)), i), '.'))))) = {hash:String},
		range(1, length(splitByChar('.', lower(DOMAIN))) + 1))`, "DOMAIN", domain)
}

// forgetRows deletes rows, and gives the space back.
func forgetRows(ctx context.Context, db *store.DB, t message.Tombstone) (rows uint64, err error) {
	params := store.Params{"hash": t.Hash, "name": forgottenName(t)}
	remove := func(table, where string) error {
		if err == nil {
			var n uint64
			if n, err = numberWith(ctx, db, "SELECT count() AS n FROM "+table+" WHERE "+where, params); n > 0 && err == nil {
				rows += n
				if err = db.Exec(ctx, "DELETE FROM "+table+" WHERE "+where+" SETTINGS lightweight_deletes_sync = 2", params); err == nil {
					err = db.Exec(ctx, "ALTER TABLE "+table+" APPLY DELETED MASK SETTINGS mutations_sync = 2", nil)
				}
			}
		}
		return err
	}
	switch t.Kind {
	case message.ForgetProject:
		for _, table := range tablesByID {
			_ = remove(table, "project_id IN (SELECT project_id FROM projects WHERE project = {name:String} OR "+hashOfProject+")")
		}
		for _, table := range tablesByName {
			_ = remove(table, hashOfProject)
		}
		// The number stays taken: others are counted from how many there are.
		if err == nil {
			err = db.Exec(ctx, "INSERT INTO projects (project, project_id) SELECT {name:String}, project_id FROM projects FINAL WHERE "+hashOfProject, params)
		}
		_ = remove("projects", hashOfProject)
	case message.ForgetDomain:
		_ = remove("emails", hashOfDomain("domain"))
		_ = remove("shown_domains", hashOfDomain("domain"))
		_ = remove("indicators", "kind LIKE '%domain' AND "+hashOfDomain("value")+" OR position(value, '://') > 0 AND "+hashOfDomain("domain(value)"))
	}
	if err != nil {
		return rows, fmt.Errorf("aggregator: forget: %w", err)
	}
	return rows, nil
}
