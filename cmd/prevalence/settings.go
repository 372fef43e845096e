package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"prevalence/crawler/ranking"
	"prevalence/internal/pypi"
)

// envPrefix stands before the name of every environment variable.
const envPrefix = "PREVALENCE_"

// setting is one configuration value under one name: the flag --index is also
// the environment variable PREVALENCE_INDEX and the key "index" of the
// configuration file. In that order they win over each other and over the
// default.
type setting struct {
	key    string
	def    any // string, int, bool, float64, time.Duration or []string
	usage  string
	secret bool // never a flag (a process's arguments are public), never printed
}

// fileSuffix ends the key of a setting that names a file with a secret.
const fileSuffix = "-file"

// settings lists every value that can be configured. Each secret has a second
// one beside it that names a file with it, as container platforms mount them.
func settings() []setting {
	var all []setting
	for _, s := range plainSettings() {
		all = append(all, s)
		if s.secret {
			all = append(all, setting{key: s.key + fileSuffix, def: "", usage: "`file` with " + s.key + ", instead of its value"})
		}
	}
	return all
}

func plainSettings() []setting {
	return []setting{
		{key: "data", def: defaultDataDir(), usage: "`folder` of the embedded broker and database"},
		{key: "engine", def: "", usage: "`path` of libchdb.so or of a clickhouse binary, instead of looking for one"},
		{key: "broker-listen", def: "127.0.0.1:0", usage: "`host:port` on which the embedded broker listens; port 0: a free one"},
		{key: "nats", def: "", usage: "`url` of a NATS server with JetStream, instead of the embedded one"},
		{key: "nats-user", def: "", usage: "`name` of the NATS user"},
		{key: "nats-password", def: "", usage: "password of the NATS user", secret: true},
		{key: "nats-token", def: "", usage: "token for a NATS server that wants one instead of a user", secret: true},
		{key: "nats-creds", def: "", usage: "`file` with NATS credentials (JWT and seed)"},
		{key: "replicas", def: 0, usage: "`number` of copies of each stream in a NATS cluster; 0: as many as there are, 1 of a new one"},
		{key: "clickhouse", def: "", usage: "`host:port` of a ClickHouse server (native protocol), instead of the embedded one"},
		{key: "clickhouse-user", def: "", usage: "`name` of the ClickHouse user"},
		{key: "clickhouse-password", def: "", usage: "password of the ClickHouse user", secret: true},
		{key: "clickhouse-tls", def: false, usage: "speak TLS to ClickHouse"},
		{key: "ca", def: "", usage: "`file` of certificates (PEM) that NATS and ClickHouse are checked against, instead of the system's"},
		{key: "email-key", def: "", usage: "key of the hash that groups author addresses; without one no hash is kept", secret: true},
		{key: "email-key-id", def: "1", usage: "`name` of the key in email-key, stored beside each hash"},

		{key: "index", def: pypi.DefaultIndex, usage: "`url` of a Simple API, or folder of distributions"},
		{key: "contact", def: "", usage: "`address` or URL that the index's operators can write to; stands in the User-Agent"},
		{key: "rate", def: 0.0, usage: "`number` of requests a second to one host of the index, all workers together; 0: 10, and no limit on loopback"},
		{key: "budget", def: "", usage: "`requests,bytes` a day, UTC, all workers together: 200000,50GB, or one of them; empty: no budget"},
		{key: "connections", def: 8, usage: "`number` of connections to the index at once, for each process"},
		{key: "timeout", def: 60 * time.Second, usage: "`time` after which a silent index is given up on"},
		{key: "ranking", def: "", usage: "`url` or file with a ranking (JSON of top-pypi-packages, or CSV), clickhouse:all or clickhouse:pip-uv, pinned:NAME, or none"},
		{key: "ranking-base", def: "", usage: "`name` of what the ranking counts, for example dependents; default: what it says, or own"},
		{key: "ranking-server", def: ranking.DefaultServer, usage: "`url` of the HTTP interface of the ClickHouse that a ranking clickhouse:BASE is asked of"},
		{key: "ranking-server-password", def: "", usage: "password of the user in ranking-server", secret: true},
		{key: "projects", def: []string{}, usage: "crawl only these `names`, comma-separated, NAME==VERSION for one release, or @FILE with a name a line"},
		{key: "top", def: 0, usage: "crawl only the first `n` of the ranking"},
		{key: "releases", def: 1, usage: "`number` of releases of each project to scan, the latest first"},
		{key: "once", def: false, usage: "sweep once, whatever follow says"},
		{key: "follow", def: false, usage: "go on sweeping at intervals, until interrupted"},
		{key: "every", def: time.Hour, usage: "`time` between two sweeps when following"},
		{key: "jitter", def: 0.1, usage: "`share` of that time by which each wait is longer or shorter at random"},
		{key: "limit", def: 0, usage: "publish at most `n` jobs"},
		{key: "seed", def: 0, usage: "`number` that the first crawl's order is drawn with; 0: chosen and kept"},
		{key: "rescan", def: false, usage: "publish a job for every project picked, changed or not"},
		{key: "force", def: false, usage: "believe an index that lost more than half of its names"},

		{key: "rules", def: "", usage: "`folder` (or file) of rules of your own, beside those that are built in"},
		{key: "files", def: "both", usage: "`which` files of a release to read: both (the sdist and one wheel), sdist, wheel or all"},
		{key: "workers", def: 1, usage: "`number` of worker processes"},
		{key: "slots", def: 2, usage: "`number` of scans at a time in a worker"},
		{key: "ack-wait", def: time.Minute, usage: "`time` after which a job whose worker fell silent goes to another"},
		{key: "memory", def: "144MiB", usage: "soft memory limit of a worker process: a `size`; at 144MiB and two slots it holds less than 256MiB"},
		{key: "memory-limit", def: "", usage: "hard memory limit of a worker process, which dies beyond it: a `size`, or none; empty: 1GiB, or four times memory"},
		{key: "require-sandbox", def: false, usage: "refuse to work where the kernel cannot keep a worker from files, processes and other ports"},
		{key: "no-sandbox", def: false, usage: "work without a sandbox"},
		{key: "sandbox-ports", def: []string{}, usage: "further TCP `ports` that a worker may connect to, where the index has its files elsewhere"},

		{key: "complete-index", def: []string{pypi.DefaultIndex}, usage: "`urls` of indexes that hold every name there is: a dependency missing there is free to be registered"},
		{key: "keep-releases", def: 2, usage: "`number` of releases of a project that gc keeps"},
		{key: "snapshot-every", def: time.Duration(0), usage: "`time` between snapshots; 0: 15 s in the first five minutes, then 1 h"},
		{key: "until-idle", def: false, usage: "stop when a published snapshot covers every job"},

		{key: "listen", def: "127.0.0.1:8080", usage: "`host:port` on which the API and the pages are served"},
		{key: "tokens", def: "", usage: "`file` of bearer tokens, one a line, of which a request has to bring one; empty: everybody may ask"},
		{key: "behind-proxy", def: false, usage: "a proxy in front states the client's address last in X-Forwarded-For"},
		{key: "client-rate", def: 50.0, usage: "`number` of requests a second that one client may make; 0: no limit"},
		{key: "queries", def: 8, usage: "`number` of quick questions that are asked of the database at a time"},
		{key: "slow-queries", def: 2, usage: "`number` of slow questions at a time"},
		{key: "query-time", def: 20 * time.Second, usage: "`time` after which a question is given up"},

		{key: "summary", def: false, usage: "print only a table of the whole"},
		{key: "reference", def: "", usage: "`path` of a dataset's reference.json, or of its folder"},
		{key: "fail-on", def: []string{}, usage: "`words`, comma-separated, that end a local scan with exit code 6: important, rare, unseen, uncommon, common, new"},
		{key: "baseline", def: "", usage: "`file` with hits that are known: SARIF or JSON of scan, or a fingerprint a line"},
		{key: "since", def: "", usage: "`path` of an earlier release, whose hits are known"},
		{key: "evidence", def: "first", usage: "`which` hits of a scan to list: first or all"},
		{key: "threads", def: 0, usage: "`number` of local scans at a time; 0: one a processor"},

		{key: "metrics", def: "", usage: "`host:port` to serve /metrics for Prometheus on, and /healthz; empty: nowhere"},
		{key: "format", def: "table", usage: "output `format`: table, csv or json; sarif of a local scan"},
		{key: "log-level", def: "info", usage: "least `level` of a log line: debug, info, warn or error"},
		{key: "log-format", def: "text", usage: "`format` of log lines: text or json"},
		{key: "progress", def: "auto", usage: "`how` to show progress: auto (a bar on a terminal, else lines), bar, lines or none"},
	}
}

