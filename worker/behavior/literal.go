package behavior

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"prevalence/schemas/catalog"
)

// literal is a string that rules look for in string constants.
type literal struct {
	name              string // of its symbol, see literalName
	text              string
	fold, whole, word bool
	regex             *regexp.Regexp
	signals           []uint32
}

func (k *compiler) literalMatch(lm catalog.LiteralMatch, id uint32) error {
	if i, ok := k.literal[lm]; ok {
		k.m.literals[i].signals = append(k.m.literals[i].signals, id)
		return nil
	}
	l := literal{name: literalName(lm), text: lm.Text, fold: lm.Fold, whole: lm.Whole, word: lm.Word, signals: []uint32{id}}
	if lm.Text == "" {
		return fmt.Errorf("an empty literal")
	}
	if lm.Regex != "" {
		var err error
		if l.regex, err = regexp.Compile(lm.Regex); err != nil {
			return err
		}
	}
	k.literal[lm] = len(k.m.literals)
	k.m.literals = append(k.m.literals, l)
	return nil
}

// literalName names the symbol of a literal: "literal:" and its text, with what
// else it asks for between, so that each matcher's hits are told apart when they
// are matched again.
func literalName(lm catalog.LiteralMatch) string {
	name := "literal"
	for _, flag := range []struct {
		is   bool
		name string
	}{{lm.Fold, "+fold"}, {lm.Whole, "+whole"}, {lm.Word, "+word"}} {
		if flag.is {
			name += flag.name
		}
	}
	if lm.Regex != "" {
		sum := sha256.Sum256([]byte(lm.Regex))
		name += "+regex-" + hex.EncodeToString(sum[:4])
	}
	return name + ":" + lm.Text
}

// maxRegexBytes bounds what a literal's regular expression is shown of a
// string constant: this much on each side of the literal.
const maxRegexBytes = 1 << 10

// matches decides on an occurrence that ends at end, found with case ignored.
func (l *literal) matches(s []byte, end int) bool {
	start := end - len(l.text)
	if l.whole && len(s) != len(l.text) {
		return false
	}
	if !l.fold && string(s[start:end]) != l.text {
		return false
	}
	if l.word && (start > 0 && isWord(s[start-1]) || end < len(s) && isWord(s[end])) {
		return false
	}
	return l.regex == nil || l.regex.Match(s[max(0, start-maxRegexBytes):min(len(s), end+maxRegexBytes)])
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// textRule is a pattern over the lines of members that are not Python.
type textRule struct {
	signal uint32
	kinds  uint16 // a bit a TextKind
	regex  *regexp.Regexp
	symbol string // the literal that leads to it, for evidence
}

func (k *compiler) textMatch(tm catalog.TextMatch, id uint32) error {
	re, err := regexp.Compile(tm.Regex)
	if err != nil {
		return err
	}
	rule := textRule{signal: id, regex: re}
	for _, name := range tm.Kinds {
		kind := textKindOf(name)
		if kind == 0 {
			return fmt.Errorf("unknown kind of text %q", name)
		}
		rule.kinds |= 1 << kind
	}
	if len(tm.Literals) == 0 {
		return fmt.Errorf("a text matcher without literals")
	}
	rule.symbol = strings.ToLower(tm.Literals[0])
	k.m.texts = append(k.m.texts, rule)
	for _, text := range tm.Literals {
		text = strings.ToLower(text)
		i, ok := k.text[text]
		if !ok {
			i = len(k.textPatterns)
			k.text[text] = i
			k.textPatterns = append(k.textPatterns, text)
			k.m.textLiterals = append(k.m.textLiterals, nil)
		}
		k.m.textLiterals[i] = append(k.m.textLiterals[i], uint32(len(k.m.texts)-1))
	}
	return nil
}
