// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <linux/falcon.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "error.h"
#include "netlink.h"
#include "root.h"
#include "spec-gen.h"

/* A message of a dump may have 32 KiB. A message larger than this counts as truncated. */
#define RECEIVE_MAX 65536
/* The kernel answers before sendto() returns. After this time it never will. */
#define ANSWER_SECONDS 30
/* How often a dump is begun anew because the kernel's list changed under it. */
#define DUMP_TRIES 8

struct nl {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t group;		/* 0 for none */
	uint32_t seq;
	const char *(*attr_name)(unsigned int attr);	/* of this request, or NULL */
	union {
		struct nlmsghdr header;
		char bytes[NL_REQUEST_MAX];
	} request;
	char answer[RECEIVE_MAX] __attribute__((aligned(8)));
};

/* ---- refusals of the kernel ----------------------------------------------------------------- */

/* Attributes of an error message that matter here. */
struct refusal {
	int error;
	const char *message;
	const char *attribute;
};

/* The user's name of an attribute of the set; NULL if none has that number. */
static const char *attr_name(const struct nl *nl, const struct spec_set *set, unsigned int type)
{
	const char *name = nl->attr_name ? nl->attr_name(type) : NULL;

	return name ? name : set && type && type <= set->max ? set->attrs[type].name : NULL;
}

/* The name of the attribute at an offset, in bytes, from the begin of the request. */
static const char *attr_at(const struct nl *nl, uint32_t offset)
{
	const struct nlmsghdr *nlh = &nl->request.header;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct spec_set *set;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != nl->family || genl->cmd > FALCON_CMD_MAX)
		return NULL;
	set = spec_ops[genl->cmd].set;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		unsigned int type = mnl_attr_get_type(attr);

		if ((const char *)attr - (const char *)nlh == (ptrdiff_t)offset)
			return attr_name(nl, set, type);
	}
	return NULL;
}

static const char *attr_missing(const struct nl *nl, uint32_t type)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(&nl->request.header);

	if (nl->request.header.nlmsg_type != nl->family || genl->cmd > FALCON_CMD_MAX)
		return NULL;
	return attr_name(nl, spec_ops[genl->cmd].set, type);
}

/* Reads the attributes of the extended acknowledgement. Ignores garbage there. */
static void refusal_attrs(const struct nl *nl, const char *data, size_t len, struct refusal *r)
{
	const struct nlattr *attr = (const void *)data;

	while (mnl_attr_ok(attr, (int)len)) {
		size_t step = MNL_ALIGN(attr->nla_len);
		const char *payload = mnl_attr_get_payload(attr);
		size_t size = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			if (size && !payload[size - 1])
				r->message = payload;
			break;
		case NLMSGERR_ATTR_OFFS:
			if (size == sizeof(uint32_t))
				r->attribute = attr_at(nl, mnl_attr_get_u32(attr));
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			if (size == sizeof(uint32_t))
				r->attribute = attr_missing(nl, mnl_attr_get_u32(attr));
			break;
		}
		if (step >= len)
			return;
		len -= step;
		attr = (const void *)((const char *)attr + step);
	}
}

/* Reads NLMSG_ERROR or NLMSG_DONE. Both begin with an error number. */
static bool refusal_read(const struct nl *nl, const struct nlmsghdr *nlh, struct refusal *r)
{
	const char *payload = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh), skip = sizeof(int);

	*r = (struct refusal){ 0 };
	if (nlh->nlmsg_type == NLMSG_ERROR)
		skip = sizeof(struct nlmsgerr);
	if (len < sizeof(int))
		/* before 4.20 the end of a dump had no error number */
		return nlh->nlmsg_type == NLMSG_DONE && !len;
	memcpy(&r->error, payload, sizeof(int));
	if (r->error > 0 || r->error == INT_MIN)
		return false;
	r->error = -r->error;
	if (len < skip)
		return false;
	/* Without CAPPED the request follows. An old kernel ignores that we asked for CAP_ACK. */
	if (nlh->nlmsg_type == NLMSG_ERROR && r->error && !(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		const struct nlmsgerr *err = (const void *)payload;

		if (err->msg.nlmsg_len < sizeof(err->msg) ||
		    err->msg.nlmsg_len > len - sizeof(err->error))
			return true;
		skip += MNL_ALIGN(err->msg.nlmsg_len) - sizeof(err->msg);
	}
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && len > skip)
		refusal_attrs(nl, payload + skip, len - skip, r);
	return true;
}

