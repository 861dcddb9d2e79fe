// SPDX-License-Identifier: GPL-2.0
/*
 * Attach a pinned program to the container's end of a netkit pair and pin the link: the program
 * stays until that file is removed. bpftool can show such links, and not make them.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NETKIT_PEER	55	/* BPF_NETKIT_PEER, which Debian 12's <linux/bpf.h> does not have */

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	union bpf_attr get = { }, make = { }, pin = { };
	int program, link;

	if (argc != 4) {
		fputs("usage: netkit-attach PROGRAM DEVICE LINK\n", stderr);
		return 2;
	}
	get.pathname = (uintptr_t)argv[1];
	program = bpf(BPF_OBJ_GET, &get);
	if (program < 0) {
		fprintf(stderr, "netkit-attach: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	make.link_create.prog_fd = program;
	make.link_create.target_ifindex = if_nametoindex(argv[2]);
	make.link_create.attach_type = NETKIT_PEER;
	link = bpf(BPF_LINK_CREATE, &make);
	if (link < 0) {
		fprintf(stderr, "netkit-attach: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	pin.pathname = (uintptr_t)argv[3];
	pin.bpf_fd = link;
	if (bpf(BPF_OBJ_PIN, &pin)) {
		fprintf(stderr, "netkit-attach: %s: %s\n", argv[3], strerror(errno));
		return 1;
	}
	return 0;
}
