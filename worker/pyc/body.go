package pyc

import "strings"

// body puts together what one code object uses: an expression at a time, out
// of the instructions that load it, one after another.
type body struct {
	*writer
	code   *code
	indent int

	expr    expression
	waiting []expression // before 3.11: those of this statement that may yet be called
	nulled  bool         // 3.11 and 3.12: what is loaded next is called
	consts  [2]value     // loaded last
	made    string       // name of the function or class that was written last
	from    importing

	qualified bool // until 3.10: the next constant is the qualified name of what was made
}

// expression is a dotted name, a call of one, or a constant.
type expression struct {
	text   string   // empty: none is being put together
	args   []string // constants that follow a name, its first arguments
	called bool     // but its arguments are not complete
	value  bool     // a constant; it has no args
}

// importing is the import statement that is being read.
type importing struct {
	module   string // with leading dots; empty outside of one
	named    bool   // it has a list of names
	name     string // the one of them that was loaded last
	imported bool   // something was written for it
}

func (b *body) step(o op, arg int) {
	switch o {
	case opLoadConst:
		b.load(b.at(b.code.consts, arg))
		return
	case opImportName:
		if b.expr.value { // its list of names
			b.expr = expression{}
		}
		b.flush()
		b.importName(dotted(b.at(b.code.names, arg).text))
		return
	case opImportFrom:
		b.from.name = identifier(b.at(b.code.names, arg).text)
		return
	case opImportStar:
		b.importStar()
		return
	case opCallIntrinsic1:
		if arg == 2 {
			b.importStar()
			return
		}
	case opLoadName:
		b.name(b.at(b.code.names, arg).text, false)
		return
	case opLoadFromDictOrGlobals:
		b.name(b.at(b.code.names, arg).text, false)
		return
	case opLoadGlobal:
		if b.m.opcodes.since311() {
			b.name(b.at(b.code.names, arg>>1).text, arg&1 == 1)
		} else {
			b.name(b.at(b.code.names, arg).text, false)
		}
		return
	case opLoadFast, opLoadFastCheck:
		b.name(b.at(b.code.locals, arg).text, false)
		return
	case opLoadFastLoadFast:
		b.name(b.at(b.code.locals, arg>>4).text, false)
		b.name(b.at(b.code.locals, arg&15).text, false)
		return
	case opStoreFastLoadFast:
		b.store(b.at(b.code.locals, arg>>4).text)
		b.name(b.at(b.code.locals, arg&15).text, false)
		return
	case opLoadDeref, opLoadClassderef, opLoadFromDictOrDeref:
		b.name(b.cell(arg), false)
		return
	case opLoadAttr:
		method := false
		if v := b.m.opcodes.version; v == "3.12" || v == "3.13" {
			method, arg = arg&1 == 1, arg>>1
		}
		b.attribute(b.at(b.code.names, arg).text, method)
		return
	case opLoadMethod:
		b.attribute(b.at(b.code.names, arg).text, true)
		return
	case opStoreName, opStoreGlobal:
		b.store(b.at(b.code.names, arg).text)
		return
	case opStoreFast:
		b.store(b.at(b.code.locals, arg).text)
		return
	case opStoreDeref:
		b.store(b.cell(arg))
		return
	case opStoreFastStoreFast:
		b.store(b.at(b.code.locals, arg>>4).text)
		b.store(b.at(b.code.locals, arg&15).text)
		return
	case opPushNull:
		if b.m.opcodes.version == "3.13" && b.expr.text != "" && !b.expr.value {
			b.expr.called = true
		} else {
			b.flush()
			b.nulled = true
		}
		return
	case opPrecall:
		return
	case opCall:
		b.call(arg)
		return
	case opReturnConst:
		b.flush()
		b.load(b.at(b.code.consts, arg))
	}
	b.flush()
	switch o {
	case opExecStmt:
		b.line(b.indent, "exec(*", unknown, ")")
	case opCallOtherwise:
		b.settle(true)
	case opPopTop, opReturnValue, opReturnConst:
		b.settle(false)
		if o == opPopTop && b.from.named {
			b.endImport()
		}
	}
}

func (b *body) at(list []value, i int) value {
	if i < 0 || i >= len(list) {
		return value{}
	}
	return list[i]
}

// cell returns the name of a variable shared between functions.
func (b *body) cell(i int) []byte {
	if b.m.opcodes.since311() {
		return b.at(b.code.locals, i).text
	}
	return b.at(b.code.free, i).text
}

// load takes a constant: a function or class, an argument, or a value.
func (b *body) load(v value) {
	b.consts[0], b.consts[1] = b.consts[1], v
	if v.code != nil {
		b.flush()
		b.block(v.code, b.indent, b.body)
		b.made = identifier([]byte(v.code.name))
		b.qualified = !b.m.opcodes.narrow() && !b.m.opcodes.since311()
		return
	}
	if b.qualified || b.made != "" && string(v.text) == b.made { // the name of what was made
		b.qualified = false
		return
	}
	s, _ := literal(v, 0)
	b.spend(len(s))
	if b.expr.text != "" && !b.expr.value && len(b.expr.args) < 8 {
		b.expr.args = append(b.expr.args, s)
		return
	}
	b.flush()
	b.expr = expression{text: s, value: true}
}

