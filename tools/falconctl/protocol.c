// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol.h"

static const struct {
	unsigned int number;
	const char *name;
} known[] = {
	{ 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 58, "icmpv6" }, { 132, "sctp" }
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

const char *protocol_name(uint64_t number, char *buf, size_t size)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].number == number)
			return known[i].name;
	snprintf(buf, size, "%" PRIu64, number);
	return buf;
}

unsigned int protocol_number(const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (!strcasecmp(known[i].name, name))
			return known[i].number;
	return 0;
}
