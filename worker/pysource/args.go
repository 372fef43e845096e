package pysource

import (
	"bytes"
	"strconv"
	"strings"
)

// argRule says which argument of some callees becomes an atom, and which of
// its values are spelled out: the closed list that keeps facts free of a
// package's own data.
type argRule struct {
	callees string
	param   string // the parameter's name, as it is in the atom
	pos     int    // its position; -1: by keyword only
	form    argForm
	values  string // of words: those that are spelled out
	deflt   string // the value when the argument is left out; empty: no atom
	keyword Name
}

type argForm uint8

const (
	formBool    argForm = iota // True, False, None
	formWords                  // a constant, or a dotted name's last part, of values
	formMode                   // of a file: letter and plus
	formOctal                  // a permission
	formProgram                // the program of a command line, of programs
)

const processCallees = `subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen
	subprocess.getoutput subprocess.getstatusoutput os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile os.execl os.execle os.execlp os.execlpe
	os.execv os.execve os.execvp os.execvpe os.posix_spawn os.posix_spawnp asyncio.create_subprocess_exec
	asyncio.create_subprocess_shell pty.spawn commands.getoutput commands.getstatusoutput popen2.popen2 popen2.popen3`

const spawnCallees = "os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe"

const requestCallees = `requests.get requests.post requests.put requests.patch requests.delete requests.head requests.options
	requests.request requests.Session.get requests.Session.post requests.Session.put requests.Session.patch
	requests.Session.delete requests.Session.head requests.Session.options requests.Session.request requests.Session
	httpx.get httpx.post httpx.put httpx.patch httpx.delete httpx.head httpx.options httpx.request httpx.stream
	httpx.Client httpx.AsyncClient`

const aiohttpCallees = `aiohttp.ClientSession.get aiohttp.ClientSession.post aiohttp.ClientSession.put aiohttp.ClientSession.patch
	aiohttp.ClientSession.delete aiohttp.ClientSession.head aiohttp.ClientSession.options aiohttp.ClientSession.request aiohttp.TCPConnector`

