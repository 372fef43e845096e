"""Lists calls whose callee resolves through imports or builtins, by CPython's ast.

Usage: callees.py FOLDER

FOLDER holds wheels and sdists. One line a call: file, member, line, callee,
separated by tabs. Names are resolved by scope alone: a name counts when every
binding of it in its scope is an import (or None, the usual stand-in for one
that failed). What cannot be parsed is listed with the callee "!syntax".
"""

import ast
import builtins
import io
import os
import sys
import tarfile
import warnings
import zipfile

warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OTHER = "\0"
NONE = "\1"


class Scope:
    def __init__(self, parent, is_class=False):
        self.parent = parent
        self.is_class = is_class
        self.names = {}
        self.globals = set()
        self.nonlocals = set()

    def bind(self, name, what):
        scope = self
        if name in self.globals:
            while scope.parent is not None:
                scope = scope.parent
        elif name in self.nonlocals and self.parent is not None:
            return self.parent.bind(name, what)
        scope.names.setdefault(name, set()).add(what)

    def lookup(self, name):
        if name in self.globals:
            scope = self
            while scope.parent is not None:
                scope = scope.parent
            return scope.names.get(name)
        scope, first = self, True
        while scope is not None:
            if name in scope.names and (first or not scope.is_class):
                return scope.names[name]
            scope, first = scope.parent, False
        return None


class Binder(ast.NodeVisitor):
    """Gives every scope its bindings; remembers which scope a node opens."""

    def __init__(self):
        self.module = self.scope = Scope(None)
        self.opened = {}
        self.stars = False

    def inside(self, node, scope, parts):
        self.opened[node] = scope
        outer, self.scope = self.scope, scope
        for part in parts:
            self.visit(part)
        self.scope = outer

    def visit_Import(self, node):
        for a in node.names:
            if a.asname:
                self.scope.bind(a.asname, a.name)
            else:
                top = a.name.partition(".")[0]
                self.scope.bind(top, top)

    def visit_ImportFrom(self, node):
        for a in node.names:
            if a.name == "*":
                self.stars = True
            elif node.level:
                self.scope.bind(a.asname or a.name, OTHER)
            else:
                self.scope.bind(a.asname or a.name, node.module + "." + a.name)

    def visit_Global(self, node):
        self.scope.globals.update(node.names)

    def visit_Nonlocal(self, node):
        self.scope.nonlocals.update(node.names)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.scope.bind(node.id, OTHER)

    def visit_Assign(self, node):
        if isinstance(node.value, ast.Constant) and node.value.value is None:
            for t in node.targets:
                if isinstance(t, ast.Name):
                    self.scope.bind(t.id, NONE)
                else:
                    self.visit(t)
            return
        self.generic_visit(node)

    def visit_Delete(self, node):
        for t in node.targets:
            if not isinstance(t, ast.Name):
                self.visit(t)

    def visit_ExceptHandler(self, node):
        if node.name:
            self.scope.bind(node.name, OTHER)
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        if node.name:
            self.scope.bind(node.name, OTHER)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def function(self, node):
        if not isinstance(node, ast.Lambda):
            self.scope.bind(node.name, OTHER)
            for d in node.decorator_list:
                self.visit(d)
            if node.returns:
                self.visit(node.returns)
        a = node.args
        for d in a.defaults + [d for d in a.kw_defaults if d]:
            self.visit(d)
        scope = Scope(self.scope)
        for arg in a.posonlyargs + a.args + a.kwonlyargs + [x for x in (a.vararg, a.kwarg) if x]:
            scope.bind(arg.arg, OTHER)
            if arg.annotation:
                self.visit(arg.annotation)
        # Declarations count for the whole body.
        for n in ast.walk(node):
            if isinstance(n, ast.Global):
                scope.globals.update(n.names)
        self.inside(node, scope, node.body if isinstance(node.body, list) else [node.body])

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = function

    def visit_ClassDef(self, node):
        self.scope.bind(node.name, OTHER)
        for n in node.decorator_list + node.bases + node.keywords:
            self.visit(n)
        self.inside(node, Scope(self.scope, True), node.body)

    def comprehension(self, node):
        scope = Scope(self.scope)
        first = node.generators[0]
        self.visit(first.iter)
        outer, self.scope = self.scope, scope
        self.opened[node] = scope
        self.visit(first.target)
        for c in first.ifs:
            self.visit(c)
        for g in node.generators[1:]:
            self.visit(g)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.visit(getattr(node, part))
        self.scope = outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension


class Calls(ast.NodeVisitor):
    """Lists the calls, with the scopes that a Binder found."""

    def __init__(self, binder):
        self.binder = binder
        self.scope = binder.module
        self.found = []

    def generic_visit(self, node):
        scope = self.binder.opened.get(node)
        if scope is None:
            return super().generic_visit(node)
        outer = self.scope
        if isinstance(node, COMPREHENSIONS):
            self.visit(node.generators[0].iter)
            self.scope = scope
            for part in ("elt", "key", "value"):
                if hasattr(node, part):
                    self.visit(getattr(node, part))
            for i, g in enumerate(node.generators):
                for c in g.ifs:
                    self.visit(c)
                if i:
                    self.visit(g.iter)
        else:
            if not isinstance(node, ast.Lambda):
                for d in node.decorator_list:
                    self.visit(d)
            if isinstance(node, ast.ClassDef):
                for n in node.bases + node.keywords:
                    self.visit(n)
            else:
                a = node.args
                for d in a.defaults + [d for d in a.kw_defaults if d]:
                    self.visit(d)
            self.scope = scope
            for n in node.body if isinstance(node.body, list) else [node.body]:
                self.visit(n)
        self.scope = outer

    def visit_Call(self, node):
        names, f = [], node.func
        while isinstance(f, ast.Attribute):
            names.append(f.attr)
            f = f.value
        if isinstance(f, ast.Name):
            bound = self.scope.lookup(f.id)
            tail = "".join("." + n for n in reversed(names))
            if bound is None:
                if hasattr(builtins, f.id) and not self.binder.stars:
                    self.found.append((node.lineno, "builtins." + f.id + tail))
            elif OTHER not in bound:
                for b in bound:
                    if b != NONE:
                        self.found.append((node.lineno, b + tail))
        super().generic_visit(node)


def members(path):
    if path.endswith((".whl", ".zip")):
        with zipfile.ZipFile(path) as z:
            for n in z.namelist():
                if n.endswith(".py"):
                    yield n, z.read(n)
    elif path.endswith(".tar.gz"):
        with tarfile.open(path) as t:
            for m in t:
                if m.isfile() and m.name.endswith(".py"):
                    yield m.name, t.extractfile(m).read()


def main(folder):
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline="\n")
    for name in sorted(os.listdir(folder)):
        for member, source in members(os.path.join(folder, name)):
            try:
                tree = ast.parse(source)
                binder = Binder()
                binder.visit(tree)
                calls = Calls(binder)
                calls.visit(tree)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                print(name, member, 0, "!syntax", sep="\t", file=out)
                continue
            for line, callee in calls.found:
                print(name, member, line, callee, sep="\t", file=out)
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
