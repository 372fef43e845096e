package behavior

import "testing"

// TestWithoutVersion: what names the version is no part of a fingerprint.
func TestWithoutVersion(t *testing.T) {
	for path, want := range map[string]string{
		"demo-1.1/demo/a.py": "demo/a.py", "demo_x-1.1.dist-info/METADATA": "METADATA", "demo-x-1.1rc1/setup.py": "setup.py",
		"demo/a.py": "demo/a.py", "demo-x/a.py": "demo-x/a.py", "demo-1.1": "demo-1.1", "a.py": "a.py", "": "", "-/a": "-/a", "demo-/a": "demo-/a",
	} {
		if got := withoutVersion(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