var argRules = []argRule{
	{callees: processCallees, param: "shell", pos: -1},
	{callees: "subprocess.Popen", param: "shell", pos: 8},
	{callees: processCallees, param: "program", pos: 0, form: formProgram},
	{callees: spawnCallees, param: "program", pos: 1, form: formProgram},
	{callees: "ctypes.windll.shell32.ShellExecuteW ctypes.windll.shell32.ShellExecuteA", param: "verb", pos: 1, form: formWords, values: "runas open"},
	{callees: "ctypes.windll.shell32.ShellExecuteW ctypes.windll.shell32.ShellExecuteA", param: "program", pos: 2, form: formProgram},
	{callees: processCallees, param: "creationflags", pos: -1, form: formWords, values: "CREATE_NO_WINDOW DETACHED_PROCESS CREATE_NEW_CONSOLE CREATE_NEW_PROCESS_GROUP 134217728 8"},
	{callees: processCallees, param: "stdout", pos: -1, form: formWords, values: "DEVNULL PIPE"},
	{callees: processCallees, param: "stderr", pos: -1, form: formWords, values: "DEVNULL PIPE STDOUT"},
	{callees: processCallees, param: "start_new_session", pos: -1},
	{callees: requestCallees + " requests.Session.send", param: "verify", pos: -1},
	{callees: requestCallees, param: "files", pos: -1, form: formWords},
	{callees: requestCallees, param: "proxies", pos: -1, form: formWords},
	{callees: "urllib.request.urlopen urllib.request.Request", param: "data", pos: 1, form: formWords},
	{callees: "requests.request requests.Session.request httpx.request urllib3.PoolManager.request urllib3.request http.client.HTTPConnection.request http.client.HTTPSConnection.request", param: "method", pos: 0, form: formWords, values: "GET POST PUT PATCH DELETE HEAD OPTIONS"},
	{callees: aiohttpCallees, param: "ssl", pos: -1},
	{callees: aiohttpCallees, param: "verify_ssl", pos: -1},
	{callees: "httplib2.Http", param: "disable_ssl_certificate_validation", pos: -1},
	{callees: "urllib3.PoolManager urllib3.HTTPSConnectionPool", param: "cert_reqs", pos: -1, form: formWords, values: "CERT_NONE CERT_OPTIONAL CERT_REQUIRED"},
	{callees: "ssl.wrap_socket", param: "cert_reqs", pos: 3, form: formWords, values: "CERT_NONE CERT_OPTIONAL CERT_REQUIRED"},
	{callees: "ssl.SSLContext", param: "verify_mode", pos: -1, form: formWords, values: "CERT_NONE CERT_OPTIONAL CERT_REQUIRED"},
	{callees: "ssl.SSLContext", param: "check_hostname", pos: -1},
	{callees: "ssl.SSLContext", param: "protocol", pos: 0, form: formWords, values: "PROTOCOL_TLS PROTOCOL_TLS_CLIENT PROTOCOL_SSLv2 PROTOCOL_SSLv3 PROTOCOL_SSLv23 PROTOCOL_TLSv1 PROTOCOL_TLSv1_1 PROTOCOL_TLSv1_2"},
	{callees: "paramiko.SSHClient.set_missing_host_key_policy", param: "policy", pos: 0, form: formWords, values: "AutoAddPolicy WarningPolicy RejectPolicy"},
	{callees: "builtins.open builtins.file codecs.open io.FileIO gzip.open bz2.open lzma.open aiofiles.open gzip.GzipFile bz2.BZ2File lzma.LZMAFile", param: "mode", pos: 1, form: formMode, deflt: "r"},
	{callees: "pathlib.Path.open", param: "mode", pos: 0, form: formMode, deflt: "r"},
	{callees: "os.fdopen", param: "mode", pos: 1, form: formMode, deflt: "r"},
	{callees: "zipfile.ZipFile tarfile.open tarfile.TarFile", param: "mode", pos: 1, form: formMode, deflt: "r"},
	{callees: "tarfile.TarFile.extractall", param: "filter", pos: -1, form: formWords, values: "data tar fully_trusted"},
	{callees: "os.chmod os.fchmod os.lchmod os.mkdir os.makedirs", param: "mode", pos: 1, form: formOctal},
	{callees: "pathlib.Path.chmod pathlib.Path.lchmod pathlib.Path.mkdir", param: "mode", pos: 0, form: formOctal},
	{callees: "os.open", param: "mode", pos: 2, form: formOctal},
	{callees: "os.umask", param: "mask", pos: 0, form: formOctal},
	{callees: "yaml.load yaml.load_all", param: "Loader", pos: 1, form: formWords, values: "Loader UnsafeLoader FullLoader SafeLoader CLoader CSafeLoader BaseLoader CBaseLoader CFullLoader CUnsafeLoader", deflt: "None"},
	{callees: "numpy.load", param: "allow_pickle", pos: 2},
	{callees: "httplib2.Http", param: "disable_ssl_certificate_validation", pos: 4},
	{callees: "torch.load", param: "weights_only", pos: -1, deflt: "None"},
	{callees: "pandas.read_pickle joblib.load", param: "trust", pos: -1},
	{callees: "socket.socket", param: "family", pos: 0, form: formWords, values: "AF_INET AF_INET6 AF_UNIX AF_PACKET AF_BLUETOOTH AF_NETLINK AF_CAN AF_VSOCK"},
	{callees: "socket.socket", param: "type", pos: 1, form: formWords, values: "SOCK_STREAM SOCK_DGRAM SOCK_RAW"},
	{callees: "codecs.decode codecs.encode .decode .encode builtins.str.decode builtins.str.encode builtins.bytes.decode codecs.getdecoder codecs.getencoder codecs.lookup", param: "encoding", pos: 1, form: formWords, values: codecValues},
	{callees: "hashlib.new hmac.new", param: "name", pos: 0, form: formWords, values: "md4 md5 sha1 sha256 sha512 sha224 sha384"},
	{callees: "shutil.rmtree", param: "ignore_errors", pos: 1},
	{callees: "os.makedirs", param: "exist_ok", pos: 2},
	{callees: "jinja2.Environment jinja2.Template", param: "autoescape", pos: -1, deflt: "None"},
	{callees: "flask.Flask.run", param: "debug", pos: -1},
	{callees: "flask.Flask.run http.server.HTTPServer socketserver.TCPServer", param: "host", pos: -1, form: formWords, values: "0.0.0.0 127.0.0.1 localhost"},
	{callees: "multiprocessing.set_start_method", param: "method", pos: 0, form: formWords, values: "fork spawn forkserver"},
	{callees: "threading.Thread multiprocessing.Process", param: "daemon", pos: -1},
	{callees: "setuptools.setup distutils.core.setup", param: "cmdclass", pos: -1, form: formWords},
	{callees: "builtins.compile", param: "mode", pos: 2, form: formWords, values: "exec eval single"},
	{callees: "signal.signal", param: "signalnum", pos: 0, form: formWords, values: "SIGTERM SIGINT SIGHUP SIGKILL SIGCHLD SIGALRM SIGTRAP SIGUSR1 SIGUSR2 SIGPIPE"},
	{callees: "winreg.OpenKey winreg.CreateKey winreg.OpenKeyEx winreg.CreateKeyEx winreg.ConnectRegistry", param: "key", pos: 0, form: formWords, values: "HKEY_CURRENT_USER HKEY_LOCAL_MACHINE HKEY_CLASSES_ROOT HKEY_USERS"},
}

