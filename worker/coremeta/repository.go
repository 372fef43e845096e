package coremeta

import (
	"net/url"
	"strings"
)

// forges are hosts that keep source; a leading dot stands for any subdomain.
// A path must name at least an owner and, on these, what looks like one.
var forges = []string{
	"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "gitea.com", "sr.ht", ".sr.ht",
	"sourceforge.net", ".sourceforge.net", "launchpad.net", ".launchpad.net", "dev.azure.com", ".visualstudio.com",
	"code.google.com", "savannah.gnu.org", "savannah.nongnu.org", "git.savannah.gnu.org", "pagure.io", "opendev.org",
	"salsa.debian.org", "invent.kde.org", "framagit.org", "notabug.org", "gitcode.com", "gitverse.ru", "huggingface.co",
	"foss.heptapod.net", ".heptapod.net", "tangled.sh", "radicle.xyz", ".radicle.xyz", "hg.sr.ht", "git.kernel.org",
	"gitlab.freedesktop.org", "gitlab.gnome.org", "source.coderefinery.org", "jihulab.com", "e.coding.net", "disroot.org",
}

// hostPrefixes are first labels that say that a host keeps source.
var hostPrefixes = []string{"git.", "gitlab.", "gitea.", "forgejo.", "github.", "svn.", "hg.", "bitbucket.", "cgit.", "bzr."}

// sourceLabels are the labels of PEP 753 and what people write instead,
// normalised: lower case, no punctuation, no spaces.
var sourceLabels = map[string]bool{
	"source": true, "repository": true, "sourcecode": true, "github": true, // PEP 753
	"code": true, "repo": true, "git": true, "gitlab": true, "bitbucket": true, "codeberg": true, "scm": true, "vcs": true,
	"githubrepository": true, "githubrepo": true, "gitrepository": true, "sourcerepository": true, "sources": true,
	"codeongithub": true, "githubproject": true, "coderepository": true, "gitea": true, "forgejo": true,
}

// SourceRepository reports whether a URL of the metadata points to a place
// where source is kept: a label says so, or the URL is one of a project on a
// known forge.
func (m *Metadata) SourceRepository() bool {
	for _, l := range m.ProjectURLs {
		if isRepository(l) {
			return true
		}
	}
	return isRepository(Link{URL: m.HomePage}) || isRepository(Link{URL: m.DownloadURL})
}

func isRepository(l Link) bool {
	raw := strings.TrimSpace(l.URL)
	if raw == "" {
		return false
	}
	for _, prefix := range []string{"git+", "hg+", "svn+", "bzr+"} {
		raw = strings.TrimPrefix(raw, prefix)
	}
	if rest, ok := strings.CutPrefix(raw, "git@"); ok { // git@host:owner/name
		raw = "ssh://" + strings.Replace(rest, ":", "/", 1)
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || !strings.Contains(u.Hostname(), ".") {
		return false
	}
	if sourceLabels[normalizeLabel(l.Label)] {
		return true
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	path := strings.Trim(u.Path, "/")
	owner, _, _ := strings.Cut(path, "/")
	if owner == "" || owner == "sponsors" || owner == "about" || owner == "features" {
		// Some forges put the project into the host name.
		return owner == "" && (strings.HasSuffix(host, ".sourceforge.net") || strings.HasSuffix(host, ".launchpad.net"))
	}
	for _, f := range forges {
		if host == f || f[0] == '.' && strings.HasSuffix(host, f) {
			return true
		}
	}
	for _, prefix := range hostPrefixes {
		if strings.HasPrefix(host, prefix) {
			return true
		}
	}
	return false
}

func normalizeLabel(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, label)
}
