// Package email finds the addresses in the author fields of a release and says
// what kind of provider each is at.
//
// Addresses are personal data: what leaves the package by Read is the domain,
// the class and, if there is a Key, a keyed hash; the address itself does not.
// docs/adr/008-email-classes.md gives the classes and their order.
//
// Everything in the package is safe for concurrent use.
package email