static int not_found(void)
{
	if (root_exists("/sys/module/falcon"))
		return fail(EXIT_NOT_LOADED, ENOENT, NULL,
			    "the kernel module falcon is being loaded or unloaded: try again");
	return fail(
		EXIT_NOT_LOADED, ENOENT, NULL,
		"the kernel module falcon is not loaded: try 'modprobe falcon' or 'falconctl check'");
}

static int refusal_tell(const struct nl *nl, const struct refusal *r)
{
	const struct nlmsghdr *nlh = &nl->request.header;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const char *op = NULL;

	if (nlh->nlmsg_type == nl->family && genl->cmd <= FALCON_CMD_MAX)
		op = spec_ops[genl->cmd].name;
	if (nlh->nlmsg_type == GENL_ID_CTRL && r->error == ENOENT)
		return not_found();
	if (r->error == EPERM && !r->message)
		return fail(
			EXIT_NOT_PERMITTED, r->error, r->attribute,
			"not permitted: falcon answers only to CAP_NET_ADMIN of the initial user namespace");
	return fail(r->error == EPERM || r->error == EACCES ? EXIT_NOT_PERMITTED : EXIT_REFUSED,
		    r->error, r->attribute, "%s", r->message ? r->message :
		    op ? op : "the kernel refused");
}

/* ---- messages ------------------------------------------------------------------------------- */

static int garbled(const char *what)
{
	return fail(EXIT_SYSTEM, 0, NULL, "the kernel's answer makes no sense: %s", what);
}

static struct nlmsghdr *begin(struct nl *nl, uint16_t type, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *genl;

	memset(&nl->request, 0, sizeof(nl->request));
	nl->attr_name = NULL;
	nlh = mnl_nlmsg_put_header(&nl->request);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

struct nlmsghdr *nl_begin(struct nl *nl, uint8_t cmd)
{
	return begin(nl, nl->family, cmd, FALCON_FAMILY_VERSION);
}

void nl_name_attrs(struct nl *nl, const char *(*name)(unsigned int attr))
{
	nl->attr_name = name;
}

static int handle(const struct nlmsghdr *nlh, nl_handler handler, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (len < sizeof(*genl))
		return garbled("a message without its header");
	if (!handler)
		return garbled("an answer to a request that has none");
	return handler((struct attr_block){ genl + 1, len - sizeof(*genl) }, data);
}

/* The state of one request until its last message is in. */
struct exchange {
	nl_handler handler;
	void *data;
	bool dump;
	bool done;
	bool interrupted;	/* the list changed while it was dumped */
	unsigned int answers;
	struct refusal refusal;
};

static int take(const struct nl *nl, const struct nlmsghdr *nlh, struct exchange *x)
{
	int code;

	if (nlh->nlmsg_seq != nl->seq)
		return EXIT_OK;	/* an event, or the rest of an earlier exchange */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return EXIT_OK;
	case NLMSG_OVERRUN:
		return garbled("overrun");
	case NLMSG_ERROR:
	case NLMSG_DONE:
		if (!refusal_read(nl, nlh, &x->refusal))
			return garbled("an end without a proper error number");
		x->done = true;
		return x->refusal.error ? refusal_tell(nl, &x->refusal) : EXIT_OK;
	}
	if (nlh->nlmsg_type != nl->request.header.nlmsg_type)
		return garbled("a message of another family");
	code = handle(nlh, x->handler, x->data);
	x->answers++;
	if (!code && !x->dump && x->answers > 1)
		return garbled("two answers to one question");
	return code;
}

