/* SPDX-License-Identifier: GPL-2.0 */
/* The name of a flow, for people. */
#ifndef FALCONCTL_FLOW_H
#define FALCONCTL_FLOW_H

#include "attr.h"

/* Print the key of a flow of flow-get. The text begins with a blank. */
void flow_print_key(const struct nlattr *const *tb);

/* The same in words: "udp 10.0.0.1:5000 > 10.0.0.2:5000". */
void flow_name(const struct nlattr *const *tb, char *name, size_t size);

#endif
