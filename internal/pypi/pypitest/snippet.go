package pypitest

// snippet is one spelling of one pattern: imports, and a statement that shows
// the behaviours. The statement uses no other names than those of fixture.
type snippet struct {
	behaviors []string
	imports   string
	statement string
}

// fixture binds the names that statements use. The values are inert.
const fixture = "path = 'state.bin'\nother = 'state.old'\ntext = str()\ndata = bytes()\nname = str()\nhost = 'index.example.invalid'\n"

// params are the same names as a function's parameters.
const params = "path, other, text, data, name, host"

func one(behavior, imports, statement string) snippet {
	return snippet{[]string{behavior}, imports, statement}
}

// snippets are all patterns, in the order in which the plan draws them. Those
// of one behaviour are neighbours.
var snippets = []snippet{
	one("file/delete", "import os", "os.remove(path)"),
	one("file/delete", "import os as o", "o.unlink(path)"),
	one("file/delete", "from os import remove", "remove(path)"),
	one("file/delete", "from os import unlink as drop", "drop(path)"),
	one("file/delete", "import pathlib", "pathlib.Path(path).unlink()"),
	one("file/delete", "from pathlib import Path", "Path(path).unlink()"),
	one("file/delete-tree", "import shutil", "shutil.rmtree(path)"),
	one("file/delete-tree", "from shutil import rmtree as r", "r(path)"),
	one("file/delete-tree", "import shutil as sh", "sh.rmtree(path, ignore_errors=True)"),
	one("file/rename", "import os", "os.rename(path, other)"),
	one("file/rename", "from os import replace", "replace(path, other)"),
	one("file/rename", "import shutil", "shutil.move(path, other)"),
	one("file/copy", "import shutil", "shutil.copyfile(path, other)"),
	one("file/copy", "from shutil import copy2 as duplicate", "duplicate(path, other)"),
	one("file/write", "import json", "open(path, 'w').write(text)"),
	one("file/write", "import json", "with open(path, mode='wb') as f:\n    f.write(data)"),
	one("file/create-directory", "import os", "os.makedirs(path, exist_ok=True)"),
	one("file/create-directory", "from os import mkdir", "mkdir(path)"),
	one("file/temporary", "import tempfile", "tempfile.mkstemp()"),
	one("file/temporary", "from tempfile import TemporaryDirectory", "with TemporaryDirectory() as d:\n    print(d)"),
	one("file/extract-archive", "import shutil", "shutil.unpack_archive(path, other)"),
	one("file/extract-archive", "import zipfile", "with zipfile.ZipFile(path) as z:\n    z.extractall(other)"),
	one("file/extract-archive", "import tarfile", "tarfile.open(path).extractall(other)"),
	one("file/enumerate", "import os", "os.listdir(path)"),
	one("file/enumerate", "from glob import glob", "glob(path)"),
	one("execution/process-spawn", "import subprocess", "subprocess.run([name])"),
	one("execution/process-spawn", "from subprocess import Popen as launch", "launch([name])"),
	{[]string{"execution/shell-command", "execution/process-spawn"}, "import os", "os.system(text)"},
	{[]string{"execution/shell-command", "execution/process-spawn"}, "import subprocess as sp", "sp.call(text, shell=True)"},
	one("execution/dynamic-code", "import json", "eval(text)"),
	one("execution/dynamic-code", "import builtins", "builtins.exec(text)"),
	one("execution/dynamic-import", "import importlib", "importlib.import_module(name)"),
	one("execution/dynamic-import", "from importlib import import_module as load", "load(name)"),
	one("execution/deserialization", "import pickle", "pickle.loads(data)"),
	one("execution/deserialization", "from pickle import loads as restore", "restore(data)"),
	one("execution/deserialization", "import marshal", "marshal.loads(data)"),
	one("packer/decode-base64-hex", "import base64", "base64.b64decode(data)"),
	one("packer/decode-base64-hex", "from base64 import b64decode as d", "d(data)"),
	one("packer/decode-base64-hex", "import binascii", "binascii.unhexlify(data)"),
	one("packer/encode-base64-hex", "import base64", "base64.b64encode(data)"),
	one("packer/encode-base64-hex", "from binascii import hexlify", "hexlify(data)"),
	one("packer/decompress", "import zlib", "zlib.decompress(data)"),
	one("packer/decompress", "from gzip import decompress as expand", "expand(data)"),
	one("packer/compress", "import zlib", "zlib.compress(data)"),
	one("network/http-client", "import requests", "requests.get(host)"),
	one("network/http-client", "import requests as rq", "rq.Session()"),
	one("network/http-client", "from urllib.request import urlopen", "urlopen(host)"),
	one("network/http-client", "import http.client", "http.client.HTTPSConnection(host)"),
	one("network/http-client", "import urllib2", "print urllib2.urlopen(host)"), // Python 2
	{[]string{"network/download-file", "network/http-client"}, "import urllib.request", "urllib.request.urlretrieve(host, path)"},
	one("network/socket", "import socket", "socket.socket()"),
	one("network/socket", "from socket import create_connection as c", "c((host, 9))"),
	one("network/dns-lookup", "import socket", "socket.gethostbyname(host)"),
	one("network/ftp", "import ftplib", "ftplib.FTP(host)"),
	one("network/smtp-send", "import smtplib", "smtplib.SMTP(host)"),
	one("crypto/hash", "import hashlib", "hashlib.sha256(data)"),
	one("crypto/hash", "from hashlib import md5", "md5(data)"),
	one("search/environment-variable", "import os", "os.environ.get(name)"),
	one("search/environment-variable", "from os import getenv as g", "g(name)"),
	one("search/environment-variable", "from os import environ", "print(environ[name])"),
	one("search/system-info", "import platform", "platform.system()"),
	one("search/system-info", "from platform import machine", "machine()"),
	one("search/user-info", "import getpass", "getpass.getuser()"),
	one("permissions/change-mode", "import os", "os.chmod(path, 0)"),
	one("evasion/delay", "import time", "time.sleep(1)"),
	one("evasion/delay", "from time import sleep as wait", "wait(1)"),
}

