package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed static/*.css static/*.js static/*.svg static/*.woff2
var static embed.FS

// files are what pages load. Their address holds a hash of all of them, so that
// a client may keep them for ever.
type files struct {
	version string
	of      map[string][]byte // by name
}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

func readFiles() (*files, error) {
	f := &files{of: make(map[string][]byte)}
	sum := sha256.New()
	for _, tree := range []embed.FS{static, templates} { // templates count as well: pages carry the version in their tag
		err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := tree.ReadFile(name)
			if err != nil {
				return err
			}
			f.of[path.Base(name)] = b
			_, _ = fmt.Fprintf(sum, "%s\x00%d\x00", name, len(b))
			_, _ = sum.Write(b)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("web: files: %w", err)
		}
	}
	f.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return f, nil
}

// address is where a file stands.
func (f *files) address(name string) string { return "/static/" + f.version + "/" + name }

func (f *files) serve(w http.ResponseWriter, r *http.Request) {
	b, known := f.of[r.PathValue("file")]
	media := mediaTypes[path.Ext(r.PathValue("file"))]
	if !known || media == "" || r.PathValue("version") != f.version {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+f.version+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

func (f *files) icon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, f.address("icon.svg"), http.StatusFound)
}
