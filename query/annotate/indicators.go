package annotate

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Indicator is a value of a list with what is known of it.
type Indicator struct {
	Value string `json:"value"`
	// Common is the name of the list of common values that it, or the host of
	// it, stands in; "" for none: it is less common than what is listed, or no
	// host and no address.
	Common string `json:"common"`
	About  string `json:"about,omitempty"` // what the list says of its values
}

// Indicators says which values of a list are common: a text with one a line, a
// MISP event, collection or warning list, or an OSV record with indicators. It
// needs the lists that a dataset has beside its reference.json.
func (r *Reference) Indicators(data []byte) ([]Indicator, error) {
	if len(r.lists) == 0 {
		return nil, fmt.Errorf("annotate: no lists of common hosts and addresses beside the reference: name the dataset's folder, with misp/ in it")
	}
	values, err := indicators(data)
	if err != nil {
		return nil, err
	}
	out := make([]Indicator, 0, len(values))
	seen := make(map[string]bool)
	for _, v := range values {
		if seen[v] {
			continue
		}
		seen[v] = true
		i := Indicator{Value: v}
		if l := r.listed(hostOf(v)); l != nil {
			i.Common, i.About = l.Name, l.Description
		}
		out = append(out, i)
	}
	return out, nil
}

// hostOf is the host of a URL, an address without its port, or the value
// itself. Indicators are often written so that nobody clicks on them.
func hostOf(value string) string {
	v := strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":", "hxxp", "http").Replace(value)
	if u, err := url.Parse(v); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if at, err := netip.ParseAddrPort(v); err == nil {
		return at.Addr().String()
	}
	host, _, _ := strings.Cut(v, "|") // MISP's domain|ip
	host, _, _ = strings.Cut(host, "/")
	return host
}

// indicators reads the values of a list.
func indicators(data []byte) ([]string, error) {
	trimmed := strings.TrimSpace(string(data))
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' || strings.HasPrefix(trimmed, "[.") {
		return lines(data), nil
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("annotate: the list of indicators is neither text with one a line nor JSON: %w", err)
	}
	values := collect(v, nil)
	if len(values) == 0 {
		return nil, fmt.Errorf("annotate: the JSON has no indicators: neither attributes or a list, as MISP, nor iocs, as OSV records")
	}
	return values, nil
}

// mispTypes are the types of MISP attributes that are hosts or addresses.
var mispTypes = map[string]bool{"hostname": true, "domain": true, "url": true, "uri": true, "ip-src": true, "ip-dst": true, "domain|ip": true, "ip-dst|port": true, "ip-src|port": true}

// collect walks a document and takes the values of MISP attributes, of a MISP
// list, and of the "iocs" that OSV records of malicious packages carry.
func collect(v any, values []string) []string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			values = collect(x, values)
		}
	case map[string]any:
		if value := text(v, "value"); value != "" && mispTypes[text(v, "type")] {
			values = append(values, value)
		}
		values = appendTexts(values, v["list"])
		if iocs := object(v, "iocs"); iocs != nil {
			for _, kind := range []string{"domains", "ips", "urls"} {
				values = appendTexts(values, iocs[kind])
			}
		}
		for _, key := range sortedKeys(v) {
			values = collect(v[key], values)
		}
	}
	return values
}

func appendTexts(values []string, v any) []string {
	all, _ := v.([]any)
	for _, x := range all {
		if s, ok := x.(string); ok && s != "" {
			values = append(values, s)
		}
	}
	return values
}
