package catalog

import (
	"strings"
	"testing"
)

func TestDefaultLoads(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Rules); n < 190 {
		t.Errorf("%d rules", n)
	}
	for _, id := range []string{"anonymous-author", "removed-components", "yanked", "quarantined"} {
		if c.Issue(id) == nil {
			t.Errorf("issue %s is missing", id)
		}
	}
}

// coreIDs are the behaviours that were there from the beginning. Ids are
// stable: others keep them in their own rules and reports.
var coreIDs = map[string]string{
	"execution":   "process-spawn shell-command dynamic-code dynamic-import native-library install-hook deserialization decode-and-run download-and-run package-install silent-spawn privilege-elevation powershell",
	"packer":      "decode-base64-hex encode-base64-hex decompress obfuscated-code obfuscator-runtime chr-built-string homoglyph-identifier bidi-control hidden-by-spacing steganography",
	"network":     "http-client socket server-listen dns-lookup ftp ssh smtp-send websocket download-file ip-address url url-ip-host url-shortener url-paste-site url-raw-file url-suspicious-tld messenger-webhook tor-onion unverified-tls own-ip-lookup email-address",
	"file":        "read write delete delete-tree rename copy create-directory temporary extract-archive enumerate self-read",
	"permissions": "change-mode change-owner world-writable make-executable",
	"search":      "environment-variable system-info user-info process-list network-config installed-software hardware-id",
	"settings":    "environment-write registry hosts-file git-config",
	"steal":       "browser-data ssh-keys cloud-credentials password-files crypto-wallet keyring environment-dump messenger-token shell-history",
	"monitor":     "keyboard mouse screenshot clipboard camera-microphone",
	"autostart":   "cron systemd registry-run pth-file shell-profile startup-folder",
	"evasion":     "sandbox-detection debugger-detection delay disable-security self-delete log-clear frame-inspection indirect-call",
	"memory":      "raw-memory process-injection",
	"crypto":      "encrypt hash mining",
	"payload":     "embedded-executable embedded-script nested-archive bytecode-without-source",
	"anomaly":     "anonymous-email disposable-email placeholder-email no-author-email no-source-repository no-description metadata-mismatch archive-anomaly minified-source",
}

func TestCoreIDsAreThere(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for category, slugs := range coreIDs {
		for _, slug := range strings.Fields(slugs) {
			if c.Rule(category+"/"+slug) == nil {
				t.Errorf("%s/%s is gone", category, slug)
			}
		}
	}
}
