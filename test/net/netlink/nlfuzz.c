// SPDX-License-Identifier: GPL-2.0
/*
 * Sends falcon messages by chance, the same ones for the same seed, and sees that each is answered,
 * that the configuration is one that may be, and that what is refused has changed nothing. Prints
 * what was answered as JSON.
 */
#include <errno.h>
#include <linux/falcon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "grammar.h"
#include "spec-gen.h"
#include "talk.h"

#define ERRORS 134	/* numbers of errors, and 0 */

struct options {
	uint32_t seed;
	uint32_t count;
	uint32_t switches;
	bool alone;
	bool refused;
};

/* The configuration, as it is answered. */
struct config {
	uint8_t bytes[4096];
	size_t size;
	uint32_t rules;
};

struct fuzz {
	struct options opt;
	struct grammar grammar;
	struct grammar question;	/* of our own */
	struct talk talk;
	uint32_t seq;
	uint32_t sent, framed, looks;
	uint32_t errors[ERRORS];
	uint32_t obeyed[FALCON_CMD_MAX + 1];
	struct config config;
};

static void usage(FILE *to)
{
	fputs("usage: nlfuzz --count N [option]...\n"
	      "  --seed N       of the messages, from 1 on (1)\n"
	      "  --switches N   one message in N enables or disables (20000)\n"
	      "  --alone        nobody else changes anything: see that what is refused does not\n"
	      "  --refused      nothing may be obeyed\n",
	      to);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	enum { SEED = 1, COUNT, SWITCHES, ALONE, REFUSED };
	static const struct option table[] = {
		{ "seed", required_argument, NULL, SEED },
		{ "count", required_argument, NULL, COUNT },
		{ "switches", required_argument, NULL, SWITCHES },
		{ "alone", no_argument, NULL, ALONE },
		{ "refused", no_argument, NULL, REFUSED },
		OPTION_HELP,
		{ }
	};
	int c;

	*opt = (struct options){ .seed = 1, .switches = 20000 };
	while ((c = next_option(argc, argv, table, usage)) != -1) {
		switch (c) {
		case SEED:
			opt->seed = parse_number("--seed", optarg, 1, UINT32_MAX);
			break;
		case COUNT:
			opt->count = parse_number("--count", optarg, 1, 1 << 30);
			break;
		case SWITCHES:
			opt->switches = parse_number("--switches", optarg, 1, 1 << 30);
			break;
		case ALONE:
			opt->alone = true;
			break;
		case REFUSED:
			opt->refused = true;
			break;
		}
	}
	if (!opt->count)
		die_usage("--count is needed");
}

/* So that it can be repeated by hand. */
__attribute__((noreturn)) static void complain(const struct fuzz *f, const char *what)
{
	uint32_t i;

	fprintf(stderr, "message %u of seed %u:", f->sent, f->opt.seed);
	for (i = 0; i < f->grammar.size && i < 512; i++)
		fprintf(stderr, " %02x", f->grammar.message.bytes[i]);
	fputc('\n', stderr);
	die("%s", what);
}

static int ask(struct fuzz *f, uint8_t op, uint16_t flags)
{
	grammar_begin(&f->question, op, flags, ++f->seq);
	return talk_exchange(&f->talk, &f->question);
}

static void expect_in_range(const struct fuzz *f, const struct nlattr *attr, const uint8_t *payload)
{
	uint16_t length = attr->nla_len - NLA_HDRLEN;
	const struct spec_attr *spec;
	uint32_t value;

	if (!attr->nla_type || attr->nla_type > spec_set_config.max)
		complain(f, "the configuration has an attribute that is none");
	spec = &spec_set_config.attrs[attr->nla_type];
	if (spec->type == SPEC_STRING && (!length || length > spec->max_len || payload[length - 1]))
		complain(f, "the configuration has a text without its end");
	if (spec->type != SPEC_U32)
		return;
	memcpy(&value, payload, sizeof(value));
	if (length != sizeof(value) || value < spec->min || value > spec->max)
		complain(f, "the configuration has a value out of its range");
}

