package pysource

import (
	"slices"
	"strings"
	"testing"
)

func TestCheckArg(t *testing.T) {
	for _, atom := range []string{
		"subprocess.run#shell=True", "subprocess.*#shell=?", "requests.Session#verify=False", "builtins.open#mode=r+", "os.chmod#mode=777",
		".decode#encoding=hex", "yaml.load#Loader=None", "os.system#program=curl", "ssl.SSLContext#verify_mode=CERT_NONE",
	} {
		if err := CheckArg(atom); err != nil {
			t.Error(err)
		}
	}
	for atom, want := range map[string]string{
		"subprocess.run":                 "not of the form",
		"subprocess.run#shel=True":       `argument "shel" of subprocess.run is no fact; those of it that are: creationflags, program, shell,`,
		"subprocess.run#shell=yes":       `subprocess.run#shell is never "yes"; it is True, False or None, or ?`,
		"os.system#program=format-disks": `is never "format-disks"`,
		"os.chmod#mode=0o777":            "octal digits",
		"builtins.open#mode=rb":          "r, w, a, x",
		"mine.f#x=True":                  "no argument of mine.f is a fact",
	} {
		if err := CheckArg(atom); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", atom, err, want)
		}
	}
}

// TestSpellingsAreThoseOfFacts scans sources that have an atom of every form
// and checks what comes of them.
func TestSpellingsAreThoseOfFacts(t *testing.T) {
	names := NewNames()
	s := NewScanner(names)
	res := s.Scan([]byte(`import os, subprocess, ssl, requests, yaml, zlib, base64
subprocess.run(["curl", x], shell=True, stdout=subprocess.DEVNULL, creationflags=8)
subprocess.Popen(cmd, shell=flag)
os.chmod(p, 0o755); open(p, "rb+"); open(p, mode); yaml.load(x); x.decode("hex")
requests.get(u, verify=False)
c = ssl.SSLContext(); c.verify_mode = ssl.CERT_NONE; c.check_hostname = False
exec(zlib.decompress(base64.b64decode(d)))
`), File{Module: "pkg.m", Role: RoleModule})
	args, flows := 0, 0
	for _, f := range res.Facts {
		switch name := names.String(f.Name); f.Kind {
		case Arg:
			args++
			if err := CheckArg(name); err != nil {
				t.Error(err)
			}
		case Flow:
			flows++
			if !slices.Contains(Flows(), name) {
				t.Errorf("flow %s", name)
			}
		case Trait:
			if !slices.Contains(Traits(), name) {
				t.Errorf("trait %s", name)
			}
		}
	}
	if args < 12 || flows < 2 {
		t.Errorf("%d atoms, %d flows", args, flows)
	}
}
