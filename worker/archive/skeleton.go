package archive

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// skeleton is what a name looks like: names of one skeleton are one file on a
// file system that folds case or normal forms, one module to Python (which
// imports by NFKC), or one name to a reader's eye. Letters of other scripts that
// look like Latin ones are replaced by those; the list is that of the small
// letters of Unicode's confusables.txt (UTS 39) that are told apart in no usual
// typeface.
func skeleton(name string) string {
	return looksLatin.Replace(cases.Fold().String(norm.NFKC.String(name)))
}

var looksLatin = strings.NewReplacer(
	"\u0430", "a", "\u03b1", "a", "\u0441", "c", "\u0501", "d", "\u0435", "e", "\u0261", "g", "\u04bb", "h", "\u0456", "i", "\u03b9", "i",
	"\u0131", "i", "\u0458", "j", "\u03ba", "k", "\u043a", "k", "\u04cf", "l", "\u043e", "o", "\u03bf", "o", "\u0585", "o", "\u0440", "p",
	"\u03c1", "p", "\u051b", "q", "\u0455", "s", "\u0443", "y", "\u03c5", "u", "\u03bd", "v", "\u0475", "v", "\u051d", "w", "\u0445", "x",
	"\u04af", "y",
)
