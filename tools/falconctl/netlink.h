/* SPDX-License-Identifier: GPL-2.0 */
/* The connection to the kernel module. Every function prints its own error messages. */
#ifndef FALCONCTL_NETLINK_H
#define FALCONCTL_NETLINK_H

#include <stdbool.h>

#include "attr.h"

struct nl;

/* Handles the attributes of an answer. Return: an exit code. */
typedef int (*nl_handler)(struct attr_block block, void *data);

/* Find the module. Return: NULL after an error message, with an exit code in *code. */
struct nl *nl_open(int *code);
void nl_close(struct nl *nl);

/*
 * Begin a request. The caller may put attributes into the returned message, up to NL_REQUEST_MAX
 * bytes in total.
 */
#define NL_REQUEST_MAX 4096
struct nlmsghdr *nl_begin(struct nl *nl, uint8_t cmd);

/*
 * Error messages about this request name its attributes by name(), in the user's words. If name()
 * returns NULL, they use the name in the specification.
 */
void nl_name_attrs(struct nl *nl, const char *(*name)(unsigned int attr));

/* Send the request. The handler, if given, is called for exactly one answer. */
int nl_do(struct nl *nl, nl_handler handler, void *data);

/* Send it as a dump. If the list changes meanwhile, reset(data) comes, and the dump again. */
int nl_dump(struct nl *nl, nl_handler handler, void (*reset)(void *data), void *data);

/* Join the group events. */
int nl_join(struct nl *nl);

/* The descriptor to wait on for events. */
int nl_fd(const struct nl *nl);

/* Handle the events that are there. *lost: some were lost, as the socket was full. */
int nl_events(struct nl *nl, nl_handler handler, bool *lost, void *data);

#endif