static void look(struct fuzz *f, struct config *config)
{
	uint32_t seen = 0;
	struct nlattr attr;
	size_t at;

	if (ask(f, FALCON_CMD_CONFIG_GET, NLM_F_ACK) || f->talk.replies != 1)
		complain(f, "the configuration cannot be read");
	memcpy(config->bytes, f->talk.reply, sizeof(config->bytes));
	config->size = f->talk.reply_size;
	for (at = 0; at + NLA_HDRLEN <= config->size; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, config->bytes + at, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || attr.nla_len > config->size - at)
			complain(f, "the configuration is garbled");
		expect_in_range(f, &attr, config->bytes + at + NLA_HDRLEN);
		seen++;
	}
	if (seen != spec_set_config.max)
		complain(f, "the configuration is not complete");
	if (ask(f, FALCON_CMD_PRIORITY_GET, NLM_F_DUMP))
		complain(f, "the rules cannot be read");
	config->rules = f->talk.replies;
	f->looks++;
}

static void expect_unchanged(struct fuzz *f)
{
	static struct config now;

	look(f, &now);
	if (now.size != f->config.size || memcmp(now.bytes, f->config.bytes, now.size))
		complain(f, "refused, and the configuration has changed");
	if (now.rules != f->config.rules)
		complain(f, "refused, and the rules have changed");
}

static void judge(struct fuzz *f, int error)
{
	uint8_t op = grammar_op(&f->grammar);

	if (error == TALK_SILENT) {
		if (grammar_is_framed(&f->grammar))
			complain(f, "no answer");
		return;
	}
	if (error < 0 || error >= ERRORS)
		complain(f, "an error that is none");
	/* What asks for nothing but an acknowledgement gets that from netlink itself. */
	if (!(f->grammar.message.header.nlmsg_flags & NLM_F_REQUEST))
		return;
	f->errors[error]++;
	if (f->opt.refused && (!error || f->talk.replies))
		complain(f, "obeyed");
	if (!error && op <= FALCON_CMD_MAX)
		f->obeyed[op]++;
}

static void run(struct fuzz *f)
{
	bool looks = f->opt.alone && !f->opt.refused;
	int error;

	if (looks)
		look(f, &f->config);
	for (f->sent = 0; f->sent < f->opt.count && !stop_requested; f->sent++) {
		grammar_make(&f->grammar, ++f->seq);
		f->framed += grammar_is_framed(&f->grammar);
		error = talk_exchange(&f->talk, &f->grammar);
		judge(f, error);
		if (!looks)
			continue;
		/* What is not answered may have been obeyed: it did not ask for an answer. */
		if (error == TALK_SILENT || !error)
			look(f, &f->config);
		else if (grammar_one_in(&f->grammar, 16))
			expect_unchanged(f);
	}
	if (!f->opt.refused)
		look(f, &f->config);
}

/* Whether an operation is one that is dumped; nothing is done by asking. */
static void learn(struct fuzz *f)
{
	uint32_t op;

	for (op = 1; op <= FALCON_CMD_MAX; op++)
		f->grammar.is_list[op] = ask(f, op, NLM_F_DUMP) != EOPNOTSUPP;
}

static void print_result(const struct fuzz *f, int64_t duration_ns)
{
	const char *comma = "";
	uint32_t i;

	printf("{\"sent\": %u, \"framed\": %u, \"looks\": %u, \"duration_ns\": %lld, ", f->sent,
	       f->framed, f->looks, (long long)duration_ns);
	printf("\"rules\": %u, \"errors\": {", f->config.rules);
	for (i = 0; i < ERRORS; i++) {
		if (!f->errors[i])
			continue;
		printf("%s\"%s\": %u", comma, i ? strerrorname_np(i) : "", f->errors[i]);
		comma = ", ";
	}
	printf("}, \"obeyed\": {");
	for (i = 1, comma = ""; i <= FALCON_CMD_MAX; i++) {
		if (!f->obeyed[i])
			continue;
		printf("%s\"%s\": %u", comma, spec_ops[i].name, f->obeyed[i]);
		comma = ", ";
	}
	printf("}}\n");
	if (fflush(stdout) || ferror(stdout))
		die("standard output: %m");
}

int main(int argc, char **argv)
{
	static struct fuzz f;
	int64_t begin_ns;

	parse_options(&f.opt, argc, argv);
	catch_stop_signals();
	talk_open(&f.talk);
	f.grammar.seed = f.opt.seed;
	f.grammar.switches = f.opt.switches;
	f.grammar.family = f.talk.family;
	f.question.family = f.talk.family;
	learn(&f);
	begin_ns = now_ns();
	run(&f);
	print_result(&f, now_ns() - begin_ns);
	return EXIT_SUCCESS;
}