/* mnl_nlmsg_ok() takes a length of 2^31 or more for a negative one, which always fits. */
static bool message_ok(const struct nlmsghdr *nlh, int rest)
{
	return mnl_nlmsg_ok(nlh, rest) && nlh->nlmsg_len <= (uint32_t)rest;
}

static int receive(struct nl *nl, struct exchange *x)
{
	while (!x->done) {
		ssize_t size = mnl_socket_recvfrom(nl->socket, nl->answer, sizeof(nl->answer));
		const struct nlmsghdr *nlh = (const void *)nl->answer;
		int rest = (int)size;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return fail(EXIT_SYSTEM, errno, NULL,
				    errno == EAGAIN   ? "the kernel does not answer"
				    : errno == ENOSPC ? "the kernel's answer is too long"
						      : "cannot receive");
		if (!size)
			return garbled("nothing at all");
		while (!x->done && message_ok(nlh, rest)) {
			int code = take(nl, nlh, x);

			if (code)
				return code;
			nlh = mnl_nlmsg_next(nlh, &rest);
		}
		if (!x->done && rest > 0)
			return garbled("a truncated message");
	}
	return EXIT_OK;
}

static int exchange(struct nl *nl, struct exchange *x)
{
	struct nlmsghdr *nlh = &nl->request.header;

	nlh->nlmsg_flags |= x->dump ? NLM_F_DUMP : NLM_F_ACK;
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return fail(EXIT_SYSTEM, errno, NULL, "cannot send");
	return receive(nl, x);
}

int nl_do(struct nl *nl, nl_handler handler, void *data)
{
	struct exchange x = { .handler = handler, .data = data };
	int code = exchange(nl, &x);

	if (!code && handler && !x.answers)
		return garbled("an acknowledgement without the answer");
	return code;
}

int nl_dump(struct nl *nl, nl_handler handler, void (*reset)(void *data), void *data)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct exchange x = { .handler = handler, .data = data, .dump = true };
		int code = exchange(nl, &x);

		if (code || !x.interrupted)
			return code;
		reset(data);
		nl->request.header.nlmsg_seq = ++nl->seq;
	}
	return fail(EXIT_SYSTEM, EAGAIN, NULL, "the list changes faster than it can be read");
}

/* ---- events --------------------------------------------------------------------------------- */

int nl_join(struct nl *nl)
{
	if (!nl->group)
		return garbled("the family has no group '" FALCON_MCGRP_EVENTS "'");
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &nl->group,
				  sizeof(nl->group)) < 0)
		return fail(errno == EPERM ? EXIT_NOT_PERMITTED : EXIT_SYSTEM, errno, NULL,
			    "cannot join the group of events");
	return EXIT_OK;
}

int nl_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

int nl_events(struct nl *nl, nl_handler handler, bool *lost, void *data)
{
	ssize_t size = mnl_socket_recvfrom(nl->socket, nl->answer, sizeof(nl->answer));
	const struct nlmsghdr *nlh = (const void *)nl->answer;
	int rest = (int)size, code = EXIT_OK;

	*lost = false;
	if (size < 0 && errno == ENOBUFS) {
		*lost = true;
		return EXIT_OK;
	}
	if (size < 0)
		return fail(EXIT_SYSTEM, errno, NULL, "cannot receive");
	if (!size)
		return garbled("nothing at all");
	while (!code && message_ok(nlh, rest)) {
		const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type == nl->family &&
		    mnl_nlmsg_get_payload_len(nlh) >= sizeof(*genl) &&
		    genl->cmd == FALCON_CMD_EVENT_NTF)
			code = handle(nlh, handler, data);
		nlh = mnl_nlmsg_next(nlh, &rest);
	}
	if (!code && rest > 0)
		return garbled("a truncated message");
	return code;
}

/* ---- finding the family --------------------------------------------------------------------- */