// config is what is in force. Its field names are the settings' keys.
type config struct {
	Data                   string        `mapstructure:"data"`
	Engine                 string        `mapstructure:"engine"`
	BrokerListen           string        `mapstructure:"broker-listen"`
	NATS                   string        `mapstructure:"nats"`
	NATSUser               string        `mapstructure:"nats-user"`
	NATSPassword           string        `mapstructure:"nats-password"`
	NATSPasswordFile       string        `mapstructure:"nats-password-file"`
	NATSToken              string        `mapstructure:"nats-token"`
	NATSTokenFile          string        `mapstructure:"nats-token-file"`
	NATSCreds              string        `mapstructure:"nats-creds"`
	Replicas               int           `mapstructure:"replicas"`
	ClickHouse             string        `mapstructure:"clickhouse"`
	ClickHouseUser         string        `mapstructure:"clickhouse-user"`
	ClickHousePassword     string        `mapstructure:"clickhouse-password"`
	ClickHousePasswordFile string        `mapstructure:"clickhouse-password-file"`
	ClickHouseTLS          bool          `mapstructure:"clickhouse-tls"`
	CA                     string        `mapstructure:"ca"`
	EmailKey               string        `mapstructure:"email-key"`
	EmailKeyFile           string        `mapstructure:"email-key-file"`
	EmailKeyID             string        `mapstructure:"email-key-id"`
	Index                  string        `mapstructure:"index"`
	Contact                string        `mapstructure:"contact"`
	Rate                   float64       `mapstructure:"rate"`
	Budget                 string        `mapstructure:"budget"`
	Connections            int           `mapstructure:"connections"`
	Timeout                time.Duration `mapstructure:"timeout"`
	Ranking                string        `mapstructure:"ranking"`
	RankingBase            string        `mapstructure:"ranking-base"`
	RankingServer          string        `mapstructure:"ranking-server"`
	RankingPassword        string        `mapstructure:"ranking-server-password"`
	RankingPasswordFile    string        `mapstructure:"ranking-server-password-file"`
	Projects               []string      `mapstructure:"projects"`
	Top                    int           `mapstructure:"top"`
	Releases               int           `mapstructure:"releases"`
	Once                   bool          `mapstructure:"once"`
	Follow                 bool          `mapstructure:"follow"`
	Every                  time.Duration `mapstructure:"every"`
	Jitter                 float64       `mapstructure:"jitter"`
	Limit                  int           `mapstructure:"limit"`
	Seed                   uint64        `mapstructure:"seed"`
	Rescan                 bool          `mapstructure:"rescan"`
	Force                  bool          `mapstructure:"force"`
	Rules                  string        `mapstructure:"rules"`
	Files                  string        `mapstructure:"files"`
	Workers                int           `mapstructure:"workers"`
	Slots                  int           `mapstructure:"slots"`
	AckWait                time.Duration `mapstructure:"ack-wait"`
	Memory                 string        `mapstructure:"memory"`
	MemoryLimit            string        `mapstructure:"memory-limit"`
	RequireSandbox         bool          `mapstructure:"require-sandbox"`
	NoSandbox              bool          `mapstructure:"no-sandbox"`
	SandboxPorts           []string      `mapstructure:"sandbox-ports"`
	CompleteIndex          []string      `mapstructure:"complete-index"`
	KeepReleases           int           `mapstructure:"keep-releases"`
	SnapshotEvery          time.Duration `mapstructure:"snapshot-every"`
	UntilIdle              bool          `mapstructure:"until-idle"`
	Listen                 string        `mapstructure:"listen"`
	Tokens                 string        `mapstructure:"tokens"`
	BehindProxy            bool          `mapstructure:"behind-proxy"`
	ClientRate             float64       `mapstructure:"client-rate"`
	Queries                int           `mapstructure:"queries"`
	SlowQueries            int           `mapstructure:"slow-queries"`
	QueryTime              time.Duration `mapstructure:"query-time"`
	Summary                bool          `mapstructure:"summary"`
	Reference              string        `mapstructure:"reference"`
	FailOn                 []string      `mapstructure:"fail-on"`
	Baseline               string        `mapstructure:"baseline"`
	Since                  string        `mapstructure:"since"`
	Evidence               string        `mapstructure:"evidence"`
	Threads                int           `mapstructure:"threads"`
	Metrics                string        `mapstructure:"metrics"`
	Format                 string        `mapstructure:"format"`
	LogLevel               string        `mapstructure:"log-level"`
	LogFormat              string        `mapstructure:"log-format"`
	Progress               string        `mapstructure:"progress"`
}

