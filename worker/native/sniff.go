package native

import "encoding/binary"

// SniffBytes is how many of a file's first bytes Sniff makes use of; with
// fewer it is less certain about PE.
const SniffBytes = 1024

// maxPEHeaderAt is the furthest place at which a PE header is believed.
const maxPEHeaderAt = 16 << 20

// Sniff tells a binary by its first bytes, whatever its name says.
//
// "MZ" alone is no proof: the PE header must stand where the DOS header points
// to, if head reaches so far. Java classes share Mach-O's fat magic and are
// told by their version number.
func Sniff(head []byte) (Format, bool) {
	if len(head) < 16 {
		return "", false
	}
	be := binary.BigEndian
	switch be.Uint32(head) {
	case 0x7F454C46:
		class, data := head[4], head[5]
		return ELF, (class == 1 || class == 2) && (data == 1 || data == 2)
	case 0xFEEDFACE, 0xFEEDFACF, 0xCEFAEDFE, 0xCFFAEDFE:
		return MachO, true
	case 0xCAFEBABE, 0xCAFEBABF:
		n := be.Uint32(head[4:])
		return MachO, n >= 1 && n <= maxFatArchitectures
	}
	if head[0] == 'M' && head[1] == 'Z' && len(head) >= 0x40 {
		at := uint64(binary.LittleEndian.Uint32(head[0x3C:]))
		if at+4 <= uint64(len(head)) {
			return PE, string(head[at:at+4]) == "PE\x00\x00"
		}
		return PE, at >= 0x40 && at < maxPEHeaderAt && at%4 == 0
	}
	return "", false
}
