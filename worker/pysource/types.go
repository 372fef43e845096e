package pysource

import "strings"

// results lists what calls return: a class, "*class" for something that yields
// instances of it, "-" for a container or number. A callee whose name begins
// with a capital returns an instance of itself unless it stands here.
var results = []struct{ class, callees string }{
	{"io.IOBase", `builtins.open builtins.file codecs.open os.fdopen os.popen pathlib.Path.open io.StringIO io.BytesIO
		io.FileIO io.TextIOWrapper io.BufferedReader io.BufferedWriter tempfile.NamedTemporaryFile tempfile.TemporaryFile
		tempfile.SpooledTemporaryFile zipfile.ZipFile.open tarfile.TarFile.extractfile socket.socket.makefile
		io.IOBase.detach aiofiles.open fsspec.open smart_open.open`},
	{"gzip.GzipFile", "gzip.open"},
	{"bz2.BZ2File", "bz2.open"},
	{"lzma.LZMAFile", "lzma.open"},
	{"pathlib.Path", `pathlib.Path pathlib.Path.absolute pathlib.Path.cwd pathlib.Path.expanduser pathlib.Path.home
		pathlib.Path.joinpath pathlib.Path.readlink pathlib.Path.relative_to pathlib.Path.rename pathlib.Path.replace
		pathlib.Path.resolve pathlib.Path.with_name pathlib.Path.with_stem pathlib.Path.with_suffix
		pathlib.Path.with_segments pathlib.Path.copy pathlib.Path.move`},
	{"*pathlib.Path", "pathlib.Path.glob pathlib.Path.rglob pathlib.Path.iterdir"},
	{"*os.DirEntry", "os.scandir"},
	{"socket.socket", "socket.socket socket.create_connection socket.create_server socket.fromfd socket.SocketType socket.socket.dup"},
	{"ssl.SSLSocket", "ssl.wrap_socket ssl.SSLContext.wrap_socket"},
	{"ssl.SSLContext", "ssl.SSLContext ssl.create_default_context ssl._create_unverified_context ssl._create_default_https_context ssl._create_stdlib_context"},
	{"subprocess.Popen", "subprocess.Popen"},
	{"asyncio.subprocess.Process", "asyncio.create_subprocess_exec asyncio.create_subprocess_shell"},
	{"requests.Session", "requests.Session requests.session"},
	{"requests.Response", `requests.get requests.post requests.put requests.patch requests.delete requests.head requests.options
		requests.request requests.Session.get requests.Session.post requests.Session.put requests.Session.patch
		requests.Session.delete requests.Session.head requests.Session.options requests.Session.request requests.Session.send`},
	{"httpx.Response", `httpx.get httpx.post httpx.put httpx.patch httpx.delete httpx.head httpx.options httpx.request
		httpx.Client.get httpx.Client.post httpx.Client.put httpx.Client.request httpx.Client.delete
		httpx.AsyncClient.get httpx.AsyncClient.post httpx.AsyncClient.put httpx.AsyncClient.request httpx.AsyncClient.delete`},
	{"aiohttp.ClientResponse", "aiohttp.ClientSession.get aiohttp.ClientSession.post aiohttp.ClientSession.put aiohttp.ClientSession.request aiohttp.request"},
	{"http.client.HTTPResponse", `urllib.request.urlopen urllib2.urlopen urllib.urlopen urllib.request.OpenerDirector.open
		urllib2.OpenerDirector.open http.client.HTTPConnection.getresponse http.client.HTTPSConnection.getresponse
		httplib.HTTPConnection.getresponse httplib.HTTPSConnection.getresponse urllib.request.URLopener.open`},
	{"urllib.request.OpenerDirector", "urllib.request.build_opener"},
	{"urllib2.OpenerDirector", "urllib2.build_opener"},
	{"urllib3.HTTPResponse", "urllib3.request urllib3.PoolManager.request urllib3.ProxyManager.request urllib3.HTTPConnectionPool.request"},
	{"urllib3.PoolManager", "urllib3.PoolManager urllib3.poolmanager.PoolManager"},
	{"zipfile.ZipFile", "zipfile.ZipFile zipfile.PyZipFile"},
	{"tarfile.TarFile", "tarfile.open tarfile.TarFile"},
	{"sqlite3.Connection", "sqlite3.connect sqlite3.dbapi2.connect"},
	{"sqlite3.Cursor", "sqlite3.Connection.cursor sqlite3.Connection.execute"},
	{"logging.Logger", "logging.getLogger"},
	{"re.Pattern", "re.compile"},
	{"re.Match", "re.match re.search re.fullmatch re.Pattern.match re.Pattern.search re.Pattern.fullmatch"},
	{"hashlib.HASH", "hashlib.md5 hashlib.sha1 hashlib.sha224 hashlib.sha256 hashlib.sha384 hashlib.sha512 hashlib.blake2b hashlib.blake2s hashlib.new"},
	{"hmac.HMAC", "hmac.new"},
	{"zlib.Decompress", "zlib.decompressobj"},
	{"ctypes.CDLL", "ctypes.cdll.LoadLibrary ctypes.windll.LoadLibrary ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL"},
	{"paramiko.SFTPClient", "paramiko.SSHClient.open_sftp paramiko.SFTPClient.from_transport"},
	{"psutil.Process", "psutil.Process"},
	{"*psutil.Process", "psutil.process_iter"},
	{"importlib.machinery.ModuleSpec", "importlib.util.spec_from_file_location importlib.util.spec_from_loader importlib.util.find_spec"},
	{"smtplib.SMTP", "smtplib.SMTP"},
	{"concurrent.futures.Executor", "concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor"},
	{"argparse.Namespace", "argparse.ArgumentParser.parse_args"},
	{"builtins.str", `builtins.str builtins.repr builtins.input builtins.chr builtins.hex builtins.oct builtins.bin builtins.format
		builtins.ascii builtins.raw_input builtins.unicode builtins.unichr builtins.str.join builtins.str.format builtins.str.lower
		builtins.str.upper builtins.str.strip builtins.str.replace builtins.str.title builtins.str.lstrip builtins.str.rstrip
		builtins.str.capitalize builtins.str.zfill os.path.join os.path.abspath os.path.basename os.path.dirname os.path.expanduser
		os.path.realpath os.path.normpath os.path.expandvars os.getcwd os.fspath os.fsdecode pathlib.Path.as_posix
		pathlib.Path.read_text io.IOBase.getvalue shlex.quote textwrap.dedent tempfile.mkdtemp tempfile.gettempdir
		os.path.relpath os.path.commonprefix os.path.commonpath os.path.normcase`},
	{"builtins.bytes", "builtins.bytes builtins.bytearray builtins.bytes.fromhex builtins.bytearray.fromhex os.urandom pathlib.Path.read_bytes struct.pack"},
	{"-", `builtins.list builtins.dict builtins.set builtins.frozenset builtins.tuple builtins.int builtins.float builtins.bool
		builtins.complex builtins.len builtins.sorted builtins.range builtins.enumerate builtins.zip builtins.sum builtins.round
		builtins.ord builtins.id builtins.hash builtins.isinstance builtins.issubclass builtins.callable builtins.hasattr
		builtins.dir builtins.xrange builtins.long builtins.str.split builtins.str.splitlines builtins.str.encode
		collections.OrderedDict collections.defaultdict collections.deque collections.Counter os.listdir os.walk
		os.path.exists os.path.isfile os.path.isdir os.path.split os.path.splitext builtins.abs builtins.divmod builtins.pow
		builtins.any builtins.all glob.glob glob.iglob re.findall re.split re.finditer`},
}

