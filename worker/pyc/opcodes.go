package pyc

// op is an operation that Source makes use of, whatever its number.
type op uint8

const (
	opOther op = iota // ends whatever was being put together
	opExtendedArg
	opLoadConst
	opLoadName
	opLoadGlobal
	opLoadFast
	opLoadFastCheck
	opLoadFastLoadFast
	opLoadDeref
	opLoadClassderef
	opLoadFromDictOrDeref
	opLoadFromDictOrGlobals
	opLoadAttr
	opLoadMethod
	opImportName
	opImportFrom
	opImportStar
	opCallIntrinsic1
	opStoreName
	opStoreGlobal
	opStoreFast
	opStoreDeref
	opStoreFastLoadFast
	opStoreFastStoreFast
	opPushNull
	opPrecall
	opCall
	opCallOtherwise
	opPopTop
	opReturnValue
	opReturnConst
	opExecStmt
)

// opcodes are the operations of one version.
type opcodes struct {
	version string
	names   map[byte]op
	caches  map[byte]int // words that follow an instruction
}

// narrow says that instructions without an argument are one byte long and
// others three; from 3.6 on all are two.
func (o *opcodes) narrow() bool { return o.version == "2.7" }

// since311 says that calls can be told by what is loaded.
func (o *opcodes) since311() bool {
	return o.version == "3.11" || o.version == "3.12" || o.version == "3.13"
}

// opcodesOf returns the operations of a version, or nil.
func opcodesOf(version string) *opcodes {
	for i := range opcodeTables {
		if opcodeTables[i].version == version {
			return &opcodeTables[i]
		}
	}
	return nil
}

// opcodeTables are what testdata/generate.py --opcodes prints.
var opcodeTables = []opcodes{
	{"2.7", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		85:  opExecStmt,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		140: opCallOtherwise,
		141: opCallOtherwise,
		142: opCallOtherwise,
		145: opExtendedArg,
	}, map[byte]int{}},
	{"3.6", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		141: opCallOtherwise,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
	}, map[byte]int{}},
	{"3.7", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		141: opCallOtherwise,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
		160: opLoadMethod,
		161: opCall,
	}, map[byte]int{}},
	{"3.8", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		141: opCallOtherwise,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
		160: opLoadMethod,
		161: opCall,
	}, map[byte]int{}},
	{"3.9", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		141: opCallOtherwise,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
		160: opLoadMethod,
		161: opCall,
	}, map[byte]int{}},
	{"3.10", map[byte]op{
		1:   opPopTop,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		131: opCall,
		136: opLoadDeref,
		137: opStoreDeref,
		141: opCallOtherwise,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
		160: opLoadMethod,
		161: opCall,
	}, map[byte]int{}},
	{"3.11", map[byte]op{
		1:   opPopTop,
		2:   opPushNull,
		83:  opReturnValue,
		84:  opImportStar,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		124: opLoadFast,
		125: opStoreFast,
		137: opLoadDeref,
		138: opStoreDeref,
		142: opCallOtherwise,
		144: opExtendedArg,
		148: opLoadClassderef,
		160: opLoadMethod,
		166: opPrecall,
		171: opCall,
	}, map[byte]int{122: 1, 25: 4, 171: 4, 107: 2, 106: 4, 116: 5, 160: 10, 166: 1, 95: 4, 60: 1, 92: 1}},
	{"3.12", map[byte]op{
		1:   opPopTop,
		2:   opPushNull,
		83:  opReturnValue,
		90:  opStoreName,
		97:  opStoreGlobal,
		100: opLoadConst,
		101: opLoadName,
		106: opLoadAttr,
		108: opImportName,
		109: opImportFrom,
		116: opLoadGlobal,
		121: opReturnConst,
		124: opLoadFast,
		125: opStoreFast,
		127: opLoadFastCheck,
		137: opLoadDeref,
		138: opStoreDeref,
		142: opCallOtherwise,
		144: opExtendedArg,
		171: opCall,
		173: opCallIntrinsic1,
		175: opLoadFromDictOrGlobals,
		176: opLoadFromDictOrDeref,
	}, map[byte]int{122: 1, 25: 1, 171: 3, 107: 1, 93: 1, 106: 9, 116: 4, 141: 1, 123: 1, 95: 4, 60: 1, 92: 1}},
	{"3.13", map[byte]op{
		32:  opPopTop,
		34:  opPushNull,
		36:  opReturnValue,
		53:  opCall,
		54:  opCallOtherwise,
		55:  opCallIntrinsic1,
		57:  opCallOtherwise,
		71:  opExtendedArg,
		74:  opImportFrom,
		75:  opImportName,
		82:  opLoadAttr,
		83:  opLoadConst,
		84:  opLoadDeref,
		85:  opLoadFast,
		87:  opLoadFastCheck,
		88:  opLoadFastLoadFast,
		89:  opLoadFromDictOrDeref,
		90:  opLoadFromDictOrGlobals,
		91:  opLoadGlobal,
		92:  opLoadName,
		103: opReturnConst,
		109: opStoreDeref,
		110: opStoreFast,
		111: opStoreFastLoadFast,
		112: opStoreFastStoreFast,
		113: opStoreGlobal,
		114: opStoreName,
	}, map[byte]int{45: 1, 5: 1, 53: 3, 58: 1, 59: 1, 72: 1, 77: 1, 82: 9, 91: 4, 93: 1, 97: 1, 98: 1, 99: 1, 100: 1, 104: 1, 108: 4, 39: 1, 40: 3, 117: 1}},
}