/* The controller's attributes, in the form that attr_parse() checks. */
static const struct spec_attr ctrl_attrs[] = {
	[CTRL_ATTR_FAMILY_NAME] = { .name = "family-name", .type = SPEC_STRING },
	[CTRL_ATTR_VERSION] = { .name = "version", .type = SPEC_U32 },
	[CTRL_ATTR_MCAST_GROUPS] = { .name = "mcast-groups", .type = SPEC_NEST },
};
static const struct spec_set ctrl_set = {
	.name = "nlctrl", .max = CTRL_ATTR_MCAST_GROUPS, .attrs = ctrl_attrs,
};
static const struct spec_attr group_attrs[] = {
	[CTRL_ATTR_MCAST_GRP_NAME] = { .name = "group-name", .type = SPEC_STRING },
	[CTRL_ATTR_MCAST_GRP_ID] = { .name = "group-id", .type = SPEC_U32 },
};
static const struct spec_set group_set = {
	.name = "nlctrl group", .max = CTRL_ATTR_MCAST_GRP_ID, .attrs = group_attrs,
};

static int find_group(const struct nlattr *attr, void *data)
{
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
	struct nl *nl = data;
	int code = attr_parse(&group_set, attr_nested(attr), tb);

	if (!code && tb[CTRL_ATTR_MCAST_GRP_NAME] && tb[CTRL_ATTR_MCAST_GRP_ID] &&
	    !strcmp(mnl_attr_get_str(tb[CTRL_ATTR_MCAST_GRP_NAME]), FALCON_MCGRP_EVENTS))
		nl->group = mnl_attr_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	return code;
}

static int find_id(const struct nlattr *attr, void *data)
{
	struct nl *nl = data;

	if (mnl_attr_get_payload_len(attr) != sizeof(uint16_t))
		return garbled("a family without a number");
	nl->family = mnl_attr_get_u16(attr);
	return EXIT_OK;
}

static int found_family(struct attr_block block, void *data)
{
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
	int code = attr_parse(&ctrl_set, block, tb);

	if (code)
		return code;
	code = attr_each(block, CTRL_ATTR_FAMILY_ID, find_id, data);
	if (code)
		return code;
	if (!((struct nl *)data)->family)
		return garbled("a family without a number");
	if (tb[CTRL_ATTR_VERSION] &&
	    mnl_attr_get_u32(tb[CTRL_ATTR_VERSION]) != FALCON_FAMILY_VERSION)
		return fail(
			EXIT_SYSTEM, 0, NULL,
			"the module speaks version %u of the protocol, and falconctl version %u: install both from one release",
			mnl_attr_get_u32(tb[CTRL_ATTR_VERSION]), FALCON_FAMILY_VERSION);
	if (!tb[CTRL_ATTR_MCAST_GROUPS])
		return EXIT_OK;
	/* Each group is a nest, whose type is its position in the list. */
	for (unsigned int place = 1; place <= SPEC_ATTRS_MAX && !code; place++)
		code = attr_each(attr_nested(tb[CTRL_ATTR_MCAST_GROUPS]), place, find_group, data);
	return code;
}

static int find_family(struct nl *nl)
{
	struct exchange x = { .handler = found_family, .data = nl };
	struct nlmsghdr *nlh = begin(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int code;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FALCON_FAMILY_NAME);
	code = exchange(nl, &x);
	if (!code && !nl->family)
		return garbled("an acknowledgement without the answer");
	return code;
}

static int open_socket(struct nl *nl)
{
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	int on = 1;

	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket)
		return fail(EXIT_SYSTEM, errno, NULL, "cannot open a netlink socket");
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return fail(EXIT_SYSTEM, errno, NULL, "cannot bind the netlink socket");
	/* These make the kernel's errors more precise; nothing depends on them. */
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		return fail(EXIT_SYSTEM, errno, NULL, "cannot limit the wait");
	return EXIT_OK;
}

struct nl *nl_open(int *code)
{
	struct nl *nl = calloc(1, sizeof(*nl));

	if (!nl) {
		*code = fail(EXIT_SYSTEM, ENOMEM, NULL, "no memory");
		return NULL;
	}
	*code = open_socket(nl);
	if (!*code)
		*code = find_family(nl);
	if (!*code)
		return nl;
	nl_close(nl);
	return NULL;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}
