// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/falcon.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "fuzz.h"
#include "interrupt.h"
#include "kernel.h"
#include "output.h"
#include "root.h"
#include "spec-gen.h"

#define FAMILY 0x1d

struct kernel kernel;

/* The last request. */
static struct {
	struct nlmsghdr header;
	uint8_t cmd;
	bool replied, acknowledged;
} last;

int falconctl_main(int argc, char **argv);

/* ---- the socket ----------------------------------------------------------------------------- */

struct mnl_socket {
	int fd;
};

static struct mnl_socket the_socket = { .fd = -1 };

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	if (the_socket.fd < 0)
		the_socket.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(the_socket.fd >= 0);
	return &the_socket;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	return 0;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return nl->fd;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	return 0;
}

/* Every request is valid, whatever the command line or the previous answer. */
static void expect_sane(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct spec_set *set = spec_ops[genl->cmd].set;
	const struct nlattr *attr;
	const char *at = NULL;

	must(genl->cmd && genl->cmd <= FALCON_CMD_MAX);
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		const struct spec_attr *spec = &set->attrs[mnl_attr_get_type(attr)];
		uint16_t len = mnl_attr_get_payload_len(attr);
		const char *payload = mnl_attr_get_payload(attr);

		must(mnl_attr_get_type(attr) && mnl_attr_get_type(attr) <= set->max);
		must(spec->type != SPEC_U32 || len == sizeof(uint32_t));
		must(spec->type != SPEC_STRING || (len && !payload[len - 1]));
		must(!spec->max_len || len <= spec->max_len);
		at = (const char *)mnl_attr_next(attr);
	}
	must(!at || at == end);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	must(len == nlh->nlmsg_len && len >= MNL_NLMSG_HDRLEN + sizeof(*genl));
	last.header = *nlh;
	last.cmd = genl->cmd;
	last.replied = false;
	last.acknowledged = false;
	if (nlh->nlmsg_type == FAMILY) {
		kernel.asked++;
		expect_sane(nlh);
	}
	return (ssize_t)len;
}

/* ---- answers -------------------------------------------------------------------------------- */

static ssize_t answer_family(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *groups, *group;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_seq = last.header.nlmsg_seq;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	mnl_attr_put_u32(nlh, CTRL_ATTR_VERSION, FALCON_FAMILY_VERSION);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 7);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, FALCON_MCGRP_EVENTS);
	mnl_attr_nest_end(nlh, group);
	mnl_attr_nest_end(nlh, groups);
	return nlh->nlmsg_len;
}

static ssize_t acknowledge(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	bool dump = last.header.nlmsg_flags & NLM_F_DUMP;
	struct nlmsgerr *error;

	nlh->nlmsg_type = dump ? NLMSG_DONE : NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	nlh->nlmsg_seq = last.header.nlmsg_seq;
	error = mnl_nlmsg_put_extra_header(nlh, dump ? sizeof(int) : sizeof(*error));
	error->error = 0;
	return nlh->nlmsg_len;
}

static void seal(void *buf, size_t size)
{
	struct nlmsghdr *nlh = buf;
	int rest = (int)size;

	while (mnl_nlmsg_ok(nlh, rest) && nlh->nlmsg_len <= (uint32_t)rest) {
		nlh->nlmsg_seq = last.header.nlmsg_seq;
		nlh = mnl_nlmsg_next(nlh, &rest);
	}
}

static ssize_t answer_from_memory(void *buf, size_t size)
{
	uint16_t length;

	if (!kernel.size)
		return 0;
	fuzz_take(&kernel.data, &kernel.size, &length, sizeof(length));
	if (length > size) {
		errno = ENOSPC;
		return -1;
	}
	if (length > kernel.size)
		length = (uint16_t)kernel.size;
	fuzz_take(&kernel.data, &kernel.size, buf, length);
	if (kernel.seals)
		seal(buf, length);
	return length;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	bool controller = last.header.nlmsg_type == GENL_ID_CTRL;

	if (controller && kernel.has_family && !last.replied) {
		last.replied = true;
		return answer_family(buf);
	}
	if (((controller && kernel.has_family) || kernel.obeys) && !last.acknowledged) {
		last.acknowledged = true;
		return acknowledge(buf);
	}
	return answer_from_memory(buf, size);
}

/* ---- instead of waiting --------------------------------------------------------------------- */

void interrupt_prepare(void)
{
}

bool interrupted(void)
{
	return !kernel.size;
}

int interrupt_events(struct nl *nl, long timeout, nl_handler handler, bool *lost, void *data)
{
	*lost = false;
	return kernel.size ? nl_events(nl, handler, lost, data) : EXIT_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

int kernel_run(const char *const *words, int count)
{
	char *argv[KERNEL_WORDS + 2] = { "falconctl" };
	int code, i;

	must(count <= KERNEL_WORDS);
	/* falconctl may write to the words, but not beyond. */
	for (i = 0; i < count; i++)
		must(argv[i + 1] = strdup(words[i]));
	memset(&last, 0, sizeof(last));
	out_set_json(false);
	/* An empty host. */
	root_set("/proc/self/fdinfo");
	code = falconctl_main(count + 1, argv);
	must(code >= EXIT_OK && code < EXIT_CODES);
	for (i = 0; i < count; i++)
		free(argv[i + 1]);
	return code;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Discard falconctl's output. The fuzzer and the sanitizers keep the original standard error. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	stdout = fopen("/dev/null", "w");
	stderr = stdout;
	must(stdout);
	return 0;
}
