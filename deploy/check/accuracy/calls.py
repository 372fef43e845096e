"""Lists every call whose callee resolves through imports, by CPython's parser.

    python3 calls.py TREE > calls.tsv

One line a call: path (below TREE), first line, last line, candidates, tags. A
candidate is a dotted name, "shutil.rmtree"; builtins that nothing shadows are
"builtins.eval". There are several, joined by "|", where a name is imported in
several ways (try/except). The last line says how many files were read.

This is the reference that `prevalence scan` is compared with, so it is written
independently of it, from the language reference (naming and binding), with a
full syntax tree, and only knows what imports prove:

- a name means what the innermost scope that binds it gives it; class bodies are
  skipped from within functions;
- it resolves when all its bindings in that scope are imports, or assignments of
  a name that resolves, or `= None` beside an import (the usual fallback);
- what is bound in any other way resolves to nothing, and so does everything
  below a subscript.

Methods of instances are listed too, with the tag instance, where the class
stands for certain: "Path(x).unlink()", a variable that is bound once, by
`p = Path(x)` or `with Path(x) as p`, a parameter `p: Path`, and `self.p` where
the class assigns it once. A class is a name that begins with a capital (but for
ctypes.cdll.LoadLibrary), and
socket.socket. They are counted apart.

A call with an argument that is plain to see is listed a second time with it:
"subprocess.run#shell=True" for True and False by keyword, "builtins.open#mode=w"
for the mode that a file is opened with (its letter and plus; r when left out).

Tags say what about the call is unusual, for sorting misses: instance, alias (a local
rebinding), star (the file has a star import, so a builtin may be another),
local (imported within a function), several, lambda, decorator, default,
comprehension, fstring.
"""
import ast
import multiprocessing
import os
import sys
import warnings

BUILTINS = set(dir(__builtins__))


class Scope:
    def __init__(self, parent, is_class=False, is_comprehension=False):
        self.parent, self.is_class, self.is_comprehension = parent, is_class, is_comprehension
        self.bound = {}  # name: list of bindings: ("import", dotted), ("alias", node), ("none",), ("other",)
        self.globals, self.nonlocals = set(), set()
        self.star = False
        self.first = None  # name of a function's first parameter
        self.attributes = {}  # of a class: bindings of self.NAME in its methods

    def top(self):
        s = self
        while s.parent is not None:
            s = s.parent
        return s

    def bind(self, name, what):
        s = self
        if name in self.globals:
            s = self.top()
        elif name in self.nonlocals:
            s = self.parent
            while s.parent is not None and (s.is_class or name not in s.bound):
                s = s.parent
        s.bound.setdefault(name, []).append(what)


# Where the mode of a file stands among the arguments.
MODES = {name: 1 for name in (
    "builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen", "zipfile.ZipFile", "tarfile.open")}
MODES["pathlib.Path.open"] = 0


def arguments(name, call):
    """What is plain to see of a call's arguments, as "name=value"."""
    if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return
    mode = None
    for k in call.keywords:
        if k.arg == "mode":
            mode = k.value
        elif isinstance(k.value, ast.Constant) and isinstance(k.value.value, bool):
            yield "%s=%s" % (k.arg, k.value.value)
    if name in MODES:
        if mode is None and len(call.args) > MODES[name]:
            mode = call.args[MODES[name]]
        if mode is None:
            mode = ast.Constant("r")
        if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
            letters = [c for c in mode.value if c in "rwax"]
            if len(letters) == 1:
                yield "mode=" + letters[0] + ("+" if "+" in mode.value else "")


