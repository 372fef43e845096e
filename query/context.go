package query

import "prevalence/schemas/message"

// contexts lists all contexts, in the order in which a reader should worry,
// which is also the order of their bits in the views.
func contexts() []string {
	return []string{
		string(message.ContextInstall), string(message.ContextStartup), string(message.ContextImport),
		string(message.ContextCall), string(message.ContextPackage), string(message.ContextSupport),
	}
}

// contextsOf lists the contexts of a bit set.
func contextsOf(bits uint8) []string {
	names := []string{}
	for i, name := range contexts() {
		if bits&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
