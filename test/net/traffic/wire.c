// SPDX-License-Identifier: GPL-2.0
#include "wire.h"

#include <endian.h>
#include <string.h>

/* splitmix64: neighbouring numbers differ in every byte */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint64_t pattern_word(const struct wire_info *info)
{
	return mix(info->seq ^ ((uint64_t)info->flow << 48));
}

void wire_build(void *buf, size_t size, const struct wire_info *info)
{
	struct wire_header header = {
		.magic = htobe32(WIRE_MAGIC),
		.run = htobe32(info->run),
		.flow = htobe32(info->flow),
		.size = htobe32(size),
		.seq = htobe64(info->seq),
		.sent_ns = htobe64(info->sent_ns),
	};
	uint64_t word = pattern_word(info);
	uint8_t *p = buf;
	size_t off;

	memcpy(p, &header, sizeof(header));
	for (off = sizeof(header); off + sizeof(word) <= size; off += sizeof(word))
		memcpy(p + off, &word, sizeof(word));
	memcpy(p + off, &word, size - off);
}

static bool pattern_intact(const uint8_t *p, size_t size, const struct wire_info *info)
{
	uint64_t word = pattern_word(info);
	size_t off;

	for (off = WIRE_SIZE_MIN; off + sizeof(word) <= size; off += sizeof(word))
		if (memcmp(p + off, &word, sizeof(word)))
			return false;
	return !memcmp(p + off, &word, size - off);
}

enum wire_verdict wire_parse(const void *buf, size_t size, uint32_t run, bool verify,
			     struct wire_info *info)
{
	struct wire_header header;

	if (size < sizeof(header))
		return WIRE_FOREIGN;
	memcpy(&header, buf, sizeof(header));
	if (be32toh(header.magic) != WIRE_MAGIC || be32toh(header.run) != run)
		return WIRE_FOREIGN;

	info->run = run;
	info->flow = be32toh(header.flow);
	info->seq = be64toh(header.seq);
	info->sent_ns = be64toh(header.sent_ns);
	if (be32toh(header.size) != size)
		return WIRE_DAMAGED;
	if (verify && !pattern_intact(buf, size, info))
		return WIRE_DAMAGED;
	return WIRE_GOOD;
}

uint64_t wire_digest(const void *buf, size_t size)
{
	uint64_t digest = size, word;
	const uint8_t *p = buf;
	struct wire_header header;

	if (size >= sizeof(header)) {
		memcpy(&header, buf, sizeof(header));
		if (be32toh(header.magic) == WIRE_MAGIC) {
			digest = mix(digest ^ header.seq) ^ header.flow;
			p += sizeof(header);
			size -= sizeof(header);
		}
	}
	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		digest = mix(digest ^ word);
	}
	word = 0;
	memcpy(&word, p, size);
	return mix(digest ^ word);
}
