// SPDX-License-Identifier: GPL-2.0
/*
 * The part of libmnl that talks to the kernel, talking to a test instead: every request and
 * every answer is a packet of the SOCK_SEQPACKET socket that FALCONCTL_REPLAY names. Linked
 * before libmnl, so that falconctl itself need not know.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct mnl_socket {
	int fd;
};

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct mnl_socket *nl = calloc(1, sizeof(*nl));
	const char *path = getenv("FALCONCTL_REPLAY");

	(void)bus;
	if (!nl || !path || strlen(path) >= sizeof(address.sun_path))
		abort();
	strcpy(address.sun_path, path);
	nl->fd = socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);
	if (nl->fd < 0 || connect(nl->fd, (struct sockaddr *)&address, sizeof(address)))
		abort();
	return nl;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	return nl->fd;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	return send(nl->fd, buf, len, MSG_NOSIGNAL);
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got = recvmsg(nl->fd, &msg, 0);

	/* what libmnl does with a message that is cut off */
	if (got >= 0 && (msg.msg_flags & MSG_TRUNC)) {
		errno = ENOSPC;
		return -1;
	}
	return got;
}

int mnl_socket_close(struct mnl_socket *nl)
{
	int ret = close(nl->fd);

	free(nl);
	return ret;
}
