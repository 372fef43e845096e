package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// served starts "serve" in this process and returns its address and what it
// logs; it ends with the test, and must end well.
func served(t *testing.T, args ...string) (address string, log func() string) {
	t.Helper()
	dir := t.TempDir()
	files := make([]*os.File, 3)
	for i, name := range []string{"in", "out", "errs"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = f
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), files[0], files[1], files[2])
	}()
	t.Cleanup(func() {
		stop()
		select {
		case code := <-ended:
			if code != exitOK && code != exitInterrupted {
				t.Errorf("serve ended with %d: %s", code, readFile(t, files[2].Name()))
			}
		case <-time.After(20 * time.Second):
			t.Error("serve does not end")
		}
	})
	log = func() string { return readFile(t, files[2].Name()) }
	serving := regexp.MustCompile(`msg=serving address=(http://\S+)/`)
	for range 400 {
		if m := serving.FindStringSubmatch(log()); m != nil {
			return m[1], log
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("serve does not begin: %s", log())
	return "", nil
}

func fetch(t *testing.T, address string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestServe: the command answers over the dataset, and every address that the
// documents name is one that it knows.
func TestServe(t *testing.T) {
	askable(t)
	address, log := served(t)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready, snapshot 2", "/api/v1/projects/alpha": `"version":"2.0"`, "/docs": "<h1>prevalence"} {
		if status, body := fetch(t, address+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s", path, status, body)
		}
	}
	if strings.Contains(log(), "everybody who reaches") {
		t.Error("loopback is warned of")
	}
	example := regexp.MustCompile(`http://127\.0\.0\.1:8080(/[^\s'"<>` + "`" + `]*)`)
	checked := 0
	for _, name := range []string{"../../docs/api.md", "../../README.md"} {
		for _, m := range example.FindAllStringSubmatch(readFile(t, name), -1) {
			if strings.HasSuffix(m[1], "/sql") || m[1] == "/" {
				continue
			}
			checked++
			status, body := fetch(t, address+m[1])
			if status != http.StatusOK && (status != http.StatusNotFound || strings.Contains(body, "nothing here")) {
				t.Errorf("%s: %s: %d %.300s", name, m[1], status, body)
			}
		}
	}
	if checked < 8 {
		t.Errorf("only %d addresses were found: the test looks at the wrong places", checked)
	}
}

// TestServeTokens: a file of tokens closes the door, and a wrong one is refused.
func TestServeTokens(t *testing.T) {
	askable(t)
	file := writeFile(t, "tokens", "# of the team\n\na-token-of-some-length # ours\n")
	address, _ := served(t, "--tokens", file)
	if status, _ := fetch(t, address+"/api/v1/behaviors"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	if status, body := fetch(t, address+"/api/v1/behaviors", "Authorization", "Bearer a-token-of-some-length"); status != http.StatusOK {
		t.Errorf("with a token: %d %s", status, body)
	}
	for _, text := range []string{"short\n", "two words in one line\n", "", "# nobody\n"} {
		if e := runHere(t, "serve", "--listen", "127.0.0.1:0", "--tokens", writeFile(t, "tokens", text)); e.code != exitUsage || strings.Count(e.errs, "\n") != 1 {
			t.Errorf("%q: %d %s", text, e.code, e.errs)
		}
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(address, "http://"), ":")
	for _, args := range [][]string{{"--listen", "127.0.0.1:" + port}, {"--listen", "nonsense"}, {"--queries", "0"}, {"--query-time", "1ms"}, {"--tokens", "/absent"}} {
		if e := runHere(t, append([]string{"serve"}, args...)...); e.code != exitUsage || strings.Count(e.errs, "\n") != 1 {
			t.Errorf("%v: %d %s", args, e.code, e.errs)
		}
	}
}

// TestServeNothing: there is nothing to serve in an empty folder.
func TestServeNothing(t *testing.T) {
	ownHome(t)
	if e := runHere(t, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()); e.code != exitNoData || !strings.Contains(e.errs, "there is no dataset") {
		t.Errorf("%d %s", e.code, e.errs)
	}
}
