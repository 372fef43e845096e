package native

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/worker/native/nativetest"
)

var samples = []struct {
	name string
	data []byte
	want Binary
}{
	{"an ELF extension", nativetest.ELF([]string{"libc.so.6"}, []string{"ptrace", "__read_chk", "fopen64", "_ZNSt6vectorE"}, []string{"PyInit_fast", "helper"}),
		Binary{Format: ELF, Kind: Extension, Machines: []string{"x86-64"}, Imports: []string{"_ZNSt6vectorE", "fopen", "ptrace", "read"},
			Exports: []string{"PyInit_fast", "helper"}, Libraries: []string{"libc.so.6"}, Modules: []string{"fast"}}},
	{"an ELF extension of Python 2", nativetest.ELF(nil, []string{"Py_InitModule4_64"}, []string{"initfast"}),
		Binary{Format: ELF, Kind: Extension, Machines: []string{"x86-64"}, Imports: []string{"Py_InitModule4_64"},
			Exports: []string{"initfast"}, Modules: []string{"fast"}}},
	{"an ELF library with an init function", nativetest.ELF(nil, []string{"malloc"}, []string{"initialise"}),
		Binary{Format: ELF, Kind: SharedLibrary, Machines: []string{"x86-64"}, Imports: []string{"malloc"}, Exports: []string{"initialise"}}},
	{"a DLL", nativetest.PE([]nativetest.Imported{
		{Library: "KERNEL32.dll", Names: []string{"CreateRemoteThread", "CreateProcessW", "GetModuleHandleExW"}},
		{Library: "WS2_32.dll", Names: []string{"#4", "#9999"}},
		{Library: "python311.dll", Names: []string{"PyLong_FromLong", "PyExc_IOA"}},
	}, []string{"PyInit_win"}),
		Binary{Format: PE, Kind: Extension, Machines: []string{"x86-64"},
			Imports: []string{"CreateProcess", "CreateRemoteThread", "GetModuleHandleEx", "PyExc_IOA", "PyLong_FromLong", "connect", "ws2_32#9999"},
			Exports: []string{"PyInit_win"}, Libraries: []string{"kernel32.dll", "python311.dll", "ws2_32.dll"}, Modules: []string{"win"}}},
	{"a bundle", nativetest.MachO([]string{"/usr/lib/libSystem.B.dylib"}, []string{"open$NOCANCEL", "system"}, []string{"PyInit_mac"}),
		Binary{Format: MachO, Kind: Extension, Machines: []string{"arm64"}, Imports: []string{"open", "system"},
			Exports: []string{"PyInit_mac"}, Libraries: []string{"/usr/lib/libSystem.B.dylib"}, Modules: []string{"mac"}}},
	{"a fat bundle", nativetest.Fat(nativetest.MachO(nil, []string{"system"}, nil), nativetest.MachO(nil, []string{"execve"}, nil)),
		Binary{Format: MachO, Kind: SharedLibrary, Machines: []string{"arm64"}, Imports: []string{"execve", "system"}}},
}

func TestRead(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			before := bytes.Clone(s.data)
			got, err := Read(s.data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s.want, got); d != "" {
				t.Error(d)
			}
			if !bytes.Equal(before, s.data) {
				t.Error("the data were changed")
			}
		})
	}
}

// TestSamplesAreBinaries shows that the standard library takes the made-up
// files for binaries too, and sees the same names where it can.
func TestSamplesAreBinaries(t *testing.T) {
	e, err := elf.NewFile(bytes.NewReader(samples[0].data))
	if err != nil {
		t.Fatal(err)
	}
	if libraries, err := e.DynString(elf.DT_NEEDED); err == nil && len(libraries) > 0 {
		t.Error("a file without section headers shows libraries to debug/elf: the sample does not show why it is not used")
	}
	p, err := pe.NewFile(bytes.NewReader(samples[3].data))
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.ImportedSymbols()
	if err != nil || !slices.Contains(got, "CreateRemoteThread:KERNEL32.dll") {
		t.Errorf("debug/pe sees %q, %v", got, err)
	}
	m, err := macho.NewFile(bytes.NewReader(samples[4].data))
	if err != nil {
		t.Fatal(err)
	}
	if libraries, err := m.ImportedLibraries(); err != nil || len(libraries) != 1 {
		t.Errorf("debug/macho sees %q, %v", libraries, err)
	}
	if _, err := macho.NewFatFile(bytes.NewReader(samples[5].data)); err == nil {
		t.Error("debug/macho takes a fat file with one architecture twice: the sample does not show why it is not used")
	}
}

