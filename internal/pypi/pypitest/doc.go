// Package pypitest makes package indexes whose right answer is known: a
// Universe of generated projects, deterministic for a seed, with the truth that
// its plan says, and a Server that serves it in any of the forms that index
// servers speak, with changes and faults on demand.
//
// The packages are inert: small Python files that show one pattern each and
// are never run. The truth is computed from the plan of what was put into them,
// never by an analyser.
//
// A Population is an index of any size whose projects are made when they are
// asked for, for measuring.
package pypitest
