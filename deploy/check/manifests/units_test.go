package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"
)

// TestUnits reads the systemd units as systemd does and demands what keeps a
// role from doing more than it needs.
func TestUnits(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(deploy, "systemd/*.service"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		options, err := unit.DeserializeOptions(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		has := make(map[string][]string)
		for _, o := range options {
			has[o.Name] = append(has[o.Name], o.Value)
		}
		for key, want := range map[string]string{
			"DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateDevices": "yes",
			"CapabilityBoundingSet": "", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes", "SystemCallArchitectures": "native",
			"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "LimitCORE": "0",
		} {
			if got, ok := has[key]; !ok || got[0] != want {
				t.Errorf("%s: %s is %v, want %q", name, key, got, want)
			}
		}
		command := strings.Fields(has["ExecStart"][0])
		args, env := make([]any, 0), make([]any, 0)
		for _, a := range command[1:] {
			args = append(args, a)
		}
		for _, line := range has["Environment"] {
			for _, pair := range strings.Fields(line) {
				key, value, _ := strings.Cut(pair, "=")
				env = append(env, key)
				if credential, ok := strings.CutPrefix(value, "%d/"); ok && !strings.Contains(strings.Join(has["LoadCredential"], "\n"), credential+":") {
					t.Errorf("%s: the credential %s is not loaded", name, credential)
				}
			}
		}
		checkSettings(t, name, env, args)
		credentials := strings.Join(has["LoadCredential"], " ")
		if database := strings.Contains(credentials, "clickhouse"); database != strings.Contains(name, "aggregator") {
			t.Errorf("%s is given a database password: %v", name, database)
		}
	}
}
