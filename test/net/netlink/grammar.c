// SPDX-License-Identifier: GPL-2.0
#include "grammar.h"

#include <linux/falcon.h>
#include <string.h>

#include "random.h"
#include "spec-gen.h"

#define HEADERS (NLMSG_HDRLEN + GENL_HDRLEN)
#define ATTRS_MAX 24
#define DEPTH_MAX 40
#define LENGTH_MAX 1100

static uint32_t below(struct grammar *g, uint32_t bound)
{
	return unit_random(&g->seed) % bound;
}

bool grammar_one_in(struct grammar *g, uint32_t n)
{
	return !below(g, n);
}

static void put(struct grammar *g, const void *data, uint32_t bytes)
{
	if (bytes > GRAMMAR_MAX - g->size)
		bytes = GRAMMAR_MAX - g->size;
	memcpy(g->message.bytes + g->size, data, bytes);
	g->size += bytes;
}

static void align(struct grammar *g)
{
	static const uint8_t zero[NLA_ALIGNTO];

	put(g, zero, NLA_ALIGN(g->size) - g->size);
}

/* An attribute whose length is filled in by close_attr(). */
static uint32_t open_attr(struct grammar *g, uint16_t type)
{
	struct nlattr attr = { .nla_type = type };
	uint32_t at = g->size;

	put(g, &attr, sizeof(attr));
	return at;
}

static void close_attr(struct grammar *g, uint32_t at)
{
	uint16_t length = g->size - at;

	/* One in twenty says another length than it has. */
	if (grammar_one_in(g, 20))
		length = grammar_one_in(g, 2) ? length + below(g, 9) - 4 : below(g, 65536);
	if (at + sizeof(length) <= GRAMMAR_MAX)
		memcpy(g->message.bytes + at, &length, sizeof(length));
	align(g);
}

static uint64_t any_integer(struct grammar *g, const struct spec_attr *spec)
{
	switch (below(g, 8)) {
	case 0:
		return spec->min;
	case 1:
		return spec->max;
	case 2:
		return spec->min - 1;
	case 3:
		return spec->max + 1;
	case 4:
		return 1ULL << below(g, 33);
	case 5:
		return unit_random(&g->seed);
	default:
		/* Small ones are lists of CPUs, ports and prefixes that make sense. */
		return spec->min + below(g, spec->max > 100 ? 100 : spec->max - spec->min + 1);
	}
}

static void put_integer(struct grammar *g, const struct spec_attr *spec)
{
	static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 5, 8, 16 };
	uint32_t bytes = spec->type == SPEC_U32 ? 4 : 8;
	uint8_t value[16] = { 0 };
	uint64_t number = any_integer(g, spec);

	memcpy(value, &number, sizeof(number));
	put(g, value, grammar_one_in(g, 16) ? sizes[below(g, 8)] : bytes);
}

static void put_string(struct grammar *g)
{
	static const char letters[] = "0123456789,,--:/ aN\n\xff%";
	uint32_t length = below(g, grammar_one_in(g, 16) ? LENGTH_MAX : 6);
	char text[LENGTH_MAX + 1] = "";
	uint32_t i;

	/* Mostly of CPUs that there are. */
	for (i = 0; i < length; i++)
		text[i] = grammar_one_in(g, 4) ? letters[below(g, sizeof(letters) - 1)] :
			  i % 2 ? letters[10] : letters[below(g, 6)];
	if (length > 1 && text[length - 1] == ',')
		text[length - 1] = '1';
	put(g, text, length + !grammar_one_in(g, 16));
}

static void put_binary(struct grammar *g)
{
	static const uint32_t sizes[] = { 4, 4, 4, 4, 16, 16, 0, 1, 3, 5, 15, 17, 64 };
	uint8_t bytes[64] = { 10 };
	uint32_t i;

	for (i = 1; i < sizeof(bytes); i++)
		bytes[i] = grammar_one_in(g, 3) ? unit_random(&g->seed) : 0;
	put(g, bytes, sizes[below(g, sizeof(sizes) / sizeof(sizes[0]))]);
}

static void put_attr(struct grammar *g, const struct spec_set *set, uint16_t number,
		     uint32_t depth);

static void put_payload(struct grammar *g, const struct spec_attr *spec, uint32_t depth)
{
	/* The type of another attribute, now and then. */
	enum spec_type type = grammar_one_in(g, 24) ? 1 + below(g, SPEC_NEST) : spec->type;

	switch (type) {
	case SPEC_U32:
	case SPEC_U64:
		put_integer(g, spec);
		break;
	case SPEC_STRING:
		put_string(g);
		break;
	case SPEC_NEST:
		if (spec->nested && depth < DEPTH_MAX)
			put_attr(g, spec->nested, 1 + below(g, spec->nested->max), depth + 1);
		break;
	default:
		put_binary(g);
	}
}

