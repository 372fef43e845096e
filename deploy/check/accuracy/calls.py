"""Lists every call whose callee resolves through imports, by CPython's parser.

    python3 calls.py TREE > calls.tsv

One line a call: path (below TREE), first line, last line, candidates, tags. A
candidate is a dotted name, "shutil.rmtree"; builtins that nothing shadows are
"builtins.eval". There are several, joined by "|", where a name is imported in
several ways (try/except). The last line stands on its own: "# files parsed not".

This is the reference that `prevalence scan` is compared with, so it is written
independently of it, from the language reference (naming and binding), with a
full syntax tree, and only knows what imports prove:

- a name means what the innermost scope that binds it gives it; class bodies are
  skipped from within functions;
- it resolves when all its bindings in that scope are imports, or assignments of
  a name that resolves, or `= None` beside an import (the usual fallback);
- what is bound in any other way resolves to nothing, and so does everything
  below a call, a subscript or a parameter.

Tags say what about the call is unusual, for sorting misses: alias (a local
rebinding), star (the file has a star import, so a builtin may be another),
local (imported within a function), several, lambda, decorator, default,
comprehension, fstring.
"""
import ast
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
                self.scope.bind(a.arg, ("other",))

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
        if not isinstance(node, ast.Name) or depth > 8:
            return None
        parts.reverse()
        found = self.name(node.id, scope, depth)
        if found is None:
            return None
        names, tags = found
        return [".".join([n] + parts) for n in names], tags

    def name(self, name, scope, depth):
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
            elif b[0] == "other":
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


def main(tree):
    parsed = failed = 0
    out = sys.stdout
    for root, folders, files in os.walk(tree):
        folders.sort()
        for name in sorted(files):
            if not name.endswith((".py", ".pyw")):
                continue
            path = os.path.join(root, name)
            with open(path, "rb") as f:
                source = f.read()
            try:
                module = ast.parse(source)
                binder = Binder(name, package_of(path))
                binder.run(module)
                rows = []
                Finder(binder.scopes, lambda *row: rows.append(row)).run(module)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                failed += 1
                continue
            parsed += 1
            short = os.path.relpath(path, tree)
            for first, last, names, tags in rows:
                out.write("%s\t%d\t%d\t%s\t%s\n" % (short, first, last, "|".join(names), ",".join(dict.fromkeys(tags))))
    out.write("# %d %d\n" % (parsed, failed))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    main(sys.argv[1])
