package catalog

import "fmt"

// Fault is one thing that is wrong with a file of rules.
type Fault struct {
	File string `json:"file"`
	Line int    `json:"line"` // 1-based
	What string `json:"what"`
}

// Error is "file:line: what".
func (f *Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.What) }

func faultf(file string, line int, format string, args ...any) error {
	return &Fault{File: file, Line: line, What: fmt.Sprintf(format, args...)}
}

// Faultf is a fault of the rule, at the line of its matcher when it has one
// that is spelled at, else where the rule begins.
func (r *Rule) Faultf(at, format string, args ...any) error {
	return faultf(r.File, r.lineOf(at), format, args...)
}

// Faults are the faults that an error of Load, or several joined, consists of;
// nil when it is none of them.
func Faults(err error) []*Fault {
	switch err := err.(type) { //nolint:errorlint // walks the tree itself, since all of its leaves are wanted
	case *Fault:
		return []*Fault{err}
	case interface{ Unwrap() error }:
		return Faults(err.Unwrap())
	case interface{ Unwrap() []error }:
		var list []*Fault
		for _, e := range err.Unwrap() {
			list = append(list, Faults(e)...)
		}
		return list
	}
	return nil
}
