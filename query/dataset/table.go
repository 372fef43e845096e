package dataset

// The rows of the tables. A column is named by its `ch` tag, as in the
// database, and explained by `doc`; `unit` says what a number counts.

type prevalenceRow struct {
	Kind      string   `ch:"kind" parquet:"kind,dict" json:"kind" doc:"behavior, issue, email-class, outcome, reason, or a facet of the packaging"`
	ID        string   `ch:"id" parquet:"id,dict" json:"id" doc:"what is counted"`
	Context   string   `ch:"context" parquet:"context,dict" json:"context" doc:"when the code runs; empty: all contexts but support"`
	Band      string   `ch:"band" parquet:"band,dict" json:"band" doc:"top100, top1k, top10k or community"`
	Count     uint32   `ch:"count" parquet:"count" json:"count" unit:"projects" doc:"projects that show it, proven or likely"`
	Resolved  uint32   `ch:"resolved" parquet:"resolved" json:"resolved" unit:"projects" doc:"projects that show it proven"`
	Scanned   uint32   `ch:"scanned" parquet:"scanned" json:"scanned" unit:"projects" doc:"projects of the band that were looked into"`
	Size      uint32   `ch:"size" parquet:"size" json:"size" unit:"projects" doc:"reference projects of the band"`
	SizeExact bool     `ch:"size_exact" parquet:"size_exact" json:"size_exact" doc:"false while size is an estimate"`
	Share     *float64 `ch:"share" parquet:"share,optional" json:"share" unit:"1" doc:"estimated share of the band; missing: not enough data"`
	Low       *float64 `ch:"low" parquet:"low,optional" json:"low" unit:"1" doc:"lower 95 % limit of share"`
	High      *float64 `ch:"high" parquet:"high,optional" json:"high" unit:"1" doc:"upper 95 % limit of share"`
	Label     string   `ch:"label" parquet:"label,dict" json:"label" doc:"Common, Uncommon, Rare, Unseen or Not enough data, of the community"`
}

type projectRow struct {
	Project string `ch:"project" parquet:"project" json:"project" doc:"name, normalised by PEP 503"`
	Version string `ch:"version" parquet:"version" json:"version" doc:"the release that speaks for the project"`
	Rank    uint32 `ch:"rank" parquet:"rank" json:"rank" doc:"place in the ranking; 0: unranked"`
	Listed  bool   `ch:"listed" parquet:"listed" json:"listed" doc:"still on the index"`
	Counted bool   `ch:"counted" parquet:"counted" json:"counted" doc:"enters the counts: listed, looked into, not labelled malware"`
	Malware bool   `ch:"malware" parquet:"malware" json:"malware" doc:"this version is labelled malware"`
	Outcome string `ch:"outcome" parquet:"outcome,dict" json:"outcome" doc:"ok, partial, empty or unanalysed"`
	Why     string `ch:"why" parquet:"why,dict" json:"why" doc:"reason of the outcome"`
	State   string `ch:"state" parquet:"state,dict" json:"state" doc:"what the index says of the project"`
	Yanked  bool   `ch:"yanked" parquet:"yanked" json:"yanked" doc:"the release is yanked"`
}

type behaviorRow struct {
	Project  string `ch:"project" parquet:"project" json:"project" doc:"name, normalised by PEP 503"`
	Version  string `ch:"version" parquet:"version" json:"version" doc:"the release that speaks for the project"`
	Rank     uint32 `ch:"rank" parquet:"rank" json:"rank" doc:"place in the ranking; 0: unranked"`
	Behavior string `ch:"behavior" parquet:"behavior,dict" json:"behavior" doc:"id of the behaviour"`
	Install  bool   `ch:"install" parquet:"install" json:"install" doc:"seen where code runs at installation"`
	Startup  bool   `ch:"startup" parquet:"startup" json:"startup" doc:"seen where code runs at every start of the interpreter"`
	Import   bool   `ch:"import" parquet:"import" json:"import" doc:"seen at the module level of the package"`
	Call     bool   `ch:"call" parquet:"call" json:"call" doc:"seen inside a function"`
	Package  bool   `ch:"package" parquet:"package" json:"package" doc:"seen in what is no code: metadata, structure, binaries"`
	Support  bool   `ch:"support" parquet:"support" json:"support" doc:"seen in tests, docs and examples, which no headline counts"`
	Resolved bool   `ch:"resolved" parquet:"resolved" json:"resolved" doc:"proven outside support code"`
}

type populationRow struct {
	Project string `ch:"project" parquet:"project" json:"project" doc:"name, normalised by PEP 503"`
	Version string `ch:"version" parquet:"version" json:"version" doc:"the release that speaks for the project"`
	File    string `ch:"file" parquet:"file" json:"file" doc:"file name on the index"`
	Kind    string `ch:"kind" parquet:"kind,dict" json:"kind" doc:"sdist, wheel or egg"`
	Bytes   int64  `ch:"bytes" parquet:"bytes" json:"bytes" unit:"bytes" doc:"size of the file"`
	SHA256  string `ch:"sha256" parquet:"sha256" json:"sha256" doc:"SHA-256 of the file, hexadecimal"`
}

type symbolRow struct {
	Name        string `ch:"name" parquet:"name" json:"name" doc:"the symbol, for example os.rename or subprocess.run#shell=True"`
	Kind        string `ch:"kind" parquet:"kind,dict" json:"kind" doc:"import, call, ref, arg, flow, method, string, trait or native"`
	Top100      uint32 `ch:"top100" parquet:"top100" json:"top100" unit:"projects" doc:"projects of the Top 100 that hold it"`
	Top1k       uint32 `ch:"top1k" parquet:"top1k" json:"top1k" unit:"projects" doc:"projects of the Top 1k that hold it"`
	Top10k      uint32 `ch:"top10k" parquet:"top10k" json:"top10k" unit:"projects" doc:"projects of the Top 10k that hold it"`
	Community   uint32 `ch:"community" parquet:"community" json:"community" unit:"projects" doc:"projects of the community that hold it"`
	Resolved    uint32 `ch:"resolved" parquet:"resolved" json:"resolved" unit:"projects" doc:"projects of the community that hold it proven"`
	SupportOnly uint32 `ch:"support_only" parquet:"support_only" json:"support_only" unit:"projects" doc:"projects that hold it in support code alone"`
}
