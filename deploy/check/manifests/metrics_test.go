package manifests_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// told are the metrics that the roles tell: deploy/check/rights keeps the list.
func told(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile("../metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"up": true} // Prometheus itself tells it
	for _, name := range strings.Fields(string(b)) {
		names[name] = true
	}
	return names
}

// metricsOf are the metrics that an expression names.
func metricsOf(t *testing.T, expr string) []string {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	var names []string
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}

func TestDashboardsNameWhatIsThere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(deploy, "grafana/dashboards/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	known, used := told(t), make(map[string]bool)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels []struct {
				Type, Title string
				Targets     []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(b, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var rows []string
		for _, p := range board.Panels {
			if p.Type == "row" {
				rows = append(rows, p.Title)
				continue
			}
			if len(p.Targets) == 0 {
				t.Errorf("%s: the panel %q asks nothing", file, p.Title)
			}
			for _, target := range p.Targets {
				for _, name := range metricsOf(t, target.Expr) {
					used[name] = true
					if !known[name] {
						t.Errorf("%s: the panel %q names %s, which no role tells", file, p.Title, name)
					}
				}
			}
		}
		if want := []string{"Is it moving?", "Is it polite?", "What is stuck?", "What is lost?"}; !slices.Equal(rows, want) {
			t.Errorf("%s has the rows %v, want %v", file, rows, want)
		}
	}
	for name := range known { // every limit, retry and drop is somewhere to be seen
		base := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, suffix)
		}
		if strings.HasPrefix(name, "prevalence_") && !used[name] && !used[base+"_bucket"] &&
			!slices.Contains([]string{"prevalence_build_info", "prevalence_crawler_pending_names", "prevalence_crawler_sweep_seconds"}, name) &&
			!strings.Contains(name, "batches_total") && !strings.Contains(name, "snapshots_total") && !strings.Contains(name, "crawler_jobs_total") && !strings.Contains(name, "sweeps_total") {
			t.Errorf("%s is on no dashboard", name)
		}
	}
}

// TestAlerts: each names metrics that are there and a section of the runbooks
// that is there, and has a test.
func TestAlerts(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(deploy, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read("prometheus/alerts.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	var anchors []string
	for line := range strings.Lines(read("../docs/runbooks.md")) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			anchors = append(anchors, strings.ToLower(strings.ReplaceAll(strings.TrimSpace(title), " ", "-")))
		}
	}
	tests, known, alerts := read("prometheus/alerts_test.yml"), told(t), 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			alerts++
			for _, name := range metricsOf(t, r.Expr) {
				if !known[name] {
					t.Errorf("%s names %s, which no role tells", r.Alert, name)
				}
			}
			page, anchor, _ := strings.Cut(r.Annotations["runbook"], "#")
			if page != "docs/runbooks.md" || !slices.Contains(anchors, anchor) {
				t.Errorf("%s: the runbook %q is not there; there are %v", r.Alert, r.Annotations["runbook"], anchors)
			}
			if s := r.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s has the severity %q", r.Alert, s)
			}
			if !strings.Contains(tests, "alertname: "+r.Alert+",") {
				t.Errorf("%s has no test", r.Alert)
			}
		}
	}
	if alerts < 10 {
		t.Errorf("only %d alerts were found", alerts)
	}
}