static void put_attr(struct grammar *g, const struct spec_set *set, uint16_t number,
		     uint32_t depth)
{
	uint32_t at = open_attr(g, number | (grammar_one_in(g, 30) ? NLA_F_NESTED : 0));

	/* A nest of itself, as deep as it may get. */
	if (depth < DEPTH_MAX && grammar_one_in(g, depth ? 2 : 60))
		put_attr(g, set, number, depth + 1);
	else
		put_payload(g, &set->attrs[number], depth);
	close_attr(g, at);
}

/* Attributes of the operation's set; some twice, some that it does not take, some of no set. */
static void put_attrs(struct grammar *g, uint8_t op)
{
	const struct spec_set *set = spec_ops[op].set;
	uint32_t count = below(g, grammar_one_in(g, 8) ? ATTRS_MAX : 4), at;

	while (count--) {
		if (!grammar_one_in(g, 40)) {
			put_attr(g, set, 1 + below(g, set->max), 0);
			continue;
		}
		at = open_attr(g, below(g, grammar_one_in(g, 2) ? 65536 : set->max + 3));
		put_binary(g);
		close_attr(g, at);
	}
}

void grammar_begin(struct grammar *g, uint8_t op, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr header = {
		.nlmsg_len	= HEADERS,
		.nlmsg_type	= g->family,
		.nlmsg_flags	= NLM_F_REQUEST | flags,
		.nlmsg_seq	= seq,
	};
	struct genlmsghdr generic = { .cmd = op, .version = FALCON_FAMILY_VERSION };

	g->size = 0;
	put(g, &header, sizeof(header));
	put(g, &generic, sizeof(generic));
}

/* Its number and sequence stay, so that it comes to falcon and its answer is known. */
static void damage(struct grammar *g)
{
	uint32_t at, value;

	switch (below(g, 6)) {
	case 0:
		g->message.bytes[HEADERS + below(g, g->size - HEADERS + 1)] ^= 1 << below(g, 8);
		break;
	case 1:
		/* Version, what is reserved. */
		g->message.bytes[NLMSG_HDRLEN + 1 + below(g, 3)] = unit_random(&g->seed);
		break;
	case 2:
		/* Its end is missing, and it says so. */
		g->size = NLMSG_HDRLEN + below(g, g->size - NLMSG_HDRLEN + 1);
		g->message.header.nlmsg_len = g->size;
		break;
	case 3:
		/* Its end is missing, and it does not. */
		g->size = NLMSG_HDRLEN + below(g, g->size - NLMSG_HDRLEN + 1);
		break;
	case 4:
		value = unit_random(&g->seed);
		g->message.header.nlmsg_flags ^= 1 << below(g, 16);
		g->message.header.nlmsg_len = grammar_one_in(g, 2) ? value : g->size - value % 4;
		break;
	case 5:
		/* Less than a header of garbage, which is no message. */
		value = unit_random(&g->seed);
		for (at = below(g, NLMSG_HDRLEN / sizeof(value)); at; at--)
			put(g, &value, sizeof(value));
		break;
	}
}

static uint8_t any_op(struct grammar *g)
{
	uint8_t op;

	if (grammar_one_in(g, g->switches))
		return grammar_one_in(g, 2) ? FALCON_CMD_ENABLE : FALCON_CMD_DISABLE;
	if (grammar_one_in(g, 50))
		return unit_random(&g->seed);
	/* What changes something, half of all. */
	if (grammar_one_in(g, 2))
		return grammar_one_in(g, 2) ? FALCON_CMD_CONFIG_SET : FALCON_CMD_PRIORITY_ADD;
	do
		op = 1 + below(g, FALCON_CMD_MAX);
	while (op == FALCON_CMD_ENABLE || op == FALCON_CMD_DISABLE);
	return op;
}

void grammar_make(struct grammar *g, uint32_t seq)
{
	uint8_t op = any_op(g);
	uint16_t flags = g->is_list[op] != grammar_one_in(g, 30) ? NLM_F_DUMP : NLM_F_ACK;
	bool known = op && op <= FALCON_CMD_MAX;

	grammar_begin(g, op, flags, seq);
	/* Most operations take none. */
	if (known && (op == FALCON_CMD_CONFIG_SET || op == FALCON_CMD_PRIORITY_ADD ||
		      op == FALCON_CMD_PRIORITY_DEL || grammar_one_in(g, 4)))
		put_attrs(g, op);
	g->message.header.nlmsg_len = g->size;
	if (grammar_one_in(g, 6))
		damage(g);
	/* Whoever asks for an echo gets it to all of the group. */
	g->message.header.nlmsg_flags &= ~NLM_F_ECHO;
}

bool grammar_is_framed(const struct grammar *g)
{
	const struct nlmsghdr *nlh = &g->message.header;

	return nlh->nlmsg_len >= NLMSG_HDRLEN && nlh->nlmsg_len <= g->size &&
	       nlh->nlmsg_flags & NLM_F_REQUEST &&
	       (nlh->nlmsg_flags & NLM_F_ACK ||
		(nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
}

uint8_t grammar_op(const struct grammar *g)
{
	return g->message.bytes[NLMSG_HDRLEN];
}
