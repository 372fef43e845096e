// Package pypi reads package indexes: the Simple API over HTTP, as JSON or as
// HTML, and a folder of distribution files.
//
// Everything that the project knows of an index passes through the Index
// interface: Root lists all names, Project reads one project's page, Fetch
// opens one file. Pages say which release is the latest (Page.Latest) and
// which state of the page is meant (Page.Serial, PageHash).
//
// Errors are typed by what the caller can do about them: see ErrNotFound,
// ErrRefused, ErrSize, ErrPage, ErrUnavailable, PauseError and StaleError.
//
// Sources: PEP 503 and 592 (HTML), PEP 691 and 700 (JSON), PEP 658 and 714
// (core metadata), PEP 792 (states), PEP 427 and 625 (file names), PEP 440
// (versions).
package pypi