// name begins an expression with a variable.
func (b *body) name(name []byte, called bool) {
	b.flush()
	b.expr = expression{text: identifier(name), called: called || b.nulled}
	b.nulled = false
}

// attribute goes on with an attribute of what was loaded, known or not.
func (b *body) attribute(name []byte, method bool) {
	if b.from.module != "" && !b.from.named && b.expr.text == "" {
		return // "import a.b as c" before 3.7 walks from a to b
	}
	if len(b.expr.args) > 0 { // of the last of its arguments: a string's method
		last := b.expr.args[len(b.expr.args)-1]
		b.expr.args = b.expr.args[:len(b.expr.args)-1]
		b.flush()
		b.expr = expression{text: last, value: true}
	}
	e := b.expr
	if e.text == "" || len(e.text) > 1000 && !e.value {
		b.flush()
		e.text = unknown
	}
	if e.value && (e.text[0] == '-' || e.text[0] >= '0' && e.text[0] <= '9') {
		e.text = unknown
	}
	b.expr = expression{text: e.text + "." + identifier(name), called: method || e.called}
}

// call completes the call of the expression if its arguments are all known;
// otherwise it is the call of something further back.
func (b *body) call(n int) {
	if e := &b.expr; e.text != "" && !e.value && len(e.args) == n {
		b.expr = expression{text: e.text + "(" + strings.Join(e.args, ", ") + ")"}
		return
	}
	b.flush()
	b.settle(true)
}

// flush ends the expression that is being put together.
func (b *body) flush() {
	e := b.expr
	b.expr = expression{}
	if b.from.module != "" && !b.from.named && e.text != "" {
		b.endImport()
	}
	switch {
	case e.text == "" || e.text == unknown:
	case e.value:
		if strings.ContainsAny(e.text, "'") {
			b.line(b.indent, unknown, " = ", e.text)
		}
	case e.called:
		b.line(b.indent, e.calledText())
	case !b.m.opcodes.since311() && !strings.HasSuffix(e.text, ")") && len(b.waiting) < 1000:
		b.waiting = append(b.waiting, e)
	default:
		b.refer(e)
	}
}

// calledText writes a call whose arguments are not all known.
func (e expression) calledText() string {
	return e.text + "(" + strings.Join(append(e.args, "*"+unknown), ", ") + ")"
}

// refer writes an expression that is not called, and the constants beside it.
func (b *body) refer(e expression) {
	b.line(b.indent, e.text)
	for _, a := range e.args {
		if strings.Contains(a, "'") {
			b.line(b.indent, unknown, " = ", a)
		}
	}
}

// settle decides whether the expressions that wait are called.
func (b *body) settle(called bool) {
	for _, e := range b.waiting {
		if called {
			b.line(b.indent, e.calledText())
		} else {
			b.refer(e)
		}
	}
	b.waiting = b.waiting[:0]
}

// store ends a statement with an assignment, a definition or an import.
func (b *body) store(name []byte) {
	target := identifier(name)
	e := b.expr
	switch {
	case b.from.module != "" && b.from.named && b.from.name != "":
		b.line(b.indent, "from ", b.from.module, " import ", b.from.name, " as ", target)
		b.from.name, b.from.imported = "", true
		return
	case b.from.module != "" && !b.from.named:
		if first, _, below := strings.Cut(b.from.module, "."); below && first == target {
			b.line(b.indent, "import ", b.from.module)
		} else {
			b.line(b.indent, "import ", b.from.module, " as ", target)
		}
		b.from = importing{}
		return
	case e.value && (target == "__module__" || target == "__qualname__"):
	case e.value && target == "__doc__":
		b.line(b.indent, e.text)
	case e.text != "" && !e.called && len(e.args) == 0:
		b.line(b.indent, target, " = ", e.text)
	case e.text != "" && e.called:
		b.line(b.indent, target, " = ", e.calledText())
	default:
		b.flush()
		if target != b.made {
			b.line(b.indent, target, " = ", unknown)
		}
		b.made = ""
	}
	b.expr = expression{}
	b.settle(false)
}

// importName begins an import statement. Level and list of names were loaded
// before.
func (b *body) importName(module string) {
	b.endImport()
	b.settle(false)
	level, list := b.consts[0], b.consts[1]
	if level.kind == number && level.n > 0 && level.n < 20 {
		module = strings.Repeat(".", level.n) + strings.TrimPrefix(module, unknown)
	}
	b.from = importing{module: module, named: list.kind == items && len(list.items) > 0}
}

func (b *body) importStar() {
	if b.from.module != "" {
		b.line(b.indent, "from ", b.from.module, " import *")
		b.from = importing{}
	}
}

// endImport ends the statement; one that gave nothing yet imports its module.
func (b *body) endImport() {
	if m := b.from.module; m != "" && !b.from.imported && !strings.HasPrefix(m, ".") {
		b.line(b.indent, "import ", m)
	}
	b.from = importing{}
}
