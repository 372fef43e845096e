package manifests_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// prevalence is the one binary, built once.
var prevalence = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "prevalence-manifests-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "prevalence")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/prevalence")
	cmd.Dir = filepath.Join(deploy, "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := prevalence(); err == nil {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// settings are the environment variables that the binary knows.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	binary, err := prevalence()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "config", "--format", "json")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Environment string `json:"environment"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, s := range list {
		known[s.Environment] = true
	}
	return known
}

// checkSettings: every variable is a setting, and every flag one of the command.
func checkSettings(t *testing.T, who string, env, args []any) {
	t.Helper()
	known := settings(t)
	for _, e := range env {
		name := fmt.Sprint(e)
		if m, ok := e.(map[string]any); ok {
			name = fmt.Sprint(m["name"])
		}
		if strings.HasPrefix(name, "PREVALENCE_") && !known[name] {
			t.Errorf("%s: %s is no setting", who, name)
		}
	}
	if len(args) == 0 {
		t.Errorf("%s has no command", who)
		return
	}
	binary, err := prevalence()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), binary, fmt.Sprint(args[0]), "--help").Output()
	if err != nil || !strings.Contains(string(help), "prevalence "+fmt.Sprint(args[0])) {
		t.Errorf("%s: there is no command %v", who, args[0])
	}
	for _, a := range args[1:] {
		if flag := fmt.Sprint(a); strings.HasPrefix(flag, "--") && !strings.Contains(string(help), flag+" ") {
			t.Errorf("%s: %v has no flag %s", who, args[0], flag)
		}
	}
}