// attributes lists what reading an attribute gives.
var attributes = []struct{ class, names string }{
	{"pathlib.Path", "pathlib.Path.parent pathlib.Path.anchor"},
	{"*pathlib.Path", "pathlib.Path.parents"},
	{"builtins.str", "pathlib.Path.name pathlib.Path.stem pathlib.Path.suffix"},
	{"io.IOBase", "subprocess.Popen.stdout subprocess.Popen.stderr subprocess.Popen.stdin"},
}

// plainTypes are classes whose instances' methods are no fact.
const plainTypes = `builtins.list builtins.dict builtins.set builtins.frozenset builtins.tuple builtins.int builtins.float
	builtins.bool builtins.complex builtins.object typing.List typing.Dict typing.Set typing.Tuple typing.Mapping
	typing.MutableMapping typing.Sequence typing.Iterable typing.Iterator typing.FrozenSet typing.DefaultDict
	typing.OrderedDict typing.Deque collections.OrderedDict collections.defaultdict collections.deque
	collections.Counter collections.abc.Mapping collections.abc.Sequence collections.abc.Iterable`

func (v *vocabulary) loadInfos(n *Names, at func(string) *info) {
	class := func(c string) (vkind, Name) {
		switch {
		case c == "-":
			return vPlain, 0
		case c[0] == '*':
			return vIter, n.add(c[1:])
		}
		return vInst, n.add(c)
	}
	for _, r := range results {
		k, id := class(r.class)
		for _, c := range strings.Fields(r.callees) {
			in := at(c)
			in.result, in.class = k, id
		}
	}
	for _, a := range attributes {
		k, id := class(a.class)
		for _, c := range strings.Fields(a.names) {
			in := at(c)
			in.attr, in.class = k, id
		}
	}
	for _, c := range strings.Fields(plainTypes) {
		at(c).plain = true
	}
	for _, o := range operations {
		for _, c := range strings.Fields(o.callees) {
			at(c).op = o.op
		}
	}
	for _, c := range strings.Fields(throughCallees) {
		at(c).through = true
	}
	for i, list := range sourceCallees {
		for _, c := range strings.Fields(list) {
			in := at(c)
			in.source |= 1 << i
		}
	}
	for i, list := range sinkCallees {
		for _, c := range strings.Fields(list) {
			at(c).sink |= 1 << i
		}
	}
	for _, r := range argRules {
		for _, c := range strings.Fields(r.callees) {
			in := at(c)
			rule := r
			rule.keyword = n.add(r.param)
			in.args = append(in.args, rule)
		}
	}
}
