// SPDX-License-Identifier: GPL-2.0
/* Sends numbered UDP datagrams at a steady rate and prints what it sent as JSON. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "random.h"
#include "sizes.h"
#include "wire.h"

#define FLOWS_MAX	1024
#define BURST_MAX	64
#define SNDBUF		(4 << 20)
#define SURGE_TIMES	10
/*
 * Further behind than this, the schedule is moved instead of caught up: what
 * follows would be a burst that the paced rate never had.
 */
#define BEHIND_MAX_NS	(5 * NSEC_PER_MSEC)

struct options {
	struct address to;
	struct address from;
	const char *size_text;
	struct sizes sizes;
	uint32_t port;
	uint32_t source_port;	/* 0: chosen by the kernel */
	uint32_t flows;
	uint32_t rate; /* datagrams a second of all flows together; 0: as fast as it goes */
	uint32_t burst;
	uint32_t run;
	uint32_t seed;		/* of sizes and pauses */
	uint32_t pause_us;	/* after a burst, at most */
	bool digest;
	uint32_t surge;		/* flows that bring SURGE_TIMES as much as the others, in the end */
	int64_t surge_after_ns;
	int64_t single_ns;	/* no bursts until then */
	uint64_t count;		/* of all flows together; 0: no limit */
	int64_t duration_ns;	/* 0: no limit */
};

struct flow {
	int fd;
	uint64_t sent;
	uint64_t bytes;
};

struct sender {
	struct options opt;
	struct flow *flows;
	uint8_t *buffer;	/* burst times the largest size */
	uint64_t sent;
	uint64_t digest;
	uint64_t refused;	/* ICMP errors the sockets told of; the datagram was sent again */
	int64_t slipped_ns;	/* by which the schedule was moved */
	int64_t begin_ns;
	int64_t end_ns;
};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: udp-send --to ADDRESS --port PORT (--count N | --seconds S) [option]...\n"
		"  --flows N         flows, to PORT, PORT+1 ... (1)\n"
		"  --from ADDRESS    source address\n"
		"  --source-port P   source ports P, P+1 ... (any)\n"
		"  --size LIST       payload sizes in turn, each a number or LOW-HIGH (1400)\n"
		"  --rate N          datagrams a second, all flows together (0: unpaced)\n"
		"  --burst N         datagrams a system call at most, 1 to %d (4)\n"
		"  --pause US        wait up to so long after each system call, by chance, on top of the\n"
		"                    rate (0)\n"
		"  --seed N          of pauses, and of sizes of a range (0)\n"
		"  --digest          print a digest of all that was sent\n"
		"  --single MS       one datagram a system call, for so long (0)\n"
		"  --surge N         the first N flows send %d times as much as the others, at the same\n"
		"                    rate of all together (0)\n"
		"  --surge-after MS  from then on (0)\n"
		"  --run N           number of this run, as the sink expects it (1)\n",
		BURST_MAX, SURGE_TIMES);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	enum {
		TO = 1,
		PORT,
		COUNT,
		SECONDS,
		FLOWS,
		FROM,
		SOURCE_PORT,
		SIZE,
		RATE,
		BURST,
		PAUSE,
		SEED,
		DIGEST,
		SINGLE,
		SURGE,
		SURGE_AFTER,
		RUN
	};
	static const struct option table[] = {
		{ "to", required_argument, NULL, TO },
		{ "port", required_argument, NULL, PORT },
		{ "count", required_argument, NULL, COUNT },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "flows", required_argument, NULL, FLOWS },
		{ "from", required_argument, NULL, FROM },
		{ "source-port", required_argument, NULL, SOURCE_PORT },
		{ "size", required_argument, NULL, SIZE },
		{ "rate", required_argument, NULL, RATE },
		{ "burst", required_argument, NULL, BURST },
		{ "pause", required_argument, NULL, PAUSE },
		{ "seed", required_argument, NULL, SEED },
		{ "digest", no_argument, NULL, DIGEST },
		{ "single", required_argument, NULL, SINGLE },
		{ "surge", required_argument, NULL, SURGE },
		{ "surge-after", required_argument, NULL, SURGE_AFTER },
		{ "run", required_argument, NULL, RUN },
		OPTION_HELP,
		{ }
	};
	int c;

	*opt = (struct options){ .flows = 1, .burst = 4, .run = 1, .size_text = "1400" };
	while ((c = next_option(argc, argv, table, usage)) != -1) {
		switch (c) {
		case TO:
			opt->to = parse_address("--to", optarg);
			break;
		case FROM:
			opt->from = parse_address("--from", optarg);
			break;
		case PORT:
			opt->port = parse_number("--port", optarg, 1, 65535);
			break;
		case SOURCE_PORT:
			opt->source_port = parse_number("--source-port", optarg, 1, 65535);
			break;
		case COUNT:
			opt->count = parse_number("--count", optarg, 1, 1ULL << 40);
			break;
		case SECONDS:
			opt->duration_ns = parse_number("--seconds", optarg, 1, 86400) *
					   NSEC_PER_SEC;
			break;
		case FLOWS:
			opt->flows = parse_number("--flows", optarg, 1, FLOWS_MAX);
			break;
		case SIZE:
			opt->size_text = optarg;
			break;
		case RATE:
			opt->rate = parse_number("--rate", optarg, 0, 100000000);
			break;
		case BURST:
			opt->burst = parse_number("--burst", optarg, 1, BURST_MAX);
			break;
		case PAUSE:
			opt->pause_us = parse_number("--pause", optarg, 0, 1000000);
			break;
		case SEED:
			opt->seed = parse_number("--seed", optarg, 0, UINT32_MAX);
			break;
		case DIGEST:
			opt->digest = true;
			break;
		case SURGE:
			opt->surge = parse_number("--surge", optarg, 0, FLOWS_MAX);
			break;
		case SURGE_AFTER:
			opt->surge_after_ns = parse_number("--surge-after", optarg, 0, 86400000) *
					      NSEC_PER_MSEC;
			break;
		case SINGLE:
			opt->single_ns = parse_number("--single", optarg, 0, 86400000) *
					 NSEC_PER_MSEC;
			break;
		case RUN:
			opt->run = parse_number("--run", optarg, 0, UINT32_MAX);
			break;
		}
	}
	if (!opt->to.len || !opt->port)
		die_usage("--to and --port are needed");
	if (!opt->count && !opt->duration_ns)
		die_usage("--count or --seconds is needed");
	if (opt->surge > opt->flows)
		die_usage("--surge is for %u flows of %u", opt->surge, opt->flows);
	if (opt->port + opt->flows - 1 > 65535 || opt->source_port + opt->flows - 1 > 65535)
		die_usage("more flows than ports");
	if (opt->from.len && opt->from.sa.ss_family != opt->to.sa.ss_family)
		die_usage("--from and --to are of different families");
	sizes_parse(&opt->sizes, opt->size_text);
	opt->sizes.seed = opt->seed;
}

