package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"prevalence/internal/sandbox"
)

// enterSandbox takes from this process what a worker has no use for. Where the
// kernel cannot do all of it, that is a warning, or an error with require-sandbox.
func enterSandbox(c *config, broker account, log *slog.Logger) error {
	policy, err := workerPolicy(c, broker)
	if err != nil {
		return usage(err)
	}
	can := sandbox.Status()
	if err := admitted(c, can); err != nil {
		return err
	}
	if c.NoSandbox {
		log.Warn("no sandbox: this worker may write files, start processes and connect anywhere")
		return nil
	}
	state, err := sandbox.Enter(policy)
	if err != nil {
		return fmt.Errorf("%w; --no-sandbox goes without", err)
	}
	if why := state.Missing(); why != "" {
		log.Warn("the sandbox is not complete", slog.String("in_force", state.String()), slog.String("missing", why))
		return nil
	}
	log.Info("sandbox entered", slog.String("in_force", state.String()), slog.Any("ports", policy.Connect))
	return nil
}

// admitted refuses to run without a sandbox that is required.
func admitted(c *config, can sandbox.State) error {
	if c.RequireSandbox && !can.Complete() {
		return usage(fmt.Errorf("require-sandbox: %s; run workers on Linux 6.7 or newer with Landlock, or without --require-sandbox", can.Missing()))
	}
	return nil
}

// workerPolicy is what a worker needs: the ports of the index, of a proxy in
// front of it, and of the broker, the folder that is the index, and the file of
// the broker's credentials, which is read again at every connection.
func workerPolicy(c *config, broker account) (sandbox.Policy, error) {
	var p sandbox.Policy
	connect := func(u *url.URL) error {
		text := cmp.Or(u.Port(), usualPorts[u.Scheme])
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return fmt.Errorf("port %q of %s is no number from 1 to 65535", text, u.Host)
		}
		p.Connect = append(p.Connect, uint16(port))
		return nil
	}
	if isURL(c.Index) {
		u, err := url.Parse(c.Index)
		if err != nil {
			return p, errors.New("index is no URL")
		}
		if u.Scheme == "file" {
			p.Read = append(p.Read, filepath.FromSlash(u.Path))
		} else {
			if err := connect(u); err != nil {
				return p, err
			}
			if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
				if err := connect(proxy); err != nil {
					return p, err
				}
			}
		}
	} else {
		folder, err := filepath.Abs(c.Index)
		if err != nil {
			return p, err
		}
		p.Read = append(p.Read, folder)
	}
	for address := range strings.SplitSeq(broker.Address, ",") {
		address = strings.TrimSpace(address)
		if !isURL(address) {
			address = "nats://" + address
		}
		u, err := url.Parse(address)
		if err != nil {
			return p, errors.New("nats is no URL")
		}
		if err := connect(u); err != nil {
			return p, err
		}
	}
	for _, text := range c.SandboxPorts {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return p, fmt.Errorf("sandbox-ports: %q is no number from 1 to 65535", text)
		}
		p.Connect = append(p.Connect, uint16(port))
	}
	if c.NATSCreds != "" {
		file, err := filepath.Abs(c.NATSCreds)
		if err != nil {
			return p, err
		}
		p.Read = append(p.Read, file)
	}
	slices.Sort(p.Connect)
	p.Connect = slices.Compact(p.Connect)
	return p, nil
}

// usualPorts are the ports of addresses that name none.
var usualPorts = map[string]string{
	"http": "80", "https": "443", "ws": "80", "wss": "443", "socks5": "1080", "socks5h": "1080", "nats": "4222", "tls": "4222",
}

// limitMemory sets this worker's soft and hard memory limits.
func limitMemory(c *config) error {
	soft, err := c.memoryBytes()
	if err != nil {
		return usage(err)
	}
	hard, err := c.memoryLimitBytes()
	if err != nil {
		return usage(err)
	}
	_, err = sandbox.LimitMemory(soft, hard)
	return err
}
