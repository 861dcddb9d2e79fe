/* SPDX-License-Identifier: GPL-2.0 */
/* IP protocols by name. */
#ifndef FALCONCTL_PROTOCOL_H
#define FALCONCTL_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

/* The name of a protocol, or its number in buf. */
const char *protocol_name(uint64_t number, char *buf, size_t size);

/* The number of a name, or 0. */
unsigned int protocol_number(const char *name);

#endif
