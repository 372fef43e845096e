package pysource

// token is a lexeme of a logical line. What name and pos hold depends on kind:
//
//	tName, keywords     name: the interned identifier; pos: its offset
//	tNumber             pos, name: begin and end in the source
//	tString, tFText     pos, name: begin and end of the contents, without quotes
//	opening brackets    name: index of the closing token; pos: index of the first
//	                    "for" directly inside, which makes it a comprehension; else 0
//	tAug                name: the kind of the operator before the "="
type token struct {
	kind  kind
	flags uint8 // of tString, tFText
	line  uint32
	name  Name
	pos   uint32
}

// Flags of string tokens.
const (
	fBytes uint8 = 1 << iota
	fRaw
	fEscape // holds a backslash
	fTriple
	fFormat // f-string or t-string
)

type kind uint8

const (
	tNone kind = iota
	tName
	tNumber
	tString
	tFStart // an f-string begins; tFText, tFOpen … tFClose, tFEnd follow
	tFText
	tFEnd

	tLParen
	tLBrack
	tLBrace
	tFOpen
	tRParen
	tRBrack
	tRBrace
	tFClose
	tFSpec // the colon before a format specification
	tBang  // "!" before a conversion

	tComma
	tColon
	tSemi
	tDot
	tAssign
	tAug
	tWalrus
	tArrow
	tTilde
	tEllipsis
	tBackquote
	tOther

	// Binary operators.
	tAt
	tStar
	tDStar
	tPlus
	tMinus
	tSlash
	tDSlash
	tPercent
	tAmp
	tBar
	tCaret
	tShl
	tShr
	tLess
	tGreater
	tLessEq
	tGreaterEq
	tEq
	tNotEq

	// Keywords.
	kFalse
	kNone
	kTrue
	kAnd
	kAs
	kAssert
	kBreak
	kClass
	kContinue
	kDef
	kDel
	kElif
	kElse
	kExcept
	kFinally
	kFor
	kFrom
	kGlobal
	kIf
	kImport
	kIn
	kIs
	kLambda
	kNonlocal
	kNot
	kOr
	kPass
	kRaise
	kReturn
	kTry
	kWhile
	kWith
	kYield

	kindCount
)

// keywords are spelled in the order of their kinds, kFalse first.
var keywords = [...]string{
	"False", "None", "True", "and", "as", "assert", "break", "class",
	"continue", "def", "del", "elif", "else", "except", "finally", "for",
	"from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
	"or", "pass", "raise", "return", "try", "while", "with", "yield",
}

// startsStatement tells the keywords that can stand only where a statement
// begins: inside brackets they prove that a bracket was never closed.
var startsStatement = [kindCount]bool{
	kAssert: true, kBreak: true, kClass: true, kContinue: true, kDef: true,
	kDel: true, kExcept: true, kFinally: true, kGlobal: true, kImport: true,
	kPass: true, kRaise: true, kReturn: true, kTry: true, kWhile: true, kWith: true,
}

// precedence of binary operators, higher binds tighter; zero for what is none.
var precedence = [kindCount]uint8{
	kOr: 1, kAnd: 2, kNot: 4, kIn: 4, kIs: 4, tLess: 4, tGreater: 4, tLessEq: 4,
	tGreaterEq: 4, tEq: 4, tNotEq: 4, tBar: 5, tCaret: 6, tAmp: 7, tShl: 8,
	tShr: 8, tPlus: 9, tMinus: 9, tStar: 10, tAt: 10, tSlash: 10, tDSlash: 10,
	tPercent: 10, tDStar: 12,
}

const precUnary = 11

// Byte classes.
const (
	bOther uint8 = iota
	bName        // letters, underscore, bytes above 0x7f
	bDigit
	bSpace // space, tab, form feed, NUL
	bNewline
	bQuote
	bHash
	bOpen
	bClose
	bDot
	bBackslash
	bOp
	bComma
)

// operatorKind is the kind of an operator of one byte, or of a bracket;
// doublesOperator tells the bytes that may make it a longer one.
var operatorKind = [256]kind{
	'(': tLParen, '[': tLBrack, '{': tLBrace, ')': tRParen, ']': tRBrack, '}': tRBrace,
	'=': tAssign, ':': tColon, ';': tSemi, '~': tTilde, '`': tBackquote, '!': tBang, '<': tLess, '>': tGreater,
	'+': tPlus, '-': tMinus, '*': tStar, '/': tSlash, '%': tPercent, '@': tAt, '&': tAmp, '|': tBar, '^': tCaret,
}

var doublesOperator = [256]bool{'=': true, '<': true, '>': true, '*': true, '/': true}

// byteClass and nameByte are the lexer's tables.
var byteClass, nameByte = func() (class [256]uint8, name [256]bool) {
	for c := range class {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			class[c], name[c] = bName, true
		case c >= '0' && c <= '9':
			class[c], name[c] = bDigit, true
		}
	}
	for set, cl := range map[string]uint8{
		"\x20\t\f\x00": bSpace, "\n": bNewline, "'\"": bQuote, "#": bHash, "([{": bOpen,
		")]}": bClose, ".": bDot, "\\": bBackslash, "+-*/%@&|^~<>=!:;`": bOp, ",": bComma,
	} {
		for i := 0; i < len(set); i++ {
			class[set[i]] = cl
		}
	}
	return class, name
}()
