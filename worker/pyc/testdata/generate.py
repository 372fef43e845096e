"""Writes the compiled files of this folder, and with --opcodes the table of
opcodes, as Go. Run it with each interpreter that the table shall know:

    for python in python2.7 python3.6 python3.7 ...; do $python generate.py; done
    for python in ...; do $python generate.py --opcodes; done

The source that is compiled is inert: it is never run.
"""
import dis
import opcode
import py_compile
import sys

TAG = "%d.%d" % sys.version_info[:2]

SOURCE = '''\
import os
import os.path as p
import xml.sax.handler
from base64 import b64decode as decode, b64encode
from . import sibling
from .parent import child

URL = "http://example.invalid/payload"
run = os.system
eval = len


class Box(object):
    label = "in a class body"

    def open(self, name):
        import subprocess
        subprocess.Popen([name, "an argument"])
        return self.handle.unlink()


def work(path, compile=None):
    compile(path)
    eval("1")
    handle = open(path)
    run("true")
    os.environ["KEY"]
    os.path.join("a", "b")
    p.join(path)
    xml.sax.handler.feature_validation

    def inner():
        return decode(path)
    return inner


work(lambda: os.remove("x"))
'''

NAMES = [
    "EXTENDED_ARG", "LOAD_CONST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_ATTR", "LOAD_METHOD",
    "IMPORT_NAME", "IMPORT_FROM", "IMPORT_STAR", "STORE_NAME", "STORE_GLOBAL", "STORE_FAST", "STORE_DEREF", "PUSH_NULL",
    "POP_TOP", "RETURN_VALUE", "CALL_INTRINSIC_1", "LOAD_FAST_CHECK", "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST",
    "STORE_FAST_STORE_FAST", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "LOAD_FROM_DICT_OR_GLOBALS", "RETURN_CONST", "PRECALL", "EXEC_STMT",
]
CALLS = ["CALL_FUNCTION", "CALL_METHOD", "CALL"]  # their argument counts what is between the callee and them
CALLS_OTHERWISE = ["CALL_FUNCTION_VAR", "CALL_FUNCTION_KW", "CALL_FUNCTION_VAR_KW", "CALL_FUNCTION_EX", "CALL_KW"]


def main():
    if "--opcodes" not in sys.argv:
        import os
        source = "sample.py"
        with open(source, "w") as f:
            f.write(SOURCE)
        os.utime(source, (0, 0))  # the time stands in the file
        py_compile.compile(source, cfile="sample-%s.pyc" % TAG, dfile="sample.py", doraise=True)
        os.remove(source)
        return
    numbers = dict((name, number) for name, number in opcode.opmap.items() if number < 256)
    rows = [(numbers[name], "op" + "".join(w.capitalize() for w in name.split("_"))) for name in NAMES if name in numbers]
    rows += [(numbers[name], "opCall") for name in CALLS if name in numbers]
    rows += [(numbers[name], "opCallOtherwise") for name in CALLS_OTHERWISE if name in numbers]
    print("\t{\"%s\", map[byte]op{" % TAG)
    for number, name in sorted(rows):
        print("\t\t%d: %s," % (number, name))
    caches = getattr(opcode, "_inline_cache_entries", {})
    entries = caches.items() if isinstance(caches, dict) else zip(opcode.opname, caches)
    rows = ["%d: %d" % (numbers[name], n) for name, n in sorted(entries) if n and name in numbers]
    print("\t}, map[byte]int{%s}}," % ", ".join(rows))


main()
