// Package manifests_test checks the files under deploy/ that other programs
// read: the chart as Helm renders it against Kubernetes' schemas, the compose
// file, dashboards and alerts against the metrics that the roles tell, and the
// systemd units.
package manifests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

const deploy = "../.."

// object is one rendered object.
type object struct {
	kind, name string
	value      map[string]any
}

// render renders the chart as `helm install` does.
func render(t *testing.T, values map[string]any) ([]object, error) {
	t.Helper()
	chart, err := loader.Load(filepath.Join(deploy, "helm/prevalence"))
	if err != nil {
		t.Fatal(err)
	}
	merged, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "test", Namespace: "ns", Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, merged)
	if err != nil {
		return nil, err
	}
	var objects []object
	for name, text := range files {
		if strings.HasSuffix(name, ".tpl") {
			continue
		}
		for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
			var value map[string]any
			err := decoder.Decode(&value)
			if err != nil && err.Error() == "EOF" {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, text)
			}
			if value == nil {
				continue
			}
			objects = append(objects, object{fmt.Sprint(value["kind"]), fmt.Sprint(at(value, "metadata", "name")), value})
		}
	}
	return objects, nil
}

// at follows keys and, for lists, takes the first element.
func at(value any, keys ...string) any {
	for _, key := range keys {
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[key]
	}
	return value
}

func validate(t *testing.T, o object) error {
	t.Helper()
	file := filepath.Join("testdata/kubernetes", o.kind+".json")
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("no schema of kind %s is kept", o.kind)
	}
	schema, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(o.value)
}

func TestChart(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"least": {"index": map[string]any{"contact": "ops@example.org"}},
		"all": {
			"index": map[string]any{"contact": "ops@example.org", "url": "https://mirror.example/simple/", "rate": 3},
			"image": map[string]any{"digest": "sha256:" + strings.Repeat("0", 64)}, "imagePullSecrets": []any{map[string]any{"name": "pull"}},
			"nats": map[string]any{"url": "tls://nats:4222", "ca": "own-ca", "replicas": 1}, "clickhouse": map[string]any{"tls": true},
			"crawler": map[string]any{"ranking": "clickhouse:pip-uv", "extraArgs": []any{"--releases", "2"}},
			"worker":  map[string]any{"replicas": 7, "extraArgs": []any{"--files", "wheel"}}, "nodeSelector": map[string]any{"disk": "fast"},
			"tolerations": []any{map[string]any{"key": "spot", "operator": "Exists"}}, "podAnnotations": map[string]any{"a": "b"},
		},
		"open": {"index": map[string]any{"contact": "ops@example.org"}, "networkPolicy": map[string]any{"enabled": false}},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := render(t, values)
			if err != nil {
				t.Fatal(err)
			}
			kinds := make(map[string]int)
			for _, o := range objects {
				kinds[o.kind]++
				if err := validate(t, o); err != nil {
					t.Errorf("%s %s: %v", o.kind, o.name, err)
				}
			}
			if kinds["Deployment"] != 3 || kinds["Job"] != 1 || kinds["ServiceAccount"] != 1 || kinds["PodDisruptionBudget"] != 1 {
				t.Errorf("kinds %v", kinds)
			}
			if policies := kinds["NetworkPolicy"]; name == "open" && policies != 0 || name != "open" && policies != 4 {
				t.Errorf("%d network policies", policies)
			}
			for _, o := range objects {
				if o.kind == "Deployment" || o.kind == "Job" {
					checkPod(t, o)
				}
			}
		})
	}
}

// checkPod: no right on its node, and of the secrets only those of its role.
func checkPod(t *testing.T, o object) {
	t.Helper()
	pod := at(o.value, "spec", "template", "spec")
	for _, want := range []struct {
		path  []string
		value any
	}{
		{[]string{"automountServiceAccountToken"}, false},
		{[]string{"securityContext", "runAsNonRoot"}, true},
		{[]string{"securityContext", "seccompProfile", "type"}, "RuntimeDefault"},
		{[]string{"containers", "securityContext", "readOnlyRootFilesystem"}, true},
		{[]string{"containers", "securityContext", "allowPrivilegeEscalation"}, false},
	} {
		if got := at(pod, want.path...); got != want.value {
			t.Errorf("%s: %v is %v, want %v", o.name, want.path, got, want.value)
		}
	}
	if at(pod, "containers", "resources", "limits", "memory") == nil {
		t.Errorf("%s has no limit of memory", o.name)
	}
	var keys []string
	for _, v := range at(pod, "volumes").([]any) {
		items, _ := at(v, "secret", "items").([]any)
		for _, item := range items {
			keys = append(keys, fmt.Sprint(at(item, "key")))
		}
	}
	_, role, _ := strings.Cut(o.name, "-")
	role, _, _ = strings.Cut(role, "-")
	want := map[string][]string{
		"crawler": {"nats-crawler"}, "worker": {"nats-worker", "email-key"},
		"aggregator": {"nats-aggregator", "clickhouse-writer"}, "migrate": {"clickhouse-owner"},
	}[role]
	if !slices.Equal(keys, want) {
		t.Errorf("%s is given the secrets %v, want %v", o.name, keys, want)
	}
	for _, e := range at(pod, "containers", "env").([]any) {
		name, value := fmt.Sprint(at(e, "name")), fmt.Sprint(at(e, "value"))
		if (strings.Contains(name, "PASSWORD") || strings.Contains(name, "KEY")) && !strings.HasSuffix(name, "_FILE") && name != "PREVALENCE_EMAIL_KEY_ID" {
			t.Errorf("%s: %s=%s is a secret in the environment", o.name, name, value)
		}
	}
	checkSettings(t, o.name, at(pod, "containers", "env").([]any), at(pod, "containers", "args").([]any))
}

// TestChartRefuses: values that cannot work, and objects that Kubernetes would
// not take.
func TestChartRefuses(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"no contact":     nil,
		"no index":       {"index": map[string]any{"contact": "ops@example.org", "url": "pypi"}},
		"odd number":     {"index": map[string]any{"contact": "ops@example.org"}, "nats": map[string]any{"replicas": 2}},
		"no credentials": {"index": map[string]any{"contact": "ops@example.org"}, "existingSecret": ""},
	} {
		if _, err := render(t, values); err == nil {
			t.Errorf("%s: rendered, and must be refused", name)
		}
	}
	objects, err := render(t, map[string]any{"index": map[string]any{"contact": "ops@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		o.value["spek"] = true
		if validate(t, o) == nil {
			t.Errorf("%s %s: a key that does not exist passes the schema", o.kind, o.name)
		}
	}
}