func TestReadRefuses(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("#!/bin/sh\necho hello\n"), []byte("MZ is how this text begins, and it goes on for a while after that, long enough"),
		samples[0].data[:40], samples[3].data[:0x50], samples[4].data[:20], {0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 0x34, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if got, err := Read(data, Limits{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%.20q gave %+v, %v", data, got, err)
		}
	}
}

func TestSniff(t *testing.T) {
	for _, s := range samples {
		if got, ok := Sniff(s.data[:min(len(s.data), 64)]); !ok || got != s.want.Format {
			t.Errorf("%s: %q %v", s.name, got, ok)
		}
	}
	java := []byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 0x34, 0, 0, 0, 0, 0, 0, 0, 0}
	for _, head := range [][]byte{nil, []byte("MZ"), java, bytes.Repeat([]byte("MZ"), 64), []byte("\x7fELF is the beginning of a text")} {
		if got, ok := Sniff(head); ok {
			t.Errorf("%.20q is %q", head, got)
		}
	}
}

func TestLimits(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, "f"+strings.Repeat("x", i))
	}
	data := nativetest.ELF(nil, many, nil)
	for _, c := range []struct {
		name   string
		limits Limits
		want   int
	}{
		{"symbols", Limits{Symbols: 10}, 10},
		{"length of a name", Limits{NameBytes: 100}, 100},
		{"length of all names", Limits{AllBytes: 55}, 10},
		{"entries", Limits{Entries: 20}, 16}, // some go to the dynamic segment
		{"none", Limits{}, 300},
	} {
		b, err := Read(data, c.limits)
		if err != nil || len(b.Imports) != c.want {
			t.Errorf("%s: %d imports, %v; want %d", c.name, len(b.Imports), err, c.want)
		}
		if cut := c.want < 300; cut != (b.Cut == "symbols") {
			t.Errorf("%s: cut %q", c.name, b.Cut)
		}
	}
}

// TestOverlap shows that tables which point at one another do not multiply.
func TestOverlap(t *testing.T) {
	names := slices.Repeat([]string{"a"}, 20000)
	var imports []nativetest.Imported
	for range 200 {
		imports = append(imports, nativetest.Imported{Library: "x.dll", Names: []string{"#1"}})
	}
	imports = append(imports, nativetest.Imported{Library: "y.dll", Names: names})
	data := nativetest.PE(imports, nil)
	// Let each descriptor point at the long list.
	importAt := binary.LittleEndian.Uint32(data[0x40+24+112+8:]) - 0x1000 + 0x200
	last := binary.LittleEndian.Uint32(data[importAt+200*20:])
	for i := range uint32(200) {
		binary.LittleEndian.PutUint32(data[importAt+i*20:], last)
	}
	b, err := Read(data, Limits{})
	if err != nil || b.Cut != "symbols" {
		t.Errorf("4,000,000 entries in a file of %d bytes: cut %q, %v", len(data), b.Cut, err)
	}
}

// TestDamage cuts and overwrites the samples everywhere: nothing may panic
// past Read, and nothing but ErrFormat may come back.
func TestDamage(t *testing.T) {
	for _, s := range samples {
		for i := range s.data {
			if _, err := Read(s.data[:i], Limits{}); err != nil && !errors.Is(err, ErrFormat) {
				t.Fatalf("%s cut at %d: %v", s.name, i, err)
			}
			for _, v := range []byte{0, 0x7F, 0xFF} {
				data := bytes.Clone(s.data)
				data[i] = v
				if _, err := Read(data, Limits{}); err != nil && strings.Contains(err.Error(), "runtime error") {
					t.Fatalf("%s with %#x at %d: %v", s.name, v, i, err)
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range samples {
		f.Add(s.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Read(data, Limits{})
		if err != nil {
			if !errors.Is(err, ErrFormat) || strings.Contains(err.Error(), "runtime error") {
				t.Fatal(err)
			}
			return
		}
		for _, list := range [][]string{b.Imports, b.Exports, b.Libraries} {
			if !slices.IsSorted(list) || slices.Contains(list, "") {
				t.Fatalf("unsorted or empty names: %q", list)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var names []string
	for i := range 1000 {
		names = append(names, "symbol_"+strings.Repeat("y", i%40)+string(decimal(uint64(i))))
	}
	data := nativetest.ELF([]string{"libc.so.6"}, names, names)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(data, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
