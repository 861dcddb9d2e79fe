// SPDX-License-Identifier: GPL-2.0
#include "sizes.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "wire.h"

void sizes_parse(struct sizes *sizes, const char *text)
{
	char *copy = strdup(text);
	char *save, *token;

	if (!copy)
		die("no memory");
	memset(sizes, 0, sizeof(*sizes));
	for (token = strtok_r(copy, ",", &save); token; token = strtok_r(NULL, ",", &save)) {
		char *dash = strchr(token, '-');
		uint32_t low, high;

		if (sizes->count == SIZES_MAX)
			die_usage("--size: more than %d sizes", SIZES_MAX);
		if (dash)
			*dash++ = '\0';
		low = parse_number("--size", token, WIRE_SIZE_MIN, WIRE_SIZE_MAX);
		high = dash ? parse_number("--size", dash, low, WIRE_SIZE_MAX) : low;
		sizes->item[sizes->count].low = low;
		sizes->item[sizes->count].high = high;
		sizes->count++;
		if (high > sizes->largest)
			sizes->largest = high;
	}
	free(copy);
	if (!sizes->count)
		die_usage("--size: empty");
}

uint32_t sizes_pick(const struct sizes *sizes, uint64_t seq)
{
	uint32_t low = sizes->item[seq % sizes->count].low;
	uint32_t high = sizes->item[seq % sizes->count].high;

	/* Knuth's multiplicative hash */
	return low + ((((uint32_t)seq + sizes->seed) * 2654435761u) >> 8) % (high - low + 1);
}
