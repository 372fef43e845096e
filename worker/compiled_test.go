package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/schemas/message"
	"prevalence/worker/native/nativetest"
)

// TestCompiledMembers shows that what is compiled is seen like what is not.
func TestCompiledMembers(t *testing.T) {
	bytecode, err := os.ReadFile("pyc/testdata/sample-3.11.pyc")
	if err != nil {
		t.Fatal(err)
	}
	wheel := packZip(t, []packedFile{
		{"demo/__init__.py", "import math\n"},
		{"demo/hidden.pyc", string(bytecode)},
		{"demo/broken.pyc", string(bytecode[:40])},
		{"demo/_fast.so", string(nativetest.ELF(nil, []string{"ptrace", "_ZNSt6vectorE", "PyLong_AsLong", "PyRun_SimpleString"}, []string{"PyInit__fast"}))},
		{"demo/tool.exe", string(nativetest.PE([]nativetest.Imported{{Library: "KERNEL32.dll", Names: []string{"CreateProcessW"}}}, nil))},
		{"demo/notes.so", "\x7fELF is how this text begins"},
		{"demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"},
		{"demo-1.0.dist-info/RECORD", ""},
	})
	path := filepath.Join(t.TempDir(), "demo-1.0-py3-none-any.whl")
	if err := os.WriteFile(path, wheel, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newAnalyzer(t, Options{AllEvidence: true}).Path(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range s.Observations {
		for _, e := range o.Evidence {
			if want := []string{"execution/process-spawn", "execution/dynamic-code", "memory/process-injection", "file/delete"}; slices.Contains(want, o.Behavior) {
				got = append(got, fmt.Sprintf("%s %s %s %s:%d %s", o.Behavior, o.Context, o.Certainty, e.Path, e.Line, e.Symbol))
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"execution/dynamic-code package resolved demo/_fast.so:0 c:PyRun_SimpleString",
		"execution/process-spawn call resolved demo/hidden.pyc:0 os.system",
		"execution/process-spawn call resolved demo/hidden.pyc:0 subprocess.Popen",
		"execution/process-spawn import resolved demo/hidden.pyc:0 os.system",
		"execution/process-spawn package resolved demo/tool.exe:0 c:CreateProcess",
		"file/delete call resolved demo/hidden.pyc:0 .unlink",
		"file/delete call resolved demo/hidden.pyc:0 os.remove",
		"memory/process-injection package resolved demo/_fast.so:0 c:ptrace",
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, x := range s.Symbols {
		if x.Kind == message.SymbolNative && !slices.Contains([]string{"c:ptrace", "c:PyRun_SimpleString", "c:CreateProcess"}, x.Name) {
			t.Errorf("symbol %s was kept", x.Name)
		}
	}
	if d := gocmp.Diff([]message.Cut{{File: "demo-1.0-py3-none-any.whl", Member: "demo/broken.pyc", Why: "bytecode-damaged"}}, s.Cuts); d != "" || s.Outcome != message.OutcomePartial {
		t.Errorf("outcome %s, cuts %s", s.Outcome, d)
	}
}
