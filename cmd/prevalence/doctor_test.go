package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// doctored is what doctor says, by check.
func doctored(t *testing.T, args ...string) (map[string]finding, ended) {
	t.Helper()
	e := runHere(t, append([]string{"doctor", "--format", "json"}, args...)...)
	var all []finding
	if err := json.Unmarshal([]byte(e.out), &all); err != nil {
		t.Fatalf("%v: %s %s", err, e.out, e.errs)
	}
	by := make(map[string]finding)
	for _, f := range all {
		by[f.Check] = f
		if f.OK == (f.Fix != "") {
			t.Errorf("what is wrong, and only that, has a fix: %+v", f)
		}
	}
	return by, e
}

func TestDoctor(t *testing.T) {
	askable(t) // a database that answers, on loopback
	folder := t.TempDir()
	wheel(t, filepath.Join(folder, "demo-1.0-py3-none-any.whl"), member{"demo-1.0.dist-info/METADATA", metadata})
	well, e := doctored(t, "--index", folder, "--ask", "demo")
	if !well["database"].OK || !strings.Contains(well["database"].Found, "clock agrees") || !well["index"].OK || !strings.Contains(well["index"].Found, "demo has 1 files") ||
		!well["data"].OK || !well["broker"].OK || !well["engine"].OK {
		t.Errorf("%+v %s", well, e.errs)
	}
	if _, ok := well["index"]; !ok {
		t.Error("the index was not asked")
	}
	ill, e := doctored(t, "--clickhouse", "127.0.0.1:1", "--nats", "nats://127.0.0.1:1", "--index", folder, "--ask", "absent")
	if e.code != exitFailed || ill["database"].OK || ill["broker"].OK || ill["index"].OK || !strings.Contains(e.errs, " of 6 checks") {
		t.Errorf("%d %+v %s", e.code, ill, e.errs)
	}
	quiet, _ := doctored(t, "--clickhouse", "127.0.0.1:1")
	if _, asked := quiet["index"]; asked {
		t.Error("the index was asked unasked")
	}
	missing, _ := doctored(t, "--clickhouse", "", "--engine", filepath.Join(folder, "none"))
	if missing["engine"].OK || !strings.Contains(missing["engine"].Fix, "prevalence engine fetch") {
		t.Errorf("%+v", missing["engine"])
	}
}
