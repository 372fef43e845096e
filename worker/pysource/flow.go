package pysource

// sink is a set of places that a value must not reach unseen: bit i stands for
// sinkNames[i].
type sink uint8

const (
	maxSources = 4
	maxSinks   = 4
)

// sourceNames and sinkNames spell flows, in the order of the taints and sinks.
var (
	sourceNames = [maxSources]string{"decode", "decompress", "download", "download>file"}
	sinkNames   = [maxSinks]string{"exec", "process", "file", "deserialize"}
)

// sourceCallees return values with the taint of the same index.
var sourceCallees = []string{
	`base64.b64decode base64.b32decode base64.b16decode base64.b85decode base64.a85decode base64.decodebytes base64.decodestring
		base64.standard_b64decode base64.urlsafe_b64decode base64.b32hexdecode base64.z85decode binascii.unhexlify binascii.a2b_hex
		binascii.a2b_base64 binascii.a2b_uu builtins.bytes.fromhex builtins.bytearray.fromhex codecs.decode
		cryptography.fernet.Fernet.decrypt`,
	`zlib.decompress gzip.decompress bz2.decompress lzma.decompress zlib.Decompress.decompress brotli.decompress
		zstandard.decompress gzip.GzipFile.read bz2.BZ2File.read lzma.LZMAFile.read`,
	`requests.get requests.post requests.put requests.request requests.Session.get requests.Session.post
		requests.Session.request httpx.get httpx.post httpx.request httpx.Client.get httpx.Client.post httpx.Client.request
		httpx.AsyncClient.get httpx.AsyncClient.post httpx.AsyncClient.request
		aiohttp.ClientSession.get aiohttp.ClientSession.post aiohttp.ClientSession.request
		urllib.request.urlopen urllib2.urlopen urllib.urlopen urllib.request.OpenerDirector.open urllib2.OpenerDirector.open
		urllib.request.urlretrieve urllib.urlretrieve http.client.HTTPConnection.getresponse
		http.client.HTTPSConnection.getresponse httplib.HTTPConnection.getresponse httplib.HTTPSConnection.getresponse
		urllib3.request urllib3.PoolManager.request socket.socket.recv socket.socket.recvfrom ssl.SSLSocket.recv`,
}

// sinkCallees take values to the sink of the same index.
var sinkCallees = []string{
	`builtins.exec builtins.eval builtins.compile builtins.execfile builtins.__build_class__ types.FunctionType types.CodeType
		code.InteractiveInterpreter.runsource code.InteractiveInterpreter.runcode code.InteractiveInterpreter.runcode
		runpy.run_path runpy.run_module runpy._run_code timeit.timeit imp.load_source importlib.util.spec_from_file_location`,
	processCallees + " " + spawnCallees,
	`io.IOBase.write io.IOBase.writelines pathlib.Path.write_bytes pathlib.Path.write_text gzip.GzipFile.write os.write
		shutil.copyfileobj`,
	`pickle.loads pickle.load marshal.loads marshal.load dill.loads dill.load cloudpickle.loads cloudpickle.load
		yaml.load yaml.unsafe_load jsonpickle.decode pickle.Unpickler shelve.open`,
}

// throughCallees return what their arguments are made of.
const throughCallees = `builtins.str builtins.bytes builtins.bytearray builtins.unicode builtins.compile builtins.memoryview
	builtins.next builtins.iter builtins.list builtins.tuple builtins.reversed builtins.repr builtins.ascii builtins.map builtins.filter
	builtins.str.join builtins.str.format builtins.str.replace io.BytesIO io.StringIO marshal.loads
	base64.b64decode base64.b32decode base64.b16decode base64.b85decode base64.a85decode base64.decodebytes base64.decodestring
	base64.standard_b64decode base64.urlsafe_b64decode binascii.unhexlify binascii.a2b_hex binascii.a2b_base64
	builtins.bytes.fromhex builtins.bytearray.fromhex codecs.decode codecs.encode zlib.decompress gzip.decompress bz2.decompress
	lzma.decompress zlib.Decompress.decompress json.loads copy.copy copy.deepcopy os.fsdecode textwrap.dedent
	types.FunctionType types.CodeType gzip.GzipFile zipfile.ZipFile tarfile.open shlex.split shlex.quote
	cryptography.fernet.Fernet.decrypt asyncio.run`

// sinks notes the flows of a call's arguments.
func (s *Scanner) sinks(in *info, args []argument, first, end uint32) {
	var t taint
	for _, a := range args {
		t |= a.val.taint
	}
	if t == 0 {
		return
	}
	for i := range maxSources {
		if t>>i&1 == 0 {
			continue
		}
		for j := range maxSinks {
			if in.sink>>j&1 != 0 {
				s.emitName(Flow, s.names.vocab.flows[i][j], 0, Resolved, first, end)
			}
		}
	}
}