// brokerLogin and databaseLogin are the settings of who connects to an external
// broker or database.
var (
	brokerLogin   = []string{"nats", "nats-user", "nats-password-file", "nats-token-file", "nats-creds", "ca"}
	databaseLogin = []string{"clickhouse", "clickhouse-user", "clickhouse-password-file", "clickhouse-tls", "ca"}
)

// addFlags gives cmd the flags of the named settings that it does not have yet. Naming a setting that
// does not exist, or a secret, is a mistake of ours that a test finds.
func addFlags(flags *pflag.FlagSet, keys ...string) {
	all := settings()
	for _, key := range keys {
		i := slices.IndexFunc(all, func(s setting) bool { return s.key == key })
		if i < 0 || all[i].secret || flags.Lookup(key) != nil {
			continue
		}
		switch def := all[i].def.(type) {
		case string:
			flags.String(key, def, all[i].usage)
		case int:
			flags.Int(key, def, all[i].usage)
		case float64:
			flags.Float64(key, def, all[i].usage)
		case bool:
			flags.Bool(key, def, all[i].usage)
		case time.Duration:
			flags.Duration(key, def, all[i].usage)
		case []string:
			flags.StringSlice(key, def, all[i].usage)
		}
	}
}

// loadConfig reads file, environment and cmd's flags, in rising order of
// strength, and refuses what it does not know. Every error is a usageError.
func loadConfig(cmd *cobra.Command) (*config, error) {
	v := viper.New()
	known := make(map[string]bool)
	for _, s := range settings() {
		known[s.key] = true
		v.SetDefault(s.key, s.def)
		if err := v.BindEnv(s.key, envName(s.key)); err != nil {
			return nil, err
		}
	}
	if err := readConfigFile(cmd, v, known); err != nil {
		return nil, usage(err)
	}
	if err := checkEnvironment(known); err != nil {
		return nil, usage(err)
	}
	var bind error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if known[f.Name] {
			bind = errors.Join(bind, v.BindPFlag(f.Name, f))
		}
	})
	if bind != nil {
		return nil, bind
	}
	if err := readSecretFiles(v); err != nil {
		return nil, usage(err)
	}
	c := new(config)
	if err := v.UnmarshalExact(c); err != nil {
		return nil, usage(fmt.Errorf("settings: %s", decodingError(err)))
	}
	if c.Format == "sarif" && cmd.Name() != "scan" {
		return nil, usage(errors.New("format sarif is for scan; choose table, csv or json"))
	}
	return c, usage(c.Validate())
}