const codecValues = "hex hex_codec base64 base64_codec rot13 rot_13 zlib zlib_codec zip bz2 bz2_codec unicode_escape uu quopri punycode utf-7"

// attributeRules are attributes of instances and modules whose assignment
// becomes an atom.
var attributeRules = map[string]argForm{
	"requests.Session.verify": formBool, "ssl.SSLContext.check_hostname": formBool,
	"ssl.SSLContext.verify_mode": formWords, "httpx.Client.verify": formBool,
	"ssl._create_default_https_context": formWords, "sys.dont_write_bytecode": formBool,
	"subprocess.STARTUPINFO.wShowWindow": formWords,
}

const attributeValues = "CERT_NONE CERT_OPTIONAL CERT_REQUIRED _create_unverified_context SW_HIDE"

// programs are those that atoms name.
const programs = `ls sh bash zsh dash ksh csh fish cmd powershell pwsh curl wget aria2c ftp tftp sftp scp ssh rsync nc ncat netcat
	socat telnet python python2 python3 pythonw pip pip3 uv conda easy_install node npm npx yarn perl ruby php java go cargo
	rm rmdir del mv cp ln chmod chown chattr attrib icacls mkdir touch cat tee dd shred sed awk grep find xargs tar unzip gzip
	zip 7z sudo su doas runas pkexec crontab at systemctl service launchctl schtasks reg regedit sc net netsh wmic
	taskkill tasklist kill pkill killall ps whoami id hostname uname ifconfig ipconfig ip arp netstat ss route nslookup dig
	ping traceroute systeminfo dmidecode lscpu lsb_release lsof mount umount fdisk docker kubectl git hg svn gcc g++ cc
	clang make cmake ldconfig iptables ufw firewall-cmd setenforce sysctl useradd usermod passwd osascript open xdg-open
	start explorer certutil bitsadmin mshta rundll32 regsvr32 wscript cscript msiexec vssadmin bcdedit security
	base64 openssl gpg ffmpeg xclip xsel pbcopy pbpaste screencapture scrot import nvidia-smi adb apt apt-get yum dnf apk
	brew pacman dpkg rpm setx export nohup env timeout screen tmux expect xmrig
	minerd cpuminer adduser userdel groupadd chpasswd cmdkey secret-tool atq nssm df free top who which where whereis pgrep
	lsblk lspci sw_vers iwconfig ip6tables nft pfctl wl-copy wl-paste`

