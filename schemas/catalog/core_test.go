package catalog

import (
	"regexp"
	"strings"
	"testing"
)

// core are the behaviours that the catalogue started from. Ids are stable: one
// that is missing here has been renamed, and everything stored under it is lost.
const core = `
execution: process-spawn shell-command dynamic-code dynamic-import native-library install-hook deserialization
	decode-and-run download-and-run package-install silent-spawn privilege-elevation powershell
packer: decode-base64-hex encode-base64-hex decompress obfuscated-code obfuscator-runtime chr-built-string
	homoglyph-identifier bidi-control hidden-by-spacing steganography
network: http-client socket server-listen dns-lookup ftp ssh smtp-send websocket download-file ip-address url url-ip-host
	url-shortener url-paste-site url-raw-file url-suspicious-tld messenger-webhook tor-onion unverified-tls own-ip-lookup
	email-address
file: read write delete delete-tree rename copy create-directory temporary extract-archive enumerate self-read
permissions: change-mode change-owner world-writable make-executable
search: environment-variable system-info user-info process-list network-config installed-software hardware-id
settings: environment-write registry hosts-file git-config
steal: browser-data ssh-keys cloud-credentials password-files crypto-wallet keyring environment-dump messenger-token
	shell-history
monitor: keyboard mouse screenshot clipboard camera-microphone
autostart: cron systemd registry-run pth-file shell-profile startup-folder
evasion: sandbox-detection debugger-detection delay disable-security self-delete log-clear frame-inspection indirect-call
memory: raw-memory process-injection
crypto: encrypt hash mining
payload: embedded-executable embedded-script nested-archive bytecode-without-source
anomaly: anonymous-email disposable-email placeholder-email no-author-email no-source-repository no-description
	metadata-mismatch archive-anomaly minified-source
`

func TestDefaultHasTheCoreRules(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	categories := map[string]bool{}
	for i := range c.Rules {
		categories[c.Rules[i].Category()] = true
	}
	if len(categories) != 15 {
		t.Errorf("%d categories, not 15: %v", len(categories), categories)
	}
	category, ids := "", 0
	for word := range strings.FieldsSeq(core) {
		if name, ok := strings.CutSuffix(word, ":"); ok {
			category = name
			continue
		}
		ids++
		if c.Rule(category+"/"+word) == nil {
			t.Errorf("no rule %s/%s", category, word)
		}
	}
	if ids != 116 {
		t.Errorf("%d core ids, not 116", ids)
	}
}

func TestDefaultRulesAreComplete(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rules) < 220 {
		t.Errorf("%d rules", len(c.Rules))
	}
	technique, attack := regexp.MustCompile(`^T\d{4}(\.\d{3})?$`), 0
	for _, r := range c.Rules {
		if len(r.Positive) < 2 || len(r.Negative) < 2 {
			t.Errorf("%s:%d: %s has %d positive and %d negative examples", r.File, r.Line, r.ID, len(r.Positive), len(r.Negative))
		}
		if r.Confidence != High && r.Confidence != Medium && r.Confidence != Low {
			t.Errorf("%s:%d: %s has confidence %q", r.File, r.Line, r.ID, r.Confidence)
		}
		if !strings.HasSuffix(r.Sentence, ".") || strings.Contains(r.Sentence, "\n") {
			t.Errorf("%s:%d: %s: %q is no sentence", r.File, r.Line, r.ID, r.Sentence)
		}
		if r.Attack != "" {
			attack++
			if !technique.MatchString(r.Attack) {
				t.Errorf("%s:%d: %s: %q is no technique", r.File, r.Line, r.ID, r.Attack)
			}
		}
	}
	if attack < len(c.Rules)*3/4 {
		t.Errorf("%d of %d rules name a technique of ATT&CK", attack, len(c.Rules))
	}
}
