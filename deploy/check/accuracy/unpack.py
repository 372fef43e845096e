"""Unpacks the Python source of every distribution in a folder, one folder a file.

    python3 unpack.py FILES TREE

Only source and what says where it belongs is written: *.py, *.pyw, *.pth,
pyproject.toml, setup.cfg. The one folder at the top of an sdist is left out.
"""
import os
import sys
import tarfile
import zipfile

KEPT = (".py", ".pyw", ".pth", "/pyproject.toml", "/setup.cfg")
MAX_BYTES = 16 << 20


def members(path):
    if path.endswith((".whl", ".zip", ".egg")):
        with zipfile.ZipFile(path) as z:
            for i in z.infolist():
                if not i.is_dir() and i.file_size <= MAX_BYTES:
                    yield i.filename, lambda: z.read(i)
    elif path.endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        with tarfile.open(path) as t:
            for m in t:
                if m.isfile() and m.size <= MAX_BYTES:
                    yield m.name, lambda: t.extractfile(m).read()


def main(files, tree):
    count = size = 0
    for name in sorted(os.listdir(files)):
        sdist = not name.endswith((".whl", ".egg"))
        for member, read in members(os.path.join(files, name)):
            parts = [p for p in member.split("/") if p not in ("", ".")]
            if ".." in parts or not ("/" + member).endswith(KEPT):
                continue
            if sdist and len(parts) > 1:
                parts = parts[1:]
            to = os.path.join(tree, name + ".d", *parts)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            data = read()
            with open(to, "wb") as f:
                f.write(data)
            count, size = count + 1, size + len(data)
    print("%d files, %.1f MB" % (count, size / 1e6))


main(sys.argv[1], sys.argv[2])
