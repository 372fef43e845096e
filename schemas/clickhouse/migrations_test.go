package clickhouse

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// Each migration is one statement that may run twice, has the names put in, and
// writes to no database by its real name.
func TestMigrations(t *testing.T) {
	files, err := Migrations("facts", "facts_views")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d migrations, %v", len(names), err)
	}
	repeatable := regexp.MustCompile(`(?m)^(CREATE (TABLE|DICTIONARY) IF NOT EXISTS facts\.|ALTER TABLE facts\.\w+\n( +ADD COLUMN IF NOT EXISTS [^\n]+\n?)+$|CREATE OR REPLACE VIEW facts_views\.\w+(\n\((\n    .*)+\n\)\n| )DEFINER = CURRENT_USER SQL SECURITY DEFINER AS)`)
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if !strings.HasPrefix(text, "-- +goose NO TRANSACTION\n-- +goose Up\n") {
			t.Errorf("%s: the first two lines are not goose's", name)
		}
		if n := len(regexp.MustCompile(`(?m);\s*$`).FindAllString(text, -1)); n != 1 {
			t.Errorf("%s: %d statements", name, n)
		}
		if !repeatable.MatchString(text) {
			t.Errorf("%s: may not run twice", name)
		}
		if strings.Contains(text, "${") || strings.Contains(text, "prevalence_views") {
			t.Errorf("%s: names are not put in", name)
		}
	}
}

func TestMigrationsRefuseNames(t *testing.T) {
	for _, name := range []string{"", "a b", "a;DROP", "a`", "1a", "a-b", strings.Repeat("a", 64)} {
		if _, err := Migrations(name, "views"); err == nil {
			t.Errorf("database %q was accepted", name)
		}
		if _, err := Migrations("facts", name); err == nil {
			t.Errorf("views %q was accepted", name)
		}
	}
}
