/* SPDX-License-Identifier: GPL-2.0 */
/* The connection with the kernel module. Every function tells its failures itself. */
#ifndef FALCONCTL_NETLINK_H
#define FALCONCTL_NETLINK_H

#include <stdbool.h>

#include "attr.h"

struct nl;

/* What is done with the attributes of an answer; returns an exit code. */
typedef int (*nl_handler)(struct attr_block block, void *data);

/* Find the module. NULL after telling why not; *code is then the exit code. */
struct nl *nl_open(int *code);
void nl_close(struct nl *nl);

/*
 * Begin a request; attributes may be put into the message that is returned, up to
 * NL_REQUEST_MAX bytes in all.
 */
#define NL_REQUEST_MAX 4096
struct nlmsghdr *nl_begin(struct nl *nl, uint8_t cmd);

/*
 * Attributes of the request that was begun are called so in what the kernel refuses: by the user's
 * word for them. NULL from name(): as the specification calls them.
 */
void nl_name_attrs(struct nl *nl, const char *(*name)(unsigned int attr));

/* Send it and handle the answer, which handler must be called for exactly once if given. */
int nl_do(struct nl *nl, nl_handler handler, void *data);

/* Send it as a dump. The kernel may be asked again, after reset(data), if it changed meanwhile. */
int nl_dump(struct nl *nl, nl_handler handler, void (*reset)(void *data), void *data);

/* Join the group events. */
int nl_join(struct nl *nl);

/* To wait for events. */
int nl_fd(const struct nl *nl);

/* Handle the events that are there. *lost is set when the socket could not take them all. */
int nl_events(struct nl *nl, nl_handler handler, bool *lost, void *data);

#endif