// argAtoms notes the arguments of a call that rules want to know.
func (s *Scanner) argAtoms(d Name, in *info, args []argument, first, end uint32) {
	for i := range in.args {
		r := &in.args[i]
		pos := r.pos
		if pos > 0 && s.names.bytes(d)[0] == '.' || pos > 0 && s.isMethodName(d) {
			pos--
		}
		v, given := value{}, false
		if pos >= 0 {
			v, given = positional(args, pos, r.keyword)
		} else {
			for _, a := range args {
				if a.keyword == r.keyword {
					v, given = a.val, true
				}
			}
		}
		if !given {
			if r.deflt != "" && !starred(args) {
				s.atom(d, r.param, r.deflt, first, end)
			}
			continue
		}
		if v.kind == vUnion {
			u := s.unions[v.id]
			for _, w := range u.val[:u.n] {
				s.argAtom(d, r, w, first, end)
			}
			continue
		}
		s.argAtom(d, r, v, first, end)
	}
}

// isMethodName tells the string methods, whose rules count positions as those
// of the functions of the same purpose.
func (s *Scanner) isMethodName(d Name) bool {
	b := s.names.bytes(d)
	return bytes.HasPrefix(b, []byte("builtins.str.")) || bytes.HasPrefix(b, []byte("builtins.bytes."))
}

func starred(args []argument) bool {
	for _, a := range args {
		if a.stars != 0 {
			return true
		}
	}
	return false
}

func (s *Scanner) argAtom(d Name, r *argRule, v value, first, end uint32) {
	if r.form == formProgram {
		for _, p := range s.programOf(v) {
			s.atom(d, r.param, p, first, end)
		}
		return
	}
	s.atom(d, r.param, s.argValue(r.form, r.values, v), first, end)
}

// argValue spells a value of a closed list, or "?".
func (s *Scanner) argValue(form argForm, words string, v value) string {
	switch v.kind {
	case vNone:
		return "None"
	case vTrue:
		return "True"
	case vFalse:
		return "False"
	case vInt:
		switch {
		case form == formOctal:
			return strconv.FormatInt(v.int()&0o7777, 8)
		case form == formBool && v.int() == 0:
			return "False"
		case form == formBool && v.int() == 1:
			return "True"
		}
		var buf [12]byte
		return oneOf(strconv.AppendInt(buf[:0], v.int(), 10), words)
	case vStr:
		b := s.text(v)
		if form == formMode {
			return fileMode(b)
		}
		if len(b) < 40 {
			return oneOf(bytes.TrimSpace(b), words)
		}
	case vDotted:
		b := s.names.bytes(v.name())
		return oneOf(b[bytes.LastIndexByte(b, '.')+1:], words)
	case vInst:
		b := s.names.bytes(v.name())
		return oneOf(b[bytes.LastIndexByte(b, '.')+1:], words)
	}
	return "?"
}

// oneOf returns w if it is one of words, else "?".
func oneOf[T string | []byte](w T, words string) string {
	for rest := words; rest != ""; {
		var f string
		rest = strings.TrimLeft(rest, " \t\n")
		if i := strings.IndexAny(rest, " \t\n"); i >= 0 {
			f, rest = rest[:i], rest[i:]
		} else {
			f, rest = rest, ""
		}
		if alike(f, w) {
			return f
		}
	}
	return "?"
}

// alike compares without regard to case, and takes hyphens for underscores.
func alike[T string | []byte](f string, w T) bool {
	if len(f) != len(w) || len(f) == 0 {
		return false
	}
	for i := range len(f) {
		a, b := f[i], w[i]
		if a >= 'A' && a <= 'Z' {
			a |= 0x20
		}
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		if a != b && !(a == '_' && b == '-' || a == '-' && b == '_') {
			return false
		}
	}
	return true
}