// maxSecretBytes bounds a file with a secret.
const maxSecretBytes = 64 << 10

// readSecretFiles reads each secret that is given as a file: its text without
// the line end.
func readSecretFiles(v *viper.Viper) error {
	for _, s := range settings() {
		file := v.GetString(s.key + fileSuffix)
		switch {
		case !s.secret || file == "":
			continue
		case v.GetString(s.key) != "":
			return fmt.Errorf("%s and %s are both set: choose one", s.key, s.key+fileSuffix)
		}
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("%s: %s cannot be read: %w", s.key+fileSuffix, file, bareError(err))
		}
		b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
		_ = f.Close()
		secret := strings.TrimRight(string(b), "\r\n")
		switch {
		case err != nil:
			return fmt.Errorf("%s: %s cannot be read: %w", s.key+fileSuffix, file, bareError(err))
		case secret == "", len(b) > maxSecretBytes:
			return fmt.Errorf("%s: %s holds no secret: it is empty, or larger than 64 KiB", s.key+fileSuffix, file)
		}
		v.Set(s.key, secret)
	}
	return nil
}

// decodingError is what viper says about values of the wrong type, without its
// preamble.
func decodingError(err error) string {
	text := err.Error()
	if _, rest, found := strings.Cut(text, "error(s):"); found {
		text = rest
	}
	return strings.Join(strings.Fields(text), " ")
}

// readConfigFile reads the file of --config, or the default one if it exists.
func readConfigFile(cmd *cobra.Command, v *viper.Viper, known map[string]bool) error {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return err
	}
	if file == "" {
		file = defaultConfigFile()
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	v.SetConfigFile(file)
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil {
		var missing *fs.PathError
		if errors.As(err, &missing) {
			return fmt.Errorf("cannot read the configuration file %s: %w", file, missing.Err)
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	probe := viper.New()
	probe.SetConfigFile(file)
	probe.SetConfigType("yaml")
	if err := probe.ReadInConfig(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, key := range probe.AllKeys() {
		if !known[key] {
			return fmt.Errorf("%s: unknown key %q%s", file, key, suggestion(key, known))
		}
	}
	return nil
}

// internalEnv are variables that processes of ours give each other, or that
// other parts read themselves; they are no settings.
func internalEnv(name string) bool {
	return strings.HasPrefix(name, envPrefix+"CHILD")
}

// checkEnvironment refuses a PREVALENCE_ variable that means nothing: a typo
// there would otherwise pass in silence.
func checkEnvironment(known map[string]bool) error {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || internalEnv(name) {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if !known[key] {
			return fmt.Errorf("environment: %s is no setting%s", name, suggestion(key, known))
		}
	}
	return nil
}

// suggestion ends an error line about an unknown key.
func suggestion(key string, known map[string]bool) string {
	best, distance := "", 3
	for k := range known {
		if d := levenshtein.ComputeDistance(key, k); d < distance || d == distance && k < best {
			best, distance = k, d
		}
	}
	if best == "" {
		return "; 'prevalence config' lists them all"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// defaultDataDir follows the XDG base directory specification.
func defaultDataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "prevalence")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "prevalence-data"
	}
	return filepath.Join(home, ".local", "share", "prevalence")
}

func defaultConfigFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "prevalence.yaml"
	}
	return filepath.Join(dir, "prevalence", "config.yaml")
}