static void open_flow(struct sender *s, uint32_t index)
{
	struct address to = s->opt.to;
	struct address from = s->opt.from;
	int dont = IP_PMTUDISC_DONT;
	int fd;

	fd = udp_socket(&to, 0, SNDBUF);
	/* larger than the MTU means fragments, not an error */
	if (to.sa.ss_family == AF_INET &&
	    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont)))
		die("IP_MTU_DISCOVER: %m");
	if (s->opt.source_port || from.len) {
		if (!from.len) {
			/* an all-zero address of the same family: any */
			from.sa.ss_family = to.sa.ss_family;
			from.len = to.len;
		}
		address_set_port(&from, s->opt.source_port ? s->opt.source_port + index : 0);
		if (bind(fd, (struct sockaddr *)&from.sa, from.len))
			die("bind flow %u: %m", index);
	}
	address_set_port(&to, s->opt.port + index);
	if (connect(fd, (struct sockaddr *)&to.sa, to.len))
		die("connect flow %u: %m", index);
	s->flows[index].fd = fd;
}

/* Sends the next @n datagrams of @flow, all of them. */
static void send_burst(struct sender *s, uint32_t index, unsigned int n)
{
	struct flow *flow = &s->flows[index];
	struct mmsghdr msgs[BURST_MAX] = { };
	struct iovec iovs[BURST_MAX];
	unsigned int i, done = 0;

	for (i = 0; i < n; i++) {
		struct wire_info info = {
			.run = s->opt.run,
			.flow = index,
			.seq = flow->sent + i,
			.sent_ns = now_ns(),
		};

		iovs[i].iov_base = s->buffer + (size_t)i * s->opt.sizes.largest;
		iovs[i].iov_len = sizes_pick(&s->opt.sizes, info.seq);
		wire_build(iovs[i].iov_base, iovs[i].iov_len, &info);
		if (s->opt.digest)
			s->digest += wire_digest(iovs[i].iov_base, iovs[i].iov_len);
		msgs[i].msg_hdr.msg_iov = &iovs[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < n) {
		int ret = sendmmsg(flow->fd, msgs + done, n - done, 0);

		if (ret > 0) {
			done += ret;
		} else if (errno == ECONNREFUSED || errno == EHOSTUNREACH) {
			/* of an earlier datagram; reporting it cleared it, this one was not sent */
			s->refused++;
		} else if (errno != EINTR) {
			die("send flow %u: %m", index);
		}
	}
	for (i = 0; i < n; i++)
		flow->bytes += iovs[i].iov_len;
	flow->sent += n;
	s->sent += n;
}

/* When the datagram after the first @n of the schedule is due. */
static int64_t due_ns(int64_t start_ns, uint64_t n, uint32_t rate)
{
	return start_ns + (int64_t)(n / rate) * NSEC_PER_SEC +
	       (int64_t)(n % rate) * NSEC_PER_SEC / rate;
}

/* The flow whose turn it is: one after the other, the first @surge of them SURGE_TIMES as often. */
static uint32_t flow_at(uint64_t turn, uint32_t flows, uint32_t surge)
{
	uint32_t often = surge * SURGE_TIMES;
	uint32_t place = turn % (often + flows - surge);

	return place < often ? place % surge : place - often + surge;
}

/* The same for the same seed and turn in every run. */
static int64_t pause_ns(const struct options *opt, uint64_t turn)
{
	uint32_t state = (opt->seed + (uint32_t)turn) * 2654435761u | 1;

	return opt->pause_us ? unit_random(&state) % (opt->pause_us + 1) * 1000LL : 0;
}

static void run(struct sender *s)
{
	const struct options *opt = &s->opt;
	int64_t schedule_ns, deadline_ns, pause;
	uint64_t scheduled = 0;		/* sent since the schedule began */
	uint64_t turn = 0;
	uint32_t surge;

	schedule_ns = now_ns();
	s->begin_ns = schedule_ns;
	deadline_ns = opt->duration_ns ? s->begin_ns + opt->duration_ns : INT64_MAX;
	while (!stop_requested) {
		int64_t now = now_ns();
		uint64_t n = now - s->begin_ns < opt->single_ns ? 1 : opt->burst;

		if (opt->count && opt->count - s->sent < n)
			n = opt->count - s->sent;
		if (!n)
			break;
		if (opt->rate) {
			/* a burst goes out when its last datagram is due */
			int64_t due = due_ns(schedule_ns, scheduled + n, opt->rate);

			if (due >= deadline_ns)
				break;
			if (now < due) {
				sleep_until(due);
				continue;
			}
			if (now - due > BEHIND_MAX_NS) {
				s->slipped_ns += now - due;
				schedule_ns += now - due;
			}
		}
		if (now >= deadline_ns)
			break;
		surge = now - s->begin_ns >= opt->surge_after_ns ? opt->surge : 0;
		pause = pause_ns(opt, turn);
		send_burst(s, flow_at(turn++, opt->flows, surge), n);
		scheduled += n;
		if (pause) {
			schedule_ns += pause;
			sleep_until(now_ns() + pause);
		}
	}
	s->end_ns = now_ns();
}

static void print_result(const struct sender *s)
{
	const struct options *opt = &s->opt;
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < opt->flows; i++)
		bytes += s->flows[i].bytes;
	printf("{\"tool\": \"udp-send\", \"run\": %u, "
	       "\"size\": \"%s\", \"rate\": %u, \"burst\": %u, ",
	       opt->run, opt->size_text, opt->rate, opt->burst);
	printf("\"sent\": %llu, \"bytes\": %llu, \"duration_ns\": %lld, "
	       "\"slipped_ns\": %lld, \"refused\": %llu, ",
	       (unsigned long long)s->sent, (unsigned long long)bytes,
	       (long long)(s->end_ns - s->begin_ns), (long long)s->slipped_ns,
	       (unsigned long long)s->refused);
	print_digest(opt->digest, s->digest);
	printf("\"flows\": [");
	for (i = 0; i < opt->flows; i++)
		printf("%s{\"flow\": %u, \"port\": %u, \"sent\": %llu, \"bytes\": %llu}",
		       i ? ", " : "", i, opt->port + i,
		       (unsigned long long)s->flows[i].sent,
		       (unsigned long long)s->flows[i].bytes);
	printf("]}\n");
	if (fflush(stdout) || ferror(stdout))
		die("standard output: %m");
}

int main(int argc, char **argv)
{
	struct sender s = { };
	uint32_t i;

	parse_options(&s.opt, argc, argv);
	catch_stop_signals();
	s.flows = calloc(s.opt.flows, sizeof(*s.flows));
	s.buffer = malloc((size_t)s.opt.burst * s.opt.sizes.largest);
	if (!s.flows || !s.buffer)
		die("no memory");
	allow_sockets(s.opt.flows);
	for (i = 0; i < s.opt.flows; i++)
		open_flow(&s, i);
	run(&s);
	print_result(&s);
	return EXIT_SUCCESS;
}