// fileMode reduces a file mode to its letter and plus.
func fileMode(b []byte) string {
	m, plus := byte(0), false
	for _, c := range b {
		switch c {
		case 'r', 'w', 'a', 'x':
			if m == 0 {
				m = c
			}
		case '+':
			plus = true
		case ':', '|', '*':
			if m != 0 {
				goto done // tarfile's "r:gz"
			}
		case 'b', 't', 'U':
		default:
			return "?"
		}
	}
done:
	if m == 0 {
		m = 'r'
	}
	if plus {
		return string([]byte{m, '+'})
	}
	return string([]byte{m})
}

// atom adds an Arg fact.
func (s *Scanner) atom(d Name, param, val string, first, end uint32) {
	if s.mute > 0 {
		return
	}
	b := append(s.scratch[:0], s.names.bytes(d)...)
	b = append(b, '#')
	b = append(b, param...)
	b = append(b, '=')
	b = append(b, val...)
	s.scratch = b
	c := Resolved
	if s.names.bytes(d)[0] == '.' {
		c = Likely
	}
	s.emitName(Arg, s.names.Intern(b), 0, c, first, end)
}

// attributeAtom notes an assignment to an attribute that rules want to know.
func (s *Scanner) attributeAtom(base value, n Name, v value, first uint32) {
	d := s.names.dot(base.name(), n)
	if int(d) >= s.names.fixed {
		return
	}
	form, ok := attributeRules[s.names.String(d)]
	if !ok {
		return
	}
	s.atom(base.name(), s.names.String(n), s.argValue(form, attributeValues, v), first, s.lastLine())
}

// programOf returns the programs of a command line that atoms name: that of a
// string, or the first element of a list, and what a shell or sudo runs in turn.
func (s *Scanner) programOf(v value) []string {
	var words []string
	switch v.kind {
	case vStr:
		b := s.text(v)
		words = strings.FieldsFunc(string(b[:min(len(b), 512)]), func(r rune) bool {
			return r <= ' ' || strings.ContainsRune("|;&()\"'`", r)
		})
		return s.programWords(words, b)
	case vList:
		for i, e := range s.items(v) {
			if i == 12 {
				break
			}
			switch e.kind {
			case vStr:
				words = append(words, string(s.text(e)[:min(256, len(s.text(e)))]))
			case vDotted:
				if string(s.names.bytes(e.name())) == "sys.executable" {
					words = append(words, "python")
				} else {
					words = append(words, "")
				}
			default:
				words = append(words, "")
			}
		}
		if len(words) > 0 {
			return s.programWords(words, nil)
		}
	case vDotted:
		if string(s.names.bytes(v.name())) == "sys.executable" {
			return []string{"python"}
		}
	}
	return nil
}

// programWords names the programs among the words of a command line. In a shell
// line every word in command position counts.
func (s *Scanner) programWords(words []string, line []byte) []string {
	var out []string
	next := true
	for i, w := range words {
		if strings.ContainsAny(w, " \t") && i > 0 && len(out) > 0 {
			// the argument of "sh -c"
			if f := strings.Fields(w); len(f) > 0 {
				w = f[0]
				next = true
			}
		}
		if next {
			base := w
			if j := strings.LastIndexAny(base, "/\\"); j >= 0 {
				base = base[j+1:]
			}
			base = strings.TrimSuffix(strings.ToLower(base), ".exe")
			if p := oneOf(base, programs); p != "?" && base != "" {
				out = append(out, p)
			}
		}
		next = false
		switch strings.ToLower(w) {
		case "sudo", "nohup", "env", "exec", "time", "-c", "/c", "-command", "xargs", "start":
			next = true
		case "-m":
			if i+1 < len(words) && (words[i+1] == "pip" || words[i+1] == "easy_install") {
				next = true
			}
		}
		if len(line) > 0 && i+1 < len(words) {
			if j := bytes.Index(line, []byte(w)); j >= 0 {
				line = line[j+len(w):]
				if k := bytes.Index(line, []byte(words[i+1])); k >= 0 && bytes.ContainsAny(line[:k], "|;&(`") {
					next = true
				}
			}
		}
	}
	return out
}