class Binder(ast.NodeVisitor):
    """Finds all bindings before anything is looked up."""

    def __init__(self, module, package):
        self.module, self.package = module, package
        self.scopes = {}
        self.scope = None

    def run(self, tree):
        self.scope = self.scopes[tree] = Scope(None)
        self.declare(tree.body)
        for n in tree.body:
            self.visit(n)

    def declare(self, body):
        for statement in body:
            stack = [statement]
            while stack:
                n = stack.pop()
                if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                    continue
                if isinstance(n, ast.Global):
                    self.scope.globals.update(n.names)
                if isinstance(n, ast.Nonlocal):
                    self.scope.nonlocals.update(n.names)
                stack.extend(ast.iter_child_nodes(n))

    def inside(self, node, is_class, fill):
        outer = self.scope
        self.scope = self.scopes[node] = Scope(outer, is_class, not hasattr(node, "body"))
        fill()
        self.scope = outer

    def visit_FunctionDef(self, n):
        self.scope.bind(n.name, ("other",))
        for d in n.decorator_list:
            self.visit(d)
        self.arguments_outside(n.args)
        if n.returns:
            self.visit(n.returns)

        def fill():
            self.declare(n.body)
            self.parameters(n.args)
            for s in n.body:
                self.visit(s)
        self.inside(n, False, fill)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, n):
        self.arguments_outside(n.args)

        def fill():
            self.parameters(n.args)
            self.visit(n.body)
        self.inside(n, False, fill)

    def arguments_outside(self, args):
        for d in args.defaults + [k for k in args.kw_defaults if k]:
            self.visit(d)
        for a in args.posonlyargs + args.args + args.kwonlyargs + [args.vararg, args.kwarg]:
            if a is not None and a.annotation:
                self.visit(a.annotation)

    def parameters(self, args):
        for a in args.posonlyargs + args.args + args.kwonlyargs + [args.vararg, args.kwarg]:
            if a is not None:
                what = ("other",)
                if isinstance(a.annotation, (ast.Name, ast.Attribute)) and a is not args.vararg and a is not args.kwarg:
                    what = ("instance", a.annotation, self.scope.parent)
                self.scope.bind(a.arg, what)
        first = args.posonlyargs + args.args
        self.scope.first = first[0].arg if first else None

    def visit_ClassDef(self, n):
        self.scope.bind(n.name, ("other",))
        for d in n.decorator_list + n.bases + [k.value for k in n.keywords]:
            self.visit(d)

        def fill():
            self.declare(n.body)
            for s in n.body:
                self.visit(s)
        self.inside(n, True, fill)

    def comprehension(self, n):
        def fill():
            self.generic_visit(n)
        self.inside(n, False, fill)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_Import(self, n):
        for a in n.names:
            if a.asname:
                self.scope.bind(a.asname, ("import", a.name))
            else:
                first = a.name.split(".")[0]
                self.scope.bind(first, ("import", first))

    def visit_ImportFrom(self, n):
        module = n.module or ""
        if n.level:
            if self.package is None or n.level > len(self.package) + 1:
                base = None
            else:
                base = self.package[:len(self.package) - n.level + 1]
                module = ".".join(base + ([module] if module else []))
            if base is None or not module:
                module = None
        for a in n.names:
            if a.name == "*":
                self.scope.top().star = True
            elif module is None:
                self.scope.bind(a.asname or a.name, ("other",))
            else:
                self.scope.bind(a.asname or a.name, ("import", module + "." + a.name))

    def visit_Assign(self, n):
        if len(n.targets) == 1 and isinstance(n.targets[0], ast.Name):
            name = n.targets[0].id
            if isinstance(n.value, ast.Constant) and n.value.value is None:
                self.scope.bind(name, ("none",))
                return
            if isinstance(n.value, (ast.Name, ast.Attribute)):
                self.scope.bind(name, ("alias", n.value, self.scope))
                self.visit(n.value)
                return
            if isinstance(n.value, ast.Call):
                self.scope.bind(name, ("instance", n.value.func, self.scope))
                self.visit(n.value)
                return
        for t in n.targets:
            self.attribute(t, n.value if len(n.targets) == 1 else None)
        self.generic_visit(n)

    def visit_AnnAssign(self, n):
        self.attribute(n.target, n.value)
        self.generic_visit(n)

    def visit_AugAssign(self, n):
        self.attribute(n.target, None)
        self.generic_visit(n)

    def visit_For(self, n):
        self.attribute(n.target, None)
        self.generic_visit(n)

    def attribute(self, target, value):
        """Notes an assignment to self.NAME in a method."""
        if isinstance(target, (ast.Tuple, ast.List)):
            for t in target.elts:
                self.attribute(t, None)
        s = self.scope
        if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and s.parent is not None
                and s.parent.is_class and target.value.id == s.first):
            return
        what = ("instance", value.func, s) if isinstance(value, ast.Call) else ("other",)
        s.parent.attributes.setdefault(target.attr, []).append(what)

    def visit_withitem(self, n):
        if isinstance(n.optional_vars, ast.Name) and isinstance(n.context_expr, ast.Call):
            self.scope.bind(n.optional_vars.id, ("instance", n.context_expr.func, self.scope))
            self.visit(n.context_expr)
            return
        if n.optional_vars is not None:
            self.attribute(n.optional_vars, n.context_expr)
        self.generic_visit(n)

    def visit_Name(self, n):
        if isinstance(n.ctx, (ast.Store, ast.Del)):
            self.scope.bind(n.id, ("other",))

    def visit_NamedExpr(self, n):
        s = self.scope
        while s.is_comprehension:
            s = s.parent
        s.bind(n.target.id, ("other",))
        self.visit(n.value)

    def visit_ExceptHandler(self, n):
        if n.name:
            self.scope.bind(n.name, ("other",))
        self.generic_visit(n)

    def visit_MatchAs(self, n):
        if n.name:
            self.scope.bind(n.name, ("other",))
        self.generic_visit(n)

    def visit_MatchStar(self, n):
        if n.name:
            self.scope.bind(n.name, ("other",))

    def visit_MatchMapping(self, n):
        if n.rest:
            self.scope.bind(n.rest, ("other",))
        self.generic_visit(n)


