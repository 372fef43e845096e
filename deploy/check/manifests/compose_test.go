package manifests_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestCompose loads the compose file as docker compose does, with the secrets
// that secrets.sh draws.
func TestCompose(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"compose.yaml", "secrets.sh"} {
		b, err := os.ReadFile(filepath.Join(deploy, "compose", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	draw := func() {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "secrets.sh")).CombinedOutput(); err != nil {
			t.Fatalf("secrets.sh: %v\n%s", err, out)
		}
	}
	draw()
	first, err := os.ReadFile(filepath.Join(dir, "secrets/nats.env"))
	if err != nil {
		t.Fatal(err)
	}
	draw()
	if again, err := os.ReadFile(filepath.Join(dir, "secrets/nats.env")); err != nil || string(again) != string(first) {
		t.Errorf("a second run of secrets.sh changed what the first drew: %v", err)
	}
	load := func(env types.Mapping) (*types.Project, error) {
		return loader.LoadWithContext(t.Context(), types.ConfigDetails{
			WorkingDir: dir, ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}}, Environment: env,
		}, func(o *loader.Options) { o.Profiles = []string{"ask"}; o.SetProjectName("prevalence", true) })
	}
	if _, err := load(nil); err == nil || !strings.Contains(err.Error(), "CONTACT") {
		t.Errorf("without a contact: %v, want a refusal that asks for it", err)
	}
	project, err := load(types.Mapping{"CONTACT": "ops@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	reach := map[string][]string{ // the networks that a role is in, and the secrets it is given
		"crawler": {"broker", "outside", "nats_crawler"}, "worker": {"broker", "outside", "email_key", "nats_worker"},
		"aggregator": {"broker", "database", "clickhouse_writer", "nats_aggregator"},
		"migrate":    {"database", "clickhouse_owner"}, "reader": {"broker", "database", "clickhouse_reader", "nats_reader"},
	}
	for name, want := range reach {
		s, err := project.GetService(name)
		if err != nil {
			t.Error(err)
			continue
		}
		var got, secrets []string
		for network := range s.Networks {
			got = append(got, network)
		}
		slices.Sort(got)
		for _, secret := range s.Secrets {
			secrets = append(secrets, secret.Source)
		}
		slices.Sort(secrets)
		if got = append(got, secrets...); !slices.Equal(got, want) {
			t.Errorf("%s reaches %v, want %v", name, got, want)
		}
		if !s.ReadOnly || s.User != "65532:65532" || !slices.Contains(s.CapDrop, "ALL") || len(s.SecurityOpt) == 0 {
			t.Errorf("%s may do more than it needs", name)
		}
		var env, args []any
		for key, value := range s.Environment {
			env = append(env, key)
			if value != nil && strings.HasSuffix(key, "_PASSWORD") {
				t.Errorf("%s: %s is a secret in the environment", name, key)
			}
			if file, ok := strings.CutPrefix(key, "PREVALENCE_"); ok && strings.HasSuffix(file, "_FILE") {
				if mounted := strings.TrimPrefix(*value, "/run/secrets/"); !slices.Contains(secrets, mounted) {
					t.Errorf("%s: %s names %s, which is not among its secrets", name, key, *value)
				}
			}
		}
		for _, a := range s.Command {
			args = append(args, a)
		}
		checkSettings(t, name, env, args)
	}
	nodes := 0
	for name, s := range project.Services {
		if strings.HasPrefix(name, "nats-") {
			nodes++
		}
		for _, v := range s.Volumes {
			if relative, ok := strings.CutPrefix(v.Source, filepath.Dir(dir)+"/"); ok && v.Type == "bind" {
				if _, err := os.Stat(filepath.Join(deploy, relative)); err != nil {
					t.Errorf("%s mounts %s, which is not there", name, relative)
				}
			}
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s is open on %s:%s", name, p.HostIP, p.Published)
			}
		}
	}
	if nodes != 3 {
		t.Errorf("%d NATS nodes", nodes)
	}
	for name, secret := range project.Secrets {
		if b, err := os.ReadFile(secret.File); err != nil || len(b) < 40 {
			t.Error(fmt.Sprintf("secret %s: %d bytes, %v", name, len(b), err))
		}
	}
}
