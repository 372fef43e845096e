package pypitest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// filler writes Python modules that compute and print and show no behaviour of
// the catalogue, with the mix of docstrings, comments, classes and calls that
// makes real source compress about fourfold.
type filler struct {
	r     *rand.Rand
	words []string
	b     strings.Builder
	funcs []string // defined so far in this module
}

const (
	fillerWords  = 2400
	onsets       = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sl st t tr v w z"
	vowels       = "a e i o u ai ea ie oa ou"
	codas        = "ck d ft l lt m mp n nd ng nt p r rd rn s st t x"
	fillerSpread = 1.0 // of the logarithm of a module's size
)

func newFiller(seed uint64) *filler {
	f := &filler{r: rand.New(rand.NewPCG(seed, 0x66696c6c))}
	on, vo, co := strings.Fields(onsets), strings.Fields(vowels), strings.Fields(codas)
	for range fillerWords {
		w := ""
		for range 1 + f.r.IntN(3) {
			w += on[f.r.IntN(len(on))] + vo[f.r.IntN(len(vo))]
		}
		f.words = append(f.words, w+co[f.r.IntN(len(co))])
	}
	return f
}

// word draws a word, a few of them often, most of them rarely.
func (f *filler) word() string {
	return f.words[int(float64(len(f.words))*math.Pow(f.r.Float64(), 2.2))]
}

func (f *filler) name() string {
	if f.r.IntN(2) == 0 {
		return f.word()
	}
	return f.word() + "_" + f.word()
}

func (f *filler) sentence() string {
	n := 5 + f.r.IntN(9)
	words := make([]string, n)
	for i := range words {
		words[i] = f.word()
	}
	words[0] = strings.ToUpper(words[0][:1]) + words[0][1:]
	return strings.Join(words, " ") + "."
}

// module writes a module of at least size bytes, and not many more.
func (f *filler) module(size int) string {
	f.b.Reset()
	f.funcs = f.funcs[:0]
	fmt.Fprintf(&f.b, "\"\"\"%s\n\n%s\n\"\"\"\n\nfrom __future__ import annotations\n\nimport math\nfrom collections import OrderedDict\n", f.sentence(), f.sentence())
	for f.b.Len() < size {
		switch f.r.IntN(5) {
		case 0:
			f.table()
		case 1:
			f.class(size)
		default:
			f.function("", "")
		}
	}
	return f.b.String()
}

// table writes a dictionary of constants.
func (f *filler) table() {
	fmt.Fprintf(&f.b, "\n\n# %s\n%s = OrderedDict([\n", f.sentence(), strings.ToUpper(f.name()))
	for range 3 + f.r.IntN(6) {
		fmt.Fprintf(&f.b, "    (%q, (%d, %.3f, %q)),\n", f.name(), f.r.IntN(5000), f.r.Float64()*90, f.word())
	}
	f.b.WriteString("])\n")
}

func (f *filler) class(size int) {
	name := f.word()
	fmt.Fprintf(&f.b, "\n\nclass %s%s:\n    \"\"\"%s\"\"\"\n", strings.ToUpper(name[:1]), name[1:], f.sentence())
	for range 2 + f.r.IntN(4) {
		f.function("    ", "self, ")
		if f.b.Len() > size {
			return
		}
	}
}

func (f *filler) function(indent, self string) {
	name := f.name()
	a, b, c := f.word(), f.word(), f.word()
	gap := "\n\n"
	if indent != "" {
		gap = "\n"
	}
	fmt.Fprintf(&f.b, "%s%sdef %s(%s%s, %s=%d, %s=None):\n", gap, indent, name, self, a, b, f.r.IntN(100), c)
	inner := indent + "    "
	if f.r.IntN(3) > 0 {
		fmt.Fprintf(&f.b, "%s\"\"\"%s\n\n%s%s\n%s\"\"\"\n", inner, f.sentence(), inner, f.sentence(), inner)
	}
	for range 3 + f.r.IntN(8) {
		f.statement(inner, a, b, c)
	}
	fmt.Fprintf(&f.b, "%sreturn %s, %s\n", inner, a, b)
	if indent == "" {
		f.funcs = append(f.funcs, name)
	}
}

func (f *filler) statement(in, a, b, c string) {
	x := f.word()
	switch f.r.IntN(10) {
	case 0:
		fmt.Fprintf(&f.b, "%s# %s\n", in, f.sentence())
	case 1:
		fmt.Fprintf(&f.b, "%sif %s > %d and %s is not None:\n%s    %s = %s + %d\n%selse:\n%s    %s = %s\n", in, b, f.r.IntN(500), c, in, b, b, f.r.IntN(9), in, in, b, f.word()+"_default")
	case 2:
		fmt.Fprintf(&f.b, "%sfor %s in range(%d):\n%s    %s += %s * %d\n", in, x, f.r.IntN(64), in, b, x, f.r.IntN(12))
	case 3:
		fmt.Fprintf(&f.b, "%s%s = [item.strip() for item in str(%s).split(%q) if len(item) > %d]\n", in, x, a, f.word()[:1], f.r.IntN(9))
	case 4:
		fmt.Fprintf(&f.b, "%sif not isinstance(%s, (int, float)):\n%s    raise ValueError(\"%s %%r\" %% (%s,))\n", in, a, in, f.sentence(), a)
	case 5:
		fmt.Fprintf(&f.b, "%s%s = math.sqrt(abs(%s)) + math.floor(%.4f)\n", in, x, b, f.r.Float64()*100)
	case 6:
		fmt.Fprintf(&f.b, "%s%s = {%q: %s, %q: %d, %q: (%s, %q)}\n", in, x, f.word(), a, f.word(), f.r.IntN(999), f.word(), b, f.name())
	case 7:
		if len(f.funcs) > 0 {
			fmt.Fprintf(&f.b, "%s%s = %s(%s, %s=%d)\n", in, x, f.funcs[f.r.IntN(len(f.funcs))], a, f.word(), f.r.IntN(40))
			return
		}
		fmt.Fprintf(&f.b, "%s%s = max(%s, %d)\n", in, x, b, f.r.IntN(77))
	case 8:
		fmt.Fprintf(&f.b, "%sprint(%q, %s, %s)\n", in, f.sentence(), a, b)
	default:
		fmt.Fprintf(&f.b, "%s%s = \"%s: {} of {}\".format(%s, %s)\n", in, x, f.name(), a, b)
	}
}
