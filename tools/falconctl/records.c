// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "records.h"

static int add(struct attr_block block, void *data)
{
	struct records *records = data;
	struct record *record;
	int code;

	if (records->count == records->room) {
		size_t room = records->room ? 2 * records->room : 64;
		struct record *list = reallocarray(records->list, room, sizeof(*list));

		if (!list)
			return fail(EXIT_SYSTEM, ENOMEM, NULL, "no memory");
		records->list = list;
		records->room = room;
	}
	record = &records->list[records->count];
	/* one more, as malloc(0) may be NULL */
	record->bytes = malloc(block.len + 1);
	if (!record->bytes)
		return fail(EXIT_SYSTEM, ENOMEM, NULL, "no memory");
	memcpy(record->bytes, block.data, block.len);
	block.data = record->bytes;
	record->block = block;
	code = attr_parse(records->set, block, record->tb);
	if (code)
		free(record->bytes);
	else
		records->count++;
	return code;
}

static void reset(void *data)
{
	struct records *records = data;

	for (size_t i = 0; i < records->count; i++)
		free(records->list[i].bytes);
	records->count = 0;
}

int records_dump(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set)
{
	int code;

	*records = (struct records){ .set = set };
	nl_begin(nl, cmd);
	code = nl_dump(nl, add, reset, records);
	if (code)
		records_free(records);
	return code;
}

int records_read(struct records *records, uint8_t cmd, const struct spec_set *set)
{
	int code;
	struct nl *nl = nl_open(&code);

	if (!nl)
		return code;
	code = records_dump(records, nl, cmd, set);
	nl_close(nl);
	return code;
}

int records_ask(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set)
{
	int code;

	*records = (struct records){ .set = set };
	nl_begin(nl, cmd);
	code = nl_do(nl, add, records);
	if (code)
		records_free(records);
	return code;
}

void records_free(struct records *records)
{
	reset(records);
	free(records->list);
	*records = (struct records){ 0 };
}
