"""Prints each drawn piece of evidence with the lines around it, to be judged.

    python3 evidence.py FILES DRAWN.tsv [CATEGORY ...]

FILES is the folder of distributions; nothing is unpacked to disk. Only rows
without a verdict are printed. What is printed is source text of others: read it,
and keep it out of the repository.
"""
import os
import sys
import tarfile
import zipfile

AROUND = 3
WIDTH = 110
HEADERS = ("Name", "Version", "Author", "Author-email", "Maintainer", "Maintainer-email", "Home-page", "Project-URL", "Download-URL")


def member(files, name, path):
    """The text of one member, or None when it is none."""
    distribution = os.path.join(files, name)
    try:
        if name.endswith((".whl", ".zip", ".egg")):
            with zipfile.ZipFile(distribution) as z:
                data = z.read(path)
        else:
            with tarfile.open(distribution) as t:
                data = t.extractfile(path).read()
    except (KeyError, OSError, AttributeError):
        return None
    return None if b"\0" in data[:4096] else data.decode("utf-8", "replace")


def main(files, drawn, wanted):
    for number, row in enumerate(open(drawn, encoding="utf-8"), 1):
        fields = row.rstrip("\n").split("\t")
        if row.startswith("#") or fields[0] == "file" or fields[3]:
            continue
        name, at, behavior, _, _, symbol, context, certainty = fields
        if wanted and behavior.split("/")[0] not in wanted:
            continue
        path, _, line = at.rpartition(":")
        if not line.isdigit():
            path, line = at, "0"
        line = int(line)
        print("=== %d %s [%s, %s, %s] %s %s" % (number, behavior, symbol, context, certainty, name, at))
        text = member(files, name, path)
        if text is None:
            continue
        if path.endswith(("/METADATA", "/PKG-INFO")):
            headers, _, body = text.replace("\r\n", "\n").partition("\n\n")
            for h in headers.split("\n"):
                if h.split(":")[0] in HEADERS:
                    print("      " + h[:WIDTH])
            print("      description: %d bytes" % len(body.strip()))
            continue
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for n in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
            print("%s%5d %s" % (">" if n == line else " ", n, lines[n - 1][:WIDTH].rstrip()))


main(sys.argv[1], sys.argv[2], sys.argv[3:])
