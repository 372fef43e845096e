"""Counts projects in which a text stands that looks like a behaviour.

    python3 text.py TREE MANIFEST > text.md

That is how figures are made that go by names: ".replace(" stands in most
projects, and hardly any of them renames a file. For each pattern the share of
the Top 100 and Top 1k in which it stands anywhere, and in which it stands in code:
outside comments and, but for addresses, outside strings; addresses are sought in
strings that are no docstrings. The last lines say where addresses stand.
"""
import collections
import os
import re
import sys

# The published share of the Top 100 that each pattern is measured against.
PATTERNS = [
    ("renames", 68, r"\.(?:rename|renames|replace|move)\s*\("),
    (".replace(", None, r"\.replace\s*\("),
    (".rename(", None, r"\.rename\s*\("),
    ("os.rename, os.replace, shutil.move", None, r"\b(?:os\.(?:rename|renames|replace)|shutil\.move)\s*\("),
    ("deletes", 70, r"\.(?:remove|unlink|rmtree|rmdir|removedirs)\s*\("),
    (".remove(", None, r"\.remove\s*\("),
    ("os.remove, os.unlink, .unlink, rmtree", None, r"\bos\.(?:remove|unlink)\s*\(|\.unlink\s*\(|\brmtree\s*\("),
    ("decodes hex or base64", 34, r"\bbase64\b|b64decode|unhexlify|fromhex|a2b_(?:hex|base64)"),
    ("IP addresses", 67, r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"),
]
PATTERNS = [(name, published, re.compile(p)) for name, published, p in PATTERNS]
ADDRESS = PATTERNS[-1][2]

# A comment or a string; inside single quotes no line ends.
TOKEN = re.compile(r'''#[^\n]*|[rRbBuUfF]{0,2}(?:"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')''', re.S)


def parts(text):
    """The code without comments and strings, the strings, and the rest."""
    code, strings, remarks, last = [], [], [], 0
    for m in TOKEN.finditer(text):
        code.append(text[last:m.start()])
        last, token = m.end(), m.group()
        line = text.rfind("\n", 0, m.start()) + 1
        alone = not text[line:m.start()].strip()
        triple = token.lstrip("rRbBuUfF")[:3] in ('"""', "\'\'\'")
        (remarks if token[0] == "#" or alone and triple else strings).append(token)
    code.append(text[last:])
    return "".join(code), "\n".join(strings), "\n".join(remarks)


def kind(address):
    octets = [int(o) for o in address.split(".")]
    if max(octets) > 255:
        return "no address: a number above 255"
    if octets[0] in (0, 127, 255) or octets == [1, 2, 3, 4]:
        return "this machine, every machine, or a made-up one"
    if octets[0] == 10 or octets[:2] == [192, 168] or octets[0] == 172 and 16 <= octets[1] < 32 or octets[:2] == [169, 254]:
        return "of a private network"
    if octets[:3] in ([192, 0, 2], [198, 51, 100], [203, 0, 113]):
        return "kept for documentation"
    if octets[2:] == [0, 0] or octets[:2] in ([1, 2], [2, 5], [1, 3]) or max(octets) < 20:
        return "more likely a version or an object identifier"
    return "others"


def main(tree, manifest):
    ranks = {}
    for row in open(manifest, encoding="utf-8").read().split("\n")[1:]:
        f = row.split("\t")
        if len(f) > 5 and f[5]:
            ranks[f[2]] = (f[0], int(f[5]))
    projects = collections.defaultdict(lambda: (set(), set()))  # patterns anywhere, in code
    bands = {}
    where, kinds = collections.Counter(), collections.Counter()
    for name, (project, rank) in ranks.items():
        if rank > 1000:
            continue
        bands[project] = rank
        anywhere, in_code = projects[project]
        for root, _, files in os.walk(os.path.join(tree, name + ".d")):
            for file in files:
                if not file.endswith((".py", ".pyw")):
                    continue
                with open(os.path.join(root, file), encoding="utf-8", errors="replace") as f:
                    text = f.read()
                code, strings, remarks = parts(text)
                for i, (_, _, pattern) in enumerate(PATTERNS):
                    if pattern.search(text):
                        anywhere.add(i)
                    if pattern.search(strings if pattern is ADDRESS else code):
                        in_code.add(i)
                if rank <= 100:
                    for place, part in (("code", code), ("strings", strings), ("comments and docstrings", remarks)):
                        found = ADDRESS.findall(part)
                        where[place] += len(found)
                        kinds.update(map(kind, found))
    sizes = {band: sum(r <= band for r in bands.values()) for band in (100, 1000)}
    print("| text | published | Top 100 (%d here), anywhere | in code | Top 1k (%d here), anywhere | in code |" % (sizes[100], sizes[1000]))
    print("|---|---:|---:|---:|---:|---:|")
    for i, (name, published, _) in enumerate(PATTERNS):
        cells = ["%d %%" % published if published else ""]
        for band in (100, 1000):
            for which in (0, 1):
                n = sum(i in projects[p][which] for p, r in bands.items() if r <= band)
                cells.append("%d (%.0f %%)" % (n, 100 * n / sizes[band]))
        print("| %s | %s |" % (name, " | ".join(cells)))
    print("\nText like an IP address in the Top 100 (%d):" % sum(where.values()))
    for counter in (where, kinds):
        print("; ".join("%s %d" % c for c in counter.most_common()) + ".")


main(sys.argv[1], sys.argv[2])
