// SPDX-License-Identifier: GPL-2.0
#include "talk.h"

#include <errno.h>
#include <linux/falcon.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"

#define HEADERS (NLMSG_HDRLEN + GENL_HDRLEN)

static void keep_first(struct talk *talk, const struct nlmsghdr *nlh)
{
	size_t size = nlh->nlmsg_len - HEADERS;

	if (talk->replies++)
		return;
	talk->reply_size = size < sizeof(talk->reply) ? size : sizeof(talk->reply);
	memcpy(talk->reply, (const uint8_t *)nlh + HEADERS, talk->reply_size);
}

/* Whether the exchange has ended, by *@error. */
static bool take(struct talk *talk, const struct nlmsghdr *nlh, uint32_t seq, int *error)
{
	if (nlh->nlmsg_seq != seq)
		return false;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		memcpy(error, NLMSG_DATA(nlh), sizeof(*error));
		*error = -*error;
		return true;
	}
	if (nlh->nlmsg_len < HEADERS)
		die("an answer of %u bytes", nlh->nlmsg_len);
	keep_first(talk, nlh);
	return false;
}

int talk_exchange(struct talk *talk, const struct grammar *g)
{
	static uint8_t buffer[65536] __attribute__((aligned(8)));
	int error = TALK_SILENT;
	bool ended = false;

	talk->replies = 0;
	talk->reply_size = 0;
	if (send(talk->fd, g->message.bytes, g->size, 0) < 0)
		die("send of %u bytes: %m", g->size);
	while (!ended) {
		ssize_t size = recv(talk->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const void *)buffer;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return error;
		if (size < 0)
			die("receive: %m");
		for (; NLMSG_OK(nlh, size); nlh = NLMSG_NEXT(nlh, size))
			ended = ended || take(talk, nlh, g->message.header.nlmsg_seq, &error);
	}
	return error;
}

static void find_family(struct talk *talk)
{
	struct grammar g = { .family = GENL_ID_CTRL };
	struct nlattr attr = {
		.nla_len = NLA_HDRLEN + sizeof(FALCON_FAMILY_NAME),
		.nla_type = CTRL_ATTR_FAMILY_NAME,
	};
	size_t at;

	grammar_begin(&g, CTRL_CMD_GETFAMILY, NLM_F_ACK, 1);
	memcpy(g.message.bytes + g.size, &attr, sizeof(attr));
	memcpy(g.message.bytes + g.size + NLA_HDRLEN, FALCON_FAMILY_NAME,
	       sizeof(FALCON_FAMILY_NAME));
	g.size += NLA_ALIGN(attr.nla_len);
	g.message.header.nlmsg_len = g.size;
	if (talk_exchange(talk, &g))
		die("there is no family " FALCON_FAMILY_NAME);
	for (at = 0; at + NLA_HDRLEN <= talk->reply_size; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, talk->reply + at, sizeof(attr));
		if (attr.nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&talk->family, talk->reply + at + NLA_HDRLEN, sizeof(talk->family));
		if (attr.nla_len < NLA_HDRLEN)
			break;
	}
	if (!talk->family)
		die("the family has no number");
}

void talk_open(struct talk *talk)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int on = 1, large = 4 << 20;

	talk->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (talk->fd < 0 || bind(talk->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(talk->fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large)) ||
	    setsockopt(talk->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(talk->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)))
		die("netlink socket: %m");
	find_family(talk);
}
