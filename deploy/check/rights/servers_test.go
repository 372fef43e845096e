// Package rights_test runs the roles as separate processes against a NATS and
// a ClickHouse that are configured by the files of deploy/, and tries what each
// account must not do.
package rights_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"prevalence/internal/engine"
	"prevalence/internal/queue"
)

// The passwords that the configuration files take from the environment. They
// are looked for in arguments, logs and metrics.
var secrets = map[string]string{
	"NATS_PASSWORD_OPERATOR": "nats-operator-secret", "NATS_PASSWORD_CRAWLER": "nats-crawler-secret",
	"NATS_PASSWORD_WORKER": "nats-worker-secret", "NATS_PASSWORD_AGGREGATOR": "nats-aggregator-secret",
	"NATS_PASSWORD_READER": "nats-reader-secret", "NATS_PASSWORD_ADMIN": "nats-admin-secret",
	"OWNER": "clickhouse-owner-secret", "WRITER": "clickhouse-writer-secret", "READER": "clickhouse-reader-secret",
	"EMAIL_KEY": "email-key-secret",
}

// build makes the one binary.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "prevalence")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "prevalence/cmd/prevalence").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// natsServer loads deploy/nats/nats.conf into a real server on a free port.
func natsServer(t *testing.T) string {
	t.Helper()
	t.Setenv("NATS_SERVER_NAME", "test")
	for name, value := range secrets {
		if strings.HasPrefix(name, "NATS_") {
			t.Setenv(name, value)
		}
	}
	options, err := server.ProcessConfigFile("../../nats/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	options.Host, options.Port, options.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
	options.StoreDir, options.NoSigs = t.TempDir(), true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the broker is not ready")
	}
	return s.ClientURL()
}

// forTheEngine are what the embedded engine, which starts its listener by
// statements of the user default, needs beside the grants of the file.
const forTheEngine = `<query>GRANT SYSTEM LISTEN ON *.*</query>
                <query>GRANT SELECT ON system.numbers</query>
                <query>GRANT CREATE DATABASE ON *.*</query>`

// clickhouse starts the engine with the users and settings of deploy/clickhouse.
func clickhouse(t *testing.T, binary string) (addr string) {
	t.Helper()
	location, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The listener's own session is no read-only one here, and the ports are free ones.
	users := strings.Replace(read(t, "../../clickhouse/users.d/prevalence.xml"), "<grants>", "<grants>\n                "+forTheEngine, 1)
	users = strings.Replace(users, "<profile>prevalence_dictionaries</profile>", "<profile>default</profile>", 1)
	write("users.d/prevalence.xml", users)
	write("users.xml", `<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><no_password/></default></users></clickhouse>`)
	settings := strings.NewReplacer("0.0.0.0", "127.0.0.1", "<tcp_port>9000", "<tcp_port>0").Replace(read(t, "../../clickhouse/config.d/prevalence.xml"))
	write("config.d/prevalence.xml", settings)
	write("config.xml", `<clickhouse><path>`+dir+`/data/</path><user_directories><users_xml><path>`+dir+`/users.xml</path></users_xml></user_directories></clickhouse>`)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	ports := filepath.Join(dir, "ports")
	query := read(t, "../../clickhouse/initdb.sql") + `SYSTEM START LISTEN TCP;
		SELECT getServerPort('tcp_port') INTO OUTFILE '` + ports + `' TRUNCATE FORMAT TSV;
		SELECT count() FROM system.numbers WHERE NOT ignore(sleepEachRow(1)) SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=2000000`
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "engine", "child", location.Path, "--path="+dir+"/data", "--config-file="+dir+"/config.xml",
		"--listen_host=127.0.0.1", "--tcp_port=0", "--query", query)
	for _, name := range []string{"OWNER", "WRITER", "READER"} {
		sum := sha256.Sum256([]byte(secrets[name]))
		cmd.Env = append(cmd.Env, "CLICKHOUSE_"+name+"_SHA256="+hex.EncodeToString(sum[:]))
	}
	cmd.Env = append(cmd.Env, os.Environ()...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() { _ = stdin.Close(); <-gone })
	for range 600 {
		b, err := os.ReadFile(ports)
		if line, _, whole := strings.Cut(string(b), "\n"); err == nil && whole {
			return "127.0.0.1:" + line
		}
		select {
		case <-gone:
			t.Fatalf("the engine ended:\n%s", said.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("the engine does not listen")
	return ""
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// secretFile writes a secret as a container platform mounts it.
func secretFile(t *testing.T, name string) string {
	t.Helper()
	value, ok := secrets[name]
	if !ok {
		t.Fatalf("no secret %s", name)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestNATSFiles: the other files of deploy/nats are read by a real server as they are meant.
func TestNATSFiles(t *testing.T) {
	for name, value := range secrets {
		if strings.HasPrefix(name, "NATS_") {
			t.Setenv(name, value)
		}
	}
	t.Setenv("NATS_SERVER_NAME", "test-1")
	t.Setenv("NATS_PASSWORD_ROUTE", "route-secret")
	t.Setenv("NATS_TOKEN", "token-secret")
	for i := range 3 {
		t.Setenv(fmt.Sprintf("NATS_ROUTE_%d", i+1), fmt.Sprintf("nats://route:route-secret@nats-%d:6222", i+1))
	}
	cluster, err := server.ProcessConfigFile("../../nats/cluster.conf")
	if err != nil {
		t.Fatal(err)
	}
	if cluster.Cluster.Name != "prevalence" || len(cluster.Routes) != 3 || cluster.Cluster.Username != "route" || len(cluster.Users) == 0 {
		t.Errorf("cluster.conf: cluster %+v, routes %v, %d users", cluster.Cluster, cluster.Routes, len(cluster.Users))
	}
	token, err := server.ProcessConfigFile("../../nats/token.conf")
	if err != nil {
		t.Fatal(err)
	}
	token.Port, token.StoreDir, token.NoSigs = server.RANDOM_PORT, t.TempDir(), true
	s, err := server.NewServer(token)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the broker is not ready")
	}
	for token, lets := range map[string]bool{"token-secret": true, "another": false, "": false} {
		c, err := queue.Connect(t.Context(), queue.Options{URL: s.ClientURL(), Token: token})
		if (err == nil) != lets {
			t.Errorf("with the token %q: %v", token, err)
		}
		if err == nil {
			if err := c.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
			c.Close()
		}
	}
}

// TestTLS: with deploy/nats/tls.conf the broker speaks TLS, and a connection is
// checked against the authority that --ca names.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	own, other := certificate(t, dir, "own"), certificate(t, dir, "other")
	text := strings.NewReplacer("/etc/nats/tls/tls.crt", own, "/etc/nats/tls/tls.key", strings.TrimSuffix(own, "crt")+"key").
		Replace(read(t, "../../nats/tls.conf"))
	file := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(file, []byte("listen: \"127.0.0.1:-1\"\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options.NoSigs = true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the broker is not ready")
	}
	url := strings.Replace(s.ClientURL(), "nats://", "tls://", 1)
	for ca, lets := range map[string]bool{own: true, other: false, "": false} {
		c, err := queue.Connect(t.Context(), queue.Options{URL: url, CA: ca})
		if (err == nil) != lets {
			t.Errorf("checked against %q: %v", ca, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

// certificate makes a self-signed certificate for 127.0.0.1 and returns its
// file; the key stands beside it.
func certificate(t *testing.T, dir, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name+".crt")
}
