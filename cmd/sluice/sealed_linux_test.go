package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sealed runs its arguments as a command that the kernel kills at the first system call that makes a socket or uses one
// (seccomp(2), SECCOMP_RET_KILL_PROCESS). An error instead could be handled, and a test would see nothing.
func sealed() {
	if err := seal(); err != nil {
		fmt.Fprintln(os.Stderr, "sealing:", err)
		os.Exit(125)
	}
	name, err := exec.LookPath(os.Args[1])
	if err == nil {
		err = syscall.Exec(name, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "sealed:", err)
	os.Exit(126)
}

// seal sets the filter for this thread, which is the one that execs.
func seal() error {
	runtime.LockOSThread()
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("the system calls of %s are not known here", runtime.GOARCH)
	}
	// struct seccomp_data: nr at 0, arch at 4.
	const load, equal, atLeast, end = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K,
		unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	kill := unix.SockFilter{Code: end, K: unix.SECCOMP_RET_KILL_PROCESS}
	program := []unix.SockFilter{
		{Code: load, K: 4},
		{Code: equal, Jt: 1, K: arch},
		kill,
		{Code: load, K: 0},
		{Code: atLeast, Jf: 1, K: 0x40000000}, // the x32 calls of amd64
		kill,
	}
	for _, call := range []uint32{
		unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
		unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_IO_URING_SETUP,
	} {
		program = append(program, unix.SockFilter{Code: equal, Jf: 1, K: call}, kill)
	}
	program = append(program, unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return errno
	}
	return nil
}
