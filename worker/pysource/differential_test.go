//go:build differential

package pysource

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDifferential compares the calls of $CORPUS with those that CPython's own
// parser sees (testdata/differential/callees.py, run by $PYTHON, default
// python3, or its output in $CALLEES). For every watched callee at least 99.5 %
// of its calls must be seen, at their lines.
func TestDifferential(t *testing.T) {
	folder := os.Getenv("CORPUS")
	if folder == "" {
		t.Fatal("CORPUS names the folder of distributions")
	}
	if st, err := os.Stat(filepath.Join(folder, "files")); err == nil && st.IsDir() {
		folder = filepath.Join(folder, "files")
	}
	var listing []byte
	var err error
	if p := os.Getenv("CALLEES"); p != "" {
		listing, err = os.ReadFile(p)
	} else {
		python := os.Getenv("PYTHON")
		if python == "" {
			python = "python3"
		}
		cmd := exec.Command(python, "testdata/differential/callees.py", folder)
		cmd.Stderr = os.Stderr
		listing, err = cmd.Output()
	}
	if err != nil {
		t.Fatal(err)
	}
	members, err := readCorpus(folder)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string][]byte{}
	for _, m := range members {
		sources[m.file+"\t"+m.path] = m.data
	}
	names := NewNames()
	s := NewScanner(names)
	type tally struct{ seen, missed int }
	counts := map[string]*tally{}
	var missed, extra []string
	taken := map[string]bool{}
	watch := map[string]bool{}
	for _, w := range strings.Fields(watchedCallees) {
		watch[w] = true
	}
	// What is seen of the watched callees and not by CPython: reached by a way
	// that scope alone does not show, or wrong.
	leftOver := func(key string, seen map[string]bool) {
		for k := range seen {
			if line, name, _ := strings.Cut(k, " "); watch[name] && !taken[k] {
				extra = append(extra, key+"\t"+line+"\t"+name)
			}
		}
	}
	last := ""
	seen := map[string]bool{}
	total := tally{}
	sc := bufio.NewScanner(bytes.NewReader(listing))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		f := strings.Split(sc.Text(), "\t")
		if len(f) != 4 || f[3] == "!syntax" {
			continue
		}
		if key := f[0] + "\t" + f[1]; key != last {
			leftOver(last, seen)
			last = key
			clear(seen)
			clear(taken)
			names.Reset()
			res := s.Scan(sources[key], File{Module: moduleOf(f[1]), Role: RoleModule})
			for _, fact := range res.Facts {
				if fact.Kind == Call {
					seen[fmt.Sprint(fact.Line, " ", names.String(fact.Name))] = true
				}
			}
		}
		line, _ := strconv.Atoi(f[2])
		callee := strings.TrimSuffix(Canonical(f[3]), ".__call__")
		if exception(callee) {
			continue
		}
		c := counts[callee]
		if c == nil {
			c = &tally{}
			counts[callee] = c
		}
		taken[fmt.Sprint(line, " ", callee)] = true
		if seen[fmt.Sprint(line, " ", callee)] {
			c.seen++
			total.seen++
		} else {
			c.missed++
			total.missed++
			missed = append(missed, strings.Join(f, "\t"))
		}
	}
	if p := os.Getenv("MISSED"); p != "" {
		if err := os.WriteFile(p, []byte(strings.Join(missed, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d calls of watched callees are seen that scope alone does not show", len(extra))
	if p := os.Getenv("EXTRA"); p != "" {
		if err := os.WriteFile(p, []byte(strings.Join(extra, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("all callees: %d of %d calls seen, %.3f %%", total.seen, total.seen+total.missed,
		100*float64(total.seen)/float64(total.seen+total.missed))
	watched := strings.Fields(watchedCallees)
	found := 0
	for _, w := range watched {
		c := counts[w]
		if c == nil {
			continue
		}
		found++
		share := 100 * float64(c.seen) / float64(c.seen+c.missed)
		t.Logf("%-40s %6d %7.3f %%", w, c.seen+c.missed, share)
		if share < 99.5 {
			t.Errorf("%s: %.2f %% of %d calls are seen", w, share, c.seen+c.missed)
		}
	}
	if found < 60 {
		t.Errorf("%d watched callees stand in the corpus, fewer than 60", found)
	}
	all := make([]string, 0, len(counts))
	for k := range counts {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b string) int { return counts[b].missed - counts[a].missed })
	for _, k := range all[:min(40, len(all))] {
		if counts[k].missed > 0 {
			t.Logf("missed %5d of %5d: %s", counts[k].missed, counts[k].missed+counts[k].seen, k)
		}
	}
}

// exception tells builtins of which facts are not given: exceptions.
func exception(callee string) bool {
	name, ok := strings.CutPrefix(callee, "builtins.")
	return ok && !slices.Contains(strings.Fields(builtinFunctions+" "+builtinTypes), strings.SplitN(name, ".", 2)[0])
}

const watchedCallees = `subprocess.run subprocess.Popen subprocess.call subprocess.check_call subprocess.check_output os.system
	os.popen os.execv os.execvp os.fork os.kill os.remove os.unlink os.rename os.replace os.rmdir os.removedirs os.makedirs os.mkdir os.chmod
	os.chown os.umask os.listdir os.walk os.scandir os.getcwd os.chdir os.getenv os.environ.get os.environ.copy os.environ.pop
	os.environ.setdefault os.getpid os.uname os.getlogin os.getuid os.path.expanduser os.path.exists os.symlink os.link os.open os.access
	shutil.rmtree shutil.copy shutil.copyfile shutil.copy2 shutil.copytree shutil.move shutil.which
	builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.globals builtins.input
	importlib.import_module importlib.reload importlib.util.spec_from_file_location pickle.load pickle.loads pickle.dumps marshal.loads yaml.load yaml.safe_load
	base64.b64decode base64.b64encode base64.urlsafe_b64decode binascii.hexlify binascii.unhexlify zlib.decompress zlib.compress
	gzip.open gzip.GzipFile bz2.BZ2File zipfile.ZipFile tarfile.open codecs.open codecs.lookup
	socket.socket socket.gethostbyname socket.getaddrinfo socket.gethostname socket.create_connection socket.setdefaulttimeout ssl.create_default_context ssl.SSLContext
	ssl.wrap_socket requests.get requests.post requests.Session urllib.request.urlopen urllib.request.Request urllib2.urlopen
	http.client.HTTPConnection smtplib.SMTP ftplib.FTP threading.Thread multiprocessing.Process concurrent.futures.ThreadPoolExecutor
	asyncio.create_subprocess_exec asyncio.run asyncio.get_event_loop tempfile.mkdtemp tempfile.mkstemp tempfile.NamedTemporaryFile tempfile.TemporaryDirectory tempfile.gettempdir
	ctypes.CDLL ctypes.cdll.LoadLibrary ctypes.windll.kernel32.GetStdHandle ctypes.WinDLL platform.system platform.machine platform.node platform.platform
	getpass.getuser getpass.getpass hashlib.md5 hashlib.sha1 hashlib.sha256 hashlib.new hmac.new random.random uuid.getnode uuid.uuid4
	time.sleep sys.exit sys._getframe inspect.currentframe inspect.stack inspect.getsource signal.signal atexit.register webbrowser.open
	winreg.OpenKey winreg.QueryValueEx sqlite3.connect pathlib.Path glob.glob logging.getLogger json.loads json.load`