class Finder(ast.NodeVisitor):
    """Resolves each call."""

    def __init__(self, scopes, emit):
        self.scopes, self.emit = scopes, emit
        self.scope = None
        self.tags = []

    def run(self, tree):
        self.scope = self.scopes[tree]
        self.generic_visit(tree)

    def resolve(self, node, scope, depth=0):
        """Returns (candidates, tags), or None."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        parts.reverse()
        if depth > 8:
            return None
        if isinstance(node, ast.Call) and parts:
            found = self.instance([("instance", node.func, scope)], depth)
        elif isinstance(node, ast.Name):
            found = self.name(node.id, scope, depth, bool(parts))
            if found is None and len(parts) > 1:
                found, parts = self.member(node.id, parts[0], scope, depth), parts[1:]
        else:
            found = None
        if found is None:
            return None
        names, tags = found
        return [".".join([n] + parts) for n in names], tags

    def instance(self, bindings, depth):
        """The class of what is bound once, by a call of the class."""
        if len(bindings) != 1 or bindings[0][0] != "instance":
            return None
        found = self.resolve(bindings[0][1], bindings[0][2], depth + 1)
        if found is None or "instance" in found[1]:
            return None
        if not all(n.split(".")[-1][:1].isupper() and not n.endswith(".LoadLibrary") or n == "socket.socket" for n in found[0]):
            return None
        return found[0], sorted(set(found[1]) | {"instance"})

    def member(self, name, attribute, scope, depth):
        """The class of self.NAME."""
        s = scope
        while s.parent is not None and (s.first != name or not s.parent.is_class):
            s = s.parent
        if s.parent is None:
            return None
        return self.instance(s.parent.attributes.get(attribute, []), depth)

    def name(self, name, scope, depth, below=False):
        s, first = scope, True
        if name in s.globals:
            s = s.top()
        while s is not None:
            if (first or not s.is_class) and name in s.bound:
                break
            s, first = s.parent, False
        if s is None:
            if name in BUILTINS:
                return ["builtins." + name], (["star"] if scope.top().star else [])
            return None
        names, tags = [], set()
        if s.bound[name][0][0] == "instance":
            return self.instance(s.bound[name], depth) if below else None
        for b in s.bound[name]:
            if b[0] == "import":
                names.append(b[1])
            elif b[0] == "alias":
                if isinstance(b[1], ast.Name) and b[1].id == name:
                    # "open = open": the outer one, which is another question.
                    return None
                found = self.resolve(b[1], b[2], depth + 1)
                if found is None:
                    return None
                names += found[0]
                tags.update(found[1])
                tags.add("alias")
            elif b[0] != "none":
                return None
        if not names:
            return None
        names = list(dict.fromkeys(names))
        if len(names) > 1:
            tags.add("several")
        if s.parent is not None:
            tags.add("local")
        return names, sorted(tags)

    def visit_Call(self, n):
        found = self.resolve(n.func, self.scope)
        if found:
            names, tags = found
            self.emit(n.lineno, n.end_lineno, names, list(tags) + self.tags)
            for argument in arguments(names[0], n):
                self.emit(n.lineno, n.end_lineno, [name + "#" + argument for name in names], list(tags) + self.tags + ["argument"])
        self.generic_visit(n)

    def tagged(self, tag, nodes):
        self.tags.append(tag)
        for n in nodes:
            self.visit(n)
        self.tags.pop()

    def inside(self, node, nodes, tag=None):
        outer = self.scope
        self.scope = self.scopes[node]
        if tag:
            self.tagged(tag, nodes)
        else:
            for n in nodes:
                self.visit(n)
        self.scope = outer

    def function(self, n):
        self.tagged("decorator", n.decorator_list)
        self.outside(n.args)
        self.inside(n, n.body)

    visit_FunctionDef = visit_AsyncFunctionDef = function

    def outside(self, args):
        self.tagged("default", args.defaults + [k for k in args.kw_defaults if k])

    def visit_Lambda(self, n):
        self.outside(n.args)
        self.inside(n, [n.body], "lambda")

    def visit_ClassDef(self, n):
        self.tagged("decorator", n.decorator_list)
        for b in n.bases + [k.value for k in n.keywords]:
            self.visit(b)
        self.inside(n, n.body)

    def comprehension(self, n):
        self.inside(n, list(ast.iter_child_nodes(n)), "comprehension")

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_JoinedStr(self, n):
        # Positions within f-strings are relative in this version of Python.
        self.tagged("fstring", n.values)

    def visit_AnnAssign(self, n):
        if n.value:
            self.visit(n.value)
        self.visit(n.target)


def package_of(path):
    """The package that a module is in, as a list, from __init__.py files around it."""
    folder = os.path.dirname(path)
    parts = []
    while os.path.exists(os.path.join(folder, "__init__.py")):
        parts.append(os.path.basename(folder))
        folder = os.path.dirname(folder)
    return parts[::-1] or None


def one(job):
    """The lines of one file, or None when it cannot be parsed."""
    tree, path = job
    with open(path, "rb") as f:
        source = f.read()
    rows = []
    try:
        module = ast.parse(source)
        binder = Binder(path, package_of(path))
        binder.run(module)
        Finder(binder.scopes, lambda *row: rows.append(row)).run(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    short = os.path.relpath(path, tree)
    return "".join("%s\t%d\t%d\t%s\t%s\n" % (short, first, last, "|".join(names), ",".join(dict.fromkeys(tags)))
                   for first, last, names, tags in rows)


def start():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)


def main(tree):
    jobs = []
    for root, folders, files in os.walk(tree):
        folders.sort()
        jobs += [(tree, os.path.join(root, name)) for name in sorted(files) if name.endswith((".py", ".pyw"))]
    failed = 0
    with multiprocessing.Pool(initializer=start) as pool:
        for lines in pool.imap(one, jobs, 32):
            if lines is None:
                failed += 1
            else:
                sys.stdout.write(lines)
    print("# files parsed: %d, not: %d" % (len(jobs) - failed, failed))


if __name__ == "__main__":
    main(sys.argv[1])
