package pysource

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What one member may take, whatever is in it.
const (
	maxScanTime = time.Second
	maxScanHeap = 64 << 20
)

// TestBudget gives the scanner the worst that a member of a distribution may
// hold: it must end within a second and 64 MiB whatever it is. The race
// detector makes it slower and the texts smaller; "make test" runs it without.
func TestBudget(t *testing.T) {
	const size = budgetSize
	repeat := func(s string) []byte { return bytes.Repeat([]byte(s), size/len(s)) }
	unique := func(format func(i int) string) []byte {
		var b bytes.Buffer
		for i := 0; b.Len() < size; i++ {
			b.WriteString(format(i))
		}
		return b.Bytes()
	}
	word := func(i int) string {
		const letters = "abcdefghijklmnopqrstuvwxyz"
		var b []byte
		for n := i + 1; n > 0; n /= 26 {
			b = append(b, letters[n%26])
		}
		return string(b)
	}
	cases := map[string][]byte{
		"zeros":               make([]byte, size),
		"one line list":       append([]byte("x = ["), repeat("1,")...),
		"strings list":        append([]byte("x = ["), repeat("'abcd',")...),
		"calls":               repeat("a();"),
		"call lines":          repeat("os.a()\n"),
		"open round":          repeat("("),
		"open square":         repeat("["),
		"open curly":          repeat("{"),
		"open mixed":          repeat("([{"),
		"close":               repeat(")]}"),
		"deep":                append(repeat("("), repeat(")")...),
		"deep calls":          repeat("f("),
		"f-strings":           repeat("f'{"),
		"f-string specs":      append([]byte("f'"), repeat("{a:")...),
		"quotes":              repeat("'"),
		"triple quotes":       repeat(`"""`),
		"backslash quotes":    append([]byte(`"""`), repeat(`\"`)...),
		"backslashes":         append([]byte(`"`), repeat(`\`)...),
		"backslash newlines":  repeat("\\\n"),
		"not":                 append([]byte("x ="), repeat(" not")...),
		"minus":               append([]byte("x ="), repeat("-")...),
		"lambda":              append([]byte("x ="), repeat("lambda:")...),
		"await":               repeat("await "),
		"power":               append([]byte("x = 1"), repeat("**1")...),
		"plus":                append([]byte("x = 'a'"), repeat("+'bcdefg'")...),
		"adjacent":            append([]byte("x = "), repeat("'bcdefg'")...),
		"dots":                append([]byte("x"), repeat(".a")...),
		"import dots":         append([]byte("import x"), repeat(".a")...),
		"unique dots":         append([]byte("import os; os"), unique(func(i int) string { return "." + word(i) })...),
		"unique names":        unique(func(i int) string { return word(i) + "\n" }),
		"unique long names":   unique(func(i int) string { return word(i) + strings.Repeat("z", 300) + "\n" }),
		"unique assignments":  unique(func(i int) string { return word(i) + "=1\n" }),
		"unique imports":      unique(func(i int) string { return "import " + word(i) + "\n" }),
		"ternary":             append([]byte("x = "), repeat("a if b else ")...),
		"walrus":              append([]byte("x = "), repeat("a:=")...),
		"chained":             repeat("a="),
		"commas":              repeat(","),
		"semicolons":          repeat(";"),
		"defs":                repeat("def f(a=1):\n"),
		"nested defs":         unique(func(i int) string { return strings.Repeat(" ", i%1000) + "def f():\n" }),
		"nested classes":      unique(func(i int) string { return strings.Repeat(" ", i%300) + "class A:\n" }),
		"decorators":          repeat("@a\n"),
		"comprehensions":      append([]byte("x = "), repeat("[a for a in ")...),
		"comprehension heads": append(repeat("["), repeat(" for a in b]")...),
		"percent":             append([]byte("x = 'aaaa'"), repeat("%'%s%s%s%s'")...),
		"repeat":              append([]byte("x = 'aaaaaaaaaa'*4096\n"), repeat("x=x+x\n")...),
		"double":              append([]byte("x = 'aaaaaaaaaa'\n"), repeat("x=x+x;")...),
		"augment":             append([]byte("x = 'aaaaaaaaaa'\n"), repeat("x+=x;")...),
		"augment small":       append([]byte("x = 'aaaaaaaaaa'\n"), repeat("x+='bcd';")...),
		"prepend":             append([]byte("x = 'aaaaaaaaaa'\n"), repeat("x='b'+x;")...),
		"list plus":           append([]byte("x = [1,2,3]\n"), repeat("x=x+[4,5];")...),
		"reversals":           append([]byte("x = 'abcdefghi'*1000\n"), repeat("x=x[::-1];")...),
		"joins":               append([]byte("x = 'abcdefghi'*1000\n"), repeat("y=''.join([x,x]);")...),
		"rebinding":           append([]byte("import os\n"), repeat("if a:\n x=os\n")...),
		"unions":              unique(func(i int) string { return "if a:\n import " + word(i) + " as x\n" }),
		"else":                repeat("else:\n"),
		"globals":             append([]byte("def f():\n"), unique(func(i int) string { return " global " + word(i) + "\n" })...),
		"stars":               repeat("from os import *\n"),
		"stars then names":    append(bytes.Repeat([]byte("from os import *\n"), 20), unique(func(i int) string { return word(i) + "()\n" })...),
		"with":                repeat("with a as b, "),
		"base64":              append(append([]byte("import base64\nexec(base64.b64decode('"), repeat("QUJD")...), "'))"...),
		"nested exec":         append([]byte("exec("), append(bytes.Repeat([]byte("'exec('+"), 100000), "')')"...)...),
		"exec lines":          repeat("exec('import os; os.system(1)')\n"),
		"carriage returns":    repeat("a\r"),
		"non ASCII":           repeat("é=1\n"),
		"bidi":                repeat("\u202e#\n"),
		"invalid UTF-8":       repeat("\xff\xfe"),
		"spaces":              repeat("     "),
		"tabs":                repeat("\t\n"),
		"comments":            repeat("#\n"),
		"attributes":          append([]byte("class A:\n def f(self):\n"), unique(func(i int) string { return "  self." + word(i) + "=1\n" })...),
		"classes":             unique(func(i int) string { return "class " + word(i) + "(a):pass\n" }),
		"own base":            repeat("class A(A):\n def f(self): self.x()\n"),
		"latin-1":             append([]byte("# coding: latin-1\n"), repeat("\xe9=1\n")...),
		"utf-7":               append([]byte("# coding: utf-7\n"), repeat("+AGE-")...),
		"escapes":             append([]byte("x='"), repeat(`\x41`)...),
		"unicode escape":      append([]byte("# coding: unicode_escape\n"), repeat(`\n`)...),
		"urls":                append([]byte("x='"), repeat("http://a.invalid/ ")...),
		"addresses":           append([]byte("x='"), repeat("1.2.3.4 ")...),
		"colons":              append([]byte("x='"), repeat("a:b:")...),
		"annotations":         repeat("x: Optional['Path'] = 1\n"),
		"dicts":               append([]byte("x = "), repeat("{1:")...),
		"chr":                 append([]byte("x = "), repeat("chr(97)+")...),
		"getattr":             append([]byte("x = "), repeat("getattr(os,'a')")...),
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			var took time.Duration
			// What else runs on the machine makes a scan slower, never faster: only
			// one that is slow three times is.
			for range 3 {
				took = scanTime(src)
				if took <= maxScanTime*slowness {
					break
				}
			}
			if took > maxScanTime*slowness {
				t.Errorf("took %v", took)
			}
			heap, res := scanHeap(src)
			if heap > maxScanHeap {
				t.Errorf("held %d MiB", heap>>20)
			}
			t.Logf("%v, %d MiB, %d facts, cut %q", took.Round(time.Millisecond), heap>>20, len(res.Facts), res.Cut)
		})
	}
}

// scanTime is the processor time of one scan.
func scanTime(src []byte) time.Duration {
	s := NewScanner(NewNames())
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := threadTime()
	s.Scan(src, File{Module: "a.b", Role: RoleModule})
	return threadTime() - start
}

// scanHeap is the most that was live at once during a scan, as the collector
// saw it, which runs each time the heap has grown by a tenth.
func scanHeap(src []byte) (peak int64, res Result) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	before := liveHeap()
	var highest atomic.Int64
	var done atomic.Bool
	var watch func(*[16]byte)
	watch = func(*[16]byte) {
		highest.Store(max(highest.Load(), liveHeap()))
		if !done.Load() {
			runtime.SetFinalizer(new([16]byte), watch) // runs after the next collection
		}
	}
	watch(nil)
	s := NewScanner(NewNames())
	res = s.Scan(src, File{Module: "a.b", Role: RoleModule})
	done.Store(true)
	runtime.GC()
	peak = max(highest.Load(), liveHeap()) - before
	runtime.KeepAlive(s)
	runtime.KeepAlive(res)
	return peak, res
}

// liveHeap is what the last collection found to be in use.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