// installHook is the behaviour of a setup.py with a command class of its own.
const installHook = "execution/install-hook"

// The behaviours of author addresses.
const (
	anonymousEmail = "anomaly/anonymous-email"
	noAuthorEmail  = "anomaly/no-author-email"
)

// decoys name what the snippets do without doing it: in comments, docstrings
// and strings, as methods of other objects, as names of the package's own.
var decoys = []string{
	"# os.remove(path); shutil.rmtree(path); eval(text)\nlimit = 10\n",
	"\"\"\"Wraps os.remove(path) and subprocess.run([name]).\n\nNever calls pickle.loads(data).\n\"\"\"\nlimit = 10\n",
	"hint = 'os.remove(path)'\nhelp_text = \"requests.get(host), base64.b64decode(data)\"\n",
	"items = [1, 2]\nitems.remove(1)\nitems.copy()\nlabel = 'a-b'.replace('-', '_')\n",
	"def rmtree(path):\n    return path\n\n\ndef eval(text):\n    return text\n\n\nrmtree('x')\neval('1')\n",
	"class Loader:\n    def loads(self, data):\n        return data\n\n    def system(self, text):\n        return text\n\n\nLoader().loads('x')\nLoader().system('x')\n",
	"from .os import remove\nfrom .shutil import rmtree, move\n\nremove('x')\nrmtree('x')\nmove('x', 'y')\n",
	"import re\nimport json\n\npattern = re.compile('a')\nvalues = json.loads('{}')\nvalues.get('socket')\n",
	"class Frame:\n    def rename(self, columns):\n        return self\n\n    def run(self):\n        return self\n\n\nframe = Frame()\nframe.rename(columns='a')\nframe.run()\n",
}

// Behaviors lists the behaviour ids whose counts the truth gives; of others it
// says nothing.
func Behaviors() []string {
	seen := map[string]bool{installHook: true, anonymousEmail: true, noAuthorEmail: true}
	out := []string{installHook, anonymousEmail, noAuthorEmail}
	for _, s := range snippets {
		for _, b := range s.behaviors {
			if !seen[b] {
				seen[b] = true
				out = append(out, b)
			}
		}
	}
	return out
}
