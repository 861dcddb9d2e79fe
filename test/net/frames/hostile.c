// SPDX-License-Identifier: GPL-2.0
/* Sends hostile frames by a device, as they are, and prints how many as JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "frame.h"

#define BEHIND_MAX_NS (5 * NSEC_PER_MSEC)

struct options {
	struct frame_plan plan;
	uint32_t ifindex;
	uint32_t count;		/* packets; one may be several frames */
	uint32_t rate;
};

static void usage(FILE *to)
{
	fputs("usage: hostile --device NAME --count N --port PORT --outer ENDS --inner ENDS\n"
	      "               [--seed N] [--rate N]\n"
	      "  --outer ENDS   MAC,MAC,IPv4,IPv4,IPv6,IPv6: who sends, and to whom\n"
	      "  --inner ENDS   the same within the tunnel\n"
	      "  --port PORT    the first of those that are listened to\n"
	      "  --seed N       of the packets, from 1 on (1)\n"
	      "  --rate N       packets a second (3000)\n",
	      to);
}

static void parse_ends(const char *what, const char *text, struct frame_ends *ends)
{
	char mac[2][18], v4[2][16], v6[2][46], end;
	int i;

	if (sscanf(text, "%17[^,],%17[^,],%15[^,],%15[^,],%45[^,],%45[^,]%c", mac[0], mac[1], v4[0],
		   v4[1], v6[0], v6[1], &end) != 6)
		die_usage("%s: '%s' is not MAC,MAC,IPv4,IPv4,IPv6,IPv6", what, text);
	for (i = 0; i < 2; i++) {
		uint8_t *m = ends->mac[i];

		if (sscanf(mac[i], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &m[0], &m[1], &m[2], &m[3],
			   &m[4], &m[5], &end) != 6)
			die_usage("%s: '%s' is not a MAC", what, mac[i]);
		if (inet_pton(AF_INET, v4[i], ends->v4[i]) != 1 ||
		    inet_pton(AF_INET6, v6[i], ends->v6[i]) != 1)
			die_usage("%s: '%s' or '%s' is not an address", what, v4[i], v6[i]);
	}
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	enum { DEVICE = 1, COUNT, PORT, OUTER, INNER, SEED, RATE };
	static const struct option table[] = {
		{ "device", required_argument, NULL, DEVICE },
		{ "count", required_argument, NULL, COUNT },
		{ "port", required_argument, NULL, PORT },
		{ "outer", required_argument, NULL, OUTER },
		{ "inner", required_argument, NULL, INNER },
		{ "seed", required_argument, NULL, SEED },
		{ "rate", required_argument, NULL, RATE },
		OPTION_HELP,
		{ }
	};
	bool outer = false, inner = false;
	int c;

	*opt = (struct options){ .rate = 3000, .plan.seed = 1 };
	while ((c = next_option(argc, argv, table, usage)) != -1) {
		switch (c) {
		case DEVICE:
			opt->ifindex = if_nametoindex(optarg);
			if (!opt->ifindex)
				die_usage("--device: no %s", optarg);
			break;
		case COUNT:
			opt->count = parse_number("--count", optarg, 1, 1 << 30);
			break;
		case PORT:
			opt->plan.port = parse_number("--port", optarg, 1, 65000);
			break;
		case OUTER:
			parse_ends("--outer", optarg, &opt->plan.outer);
			outer = true;
			break;
		case INNER:
			parse_ends("--inner", optarg, &opt->plan.inner);
			inner = true;
			break;
		case SEED:
			opt->plan.seed = parse_number("--seed", optarg, 1, UINT32_MAX);
			break;
		case RATE:
			opt->rate = parse_number("--rate", optarg, 1, 1000000);
			break;
		}
	}
	if (!opt->ifindex || !opt->count || !opt->plan.port || !outer || !inner)
		die_usage("--device, --count, --port, --outer and --inner are needed");
}

static void send_frame(int fd, const struct frame *frame)
{
	while (send(fd, frame->bytes, frame->size, 0) < 0)
		if (errno != ENOBUFS && errno != EINTR)
			die("send of %u bytes: %m", frame->size);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	struct frame frames[FRAME_PIECES];
	uint32_t i, n, packet, sent = 0;
	struct options opt;
	int64_t due_ns;
	int fd;

	parse_options(&opt, argc, argv);
	catch_stop_signals();
	/* Protocol 0: nothing is received. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	address.sll_ifindex = opt.ifindex;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("packet socket: %m");
	due_ns = now_ns();
	for (packet = 0; packet < opt.count && !stop_requested; packet++) {
		n = frame_make(&opt.plan, frames);
		for (i = 0; i < n; i++)
			send_frame(fd, &frames[i]);
		sent += n;
		due_ns += NSEC_PER_SEC / opt.rate;
		/* What is late is not caught up with a burst. */
		if (now_ns() > due_ns + BEHIND_MAX_NS)
			due_ns = now_ns();
		sleep_until(due_ns);
	}
	printf("{\"packets\": %u, \"frames\": %u}\n", packet, sent);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
