package sandbox

import (
	"maps"
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// refused are the system calls that are answered "operation not permitted".
var refused = []string{
	// Starting processes, and reaching into others.
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd",
	"pidfd_send_signal", "kcmp", "memfd_create", "memfd_secret",
	// Changing what is on a file system without opening it for writing.
	"creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir",
	"rename", "renameat", "renameat2", "truncate", "ftruncate", "fallocate", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown",
	"fchownat", "lchown", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr",
	"removexattrat", "utime", "utimes", "utimensat", "futimesat", "file_setattr",
	// Another view of the file systems, or of anything.
	"mount", "umount2", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "pivot_root",
	"chroot", "unshare", "setns", "name_to_handle_at", "open_by_handle_at", "swapon", "swapoff", "quotactl", "quotactl_fd", "acct",
	// Wide doors into the kernel that nothing here uses.
	"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module",
	"kexec_load", "kexec_file_load", "reboot", "iopl", "ioperm", "modify_ldt", "personality", "syslog", "settimeofday", "clock_settime",
	"clock_adjtime", "adjtimex", "sethostname", "setdomainname",
}

// absent are the system calls that are answered "no such call": their callers
// have another way, and what they ask for stands in memory, where no filter sees
// it, or is done where none looks (io_uring).
var absent = []string{"clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"}

// actionAbsent answers "no such call".
const actionAbsent = seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)

// filters are put upon each other; the strictest answer counts. The first
// refuses what is listed above, what the library does not know, and every call
// by another ABI of the processor (32-bit). The others look at arguments: files
// opened for writing, new processes by clone, sockets other than TCP and UDP
// over IP. Each looks at one call alone, because in a filter of the library a
// condition that does not hold spoils every comparison after it.
func filters() ([]seccomp.Filter, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	known := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { _, ok := info.SyscallNames[n]; return !ok })
	}
	var all []seccomp.Filter
	put := func(unless seccomp.Action, groups ...seccomp.SyscallGroup) {
		all = append(all, seccomp.Filter{
			NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
			Policy: seccomp.Policy{DefaultAction: unless, Syscalls: groups},
		})
	}
	put(seccomp.ActionErrno,
		seccomp.SyscallGroup{Names: known(absent), Action: actionAbsent},
		seccomp.SyscallGroup{Names: known(refused), Action: seccomp.ActionErrno},
		seccomp.SyscallGroup{Names: slices.Sorted(maps.Keys(info.SyscallNames)), Action: seccomp.ActionAllow})
	for _, c := range refusedWhen {
		if _, ok := info.SyscallNames[c.call]; !ok {
			continue
		}
		group := seccomp.SyscallGroup{Action: seccomp.ActionErrno}
		for _, when := range c.when {
			group.NamesWithCondtions = append(group.NamesWithCondtions, seccomp.NameWithConditions{Name: c.call, Conditions: when})
		}
		put(seccomp.ActionAllow, group)
	}
	return all, nil
}

// refusedWhen are the calls that are refused where all conditions of one of the
// sets hold.
var refusedWhen = []struct {
	call string
	when []seccomp.ArgumentConditions
}{
	{"open", []seccomp.ArgumentConditions{anyOf(1, writing)}},
	{"openat", []seccomp.ArgumentConditions{anyOf(2, writing)}},
	{"clone", []seccomp.ArgumentConditions{{{Argument: 0, Operation: seccomp.BitsNotSet, Value: unix.CLONE_THREAD}}}},
	{"socket", []seccomp.ArgumentConditions{
		noneOf(0, unix.AF_INET, unix.AF_INET6),
		noneOf(1, socketTypes(unix.SOCK_STREAM, unix.SOCK_DGRAM)...),
		noneOf(2, 0, unix.IPPROTO_TCP, unix.IPPROTO_UDP),
	}},
	// Sending the first bytes with the handshake connects past Landlock.
	{"sendto", []seccomp.ArgumentConditions{anyOf(3, unix.MSG_FASTOPEN)}},
	{"sendmsg", []seccomp.ArgumentConditions{anyOf(2, unix.MSG_FASTOPEN)}},
	{"sendmmsg", []seccomp.ArgumentConditions{anyOf(3, unix.MSG_FASTOPEN)}},
}

// writing are the flags of open that write; O_TMPFILE needs one of them.
const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// anyOf holds when one of the bits is set in an argument.
func anyOf(argument uint32, bits uint64) seccomp.ArgumentConditions {
	return seccomp.ArgumentConditions{{Argument: argument, Operation: seccomp.BitsSet, Value: bits}}
}

// noneOf holds when an argument has none of the values.
func noneOf(argument uint32, values ...uint64) (all seccomp.ArgumentConditions) {
	for _, v := range values {
		all = append(all, seccomp.Condition{Argument: argument, Operation: seccomp.NotEqual, Value: v})
	}
	return all
}

// socketTypes are the types with the flags that may stand beside them.
func socketTypes(types ...uint64) (all []uint64) {
	for _, t := range types {
		all = append(all, t, t|unix.SOCK_CLOEXEC, t|unix.SOCK_NONBLOCK, t|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	}
	return all
}
