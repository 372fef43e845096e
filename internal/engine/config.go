package engine

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// The names of the two accounts.
const (
	ownerUser  = "prevalence_owner"
	readerUser = "prevalence_reader"
)

//go:embed clickhouse.xml
var configXML string

// Account is a user of a server.
type Account struct {
	User, Password string
}

// newAccount makes an account with a random password of 130 bits.
func newAccount(user string) Account {
	return Account{User: user, Password: rand.Text()}
}

// orNew is a, or a new account of that name where a has no password.
func (a Account) orNew(user string) Account {
	if a.Password == "" {
		return newAccount(user)
	}
	return Account{User: user, Password: a.Password}
}

// hash is the password's SHA-256 in hexadecimal, as ClickHouse wants it.
func (a Account) hash() string {
	sum := sha256.Sum256([]byte(a.Password))
	return hex.EncodeToString(sum[:])
}

// config is what the configuration file is made of.
type config struct {
	Self                    string // the path of the file itself
	Data                    string // the data folder
	Owner, Reader           string
	OwnerHash, ReaderHash   string
	Database, Views         string
	Host                    string
	MemoryBytes             int64
	QueryBytes, ReaderBytes int64
}

// write writes the configuration to its own path, readable by this user alone.
func (c config) write() error {
	t, err := template.New("clickhouse.xml").Funcs(template.FuncMap{"xml": escapeXML}).Parse(configXML)
	if err != nil {
		return fmt.Errorf("engine: configuration: %w", err)
	}
	// A new file each time: an older one may have wider permissions.
	temp, err := os.CreateTemp(filepath.Dir(c.Self), "config-*.tmp") // 0600
	if err != nil {
		return fmt.Errorf("engine: configuration: %w", err)
	}
	defer os.RemoveAll(temp.Name()) // in vain after the rename
	if err := t.Execute(temp, c); err != nil {
		_ = temp.Close()
		return fmt.Errorf("engine: configuration: %w", err)
	}
	if err := temp.Close(); err != nil {
		return fmt.Errorf("engine: configuration: %w", err)
	}
	if err := os.Rename(temp.Name(), c.Self); err != nil {
		return fmt.Errorf("engine: configuration: %w", err)
	}
	return nil
}

// escapeXML escapes text for an XML element.
func escapeXML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
