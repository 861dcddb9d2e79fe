// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>
#include <linux/string.h>

#include "flow/template.h"

/* A word begins at a marked byte in front of the tail. */
static void take_words(struct falcon_template *template, const u8 *data,
		       const struct falcon_marks *marks)
{
	struct falcon_template_word *word = template->words;
	unsigned int at = 0;

	while (at < template->tail_at) {
		if (!marks->bits[at]) {
			at++;
			continue;
		}
		word->at = at;
		memcpy(&word->mask, marks->bits + at, sizeof(word->mask));
		memcpy(&word->value, data + at, sizeof(word->value));
		word->value &= word->mask;
		at += sizeof(word->mask);
		word++;
	}
	/* Unused words of the last go have an empty mask. One word at least is used: a version. */
	template->goes = DIV_ROUND_UP(word - template->words, FALCON_TEMPLATE_GO);
}

bool falcon_template_make(struct falcon_template *template, const u8 *data, unsigned int len,
			  __be16 protocol, const struct falcon_tunnels *tunnels)
{
	struct falcon_packet packet;
	struct falcon_marks marks;
	u64 whole;

	BUILD_BUG_ON(FALCON_TEMPLATE_WORDS * sizeof(u64) < FALCON_MARKS);
	BUILD_BUG_ON(FALCON_TEMPLATE_WORDS % FALCON_TEMPLATE_GO);
	if (falcon_packet_mark(data, len, protocol, tunnels, &packet, &marks) !=
	    FALCON_PACKET_FLOW || packet.firsts)
		return false;
	if (marks.len > FALCON_MARKS || marks.len < sizeof(whole))
		return false;
	*template = (struct falcon_template){ .protocol = protocol };
	template->tail_at = marks.len - sizeof(whole);
	memcpy(&whole, marks.bits + template->tail_at, sizeof(whole));
	if (~whole)
		return false;
	memcpy(&template->tail, data + template->tail_at, sizeof(template->tail));
	take_words(template, data, &marks);
	return true;
}
