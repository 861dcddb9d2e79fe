// SPDX-License-Identifier: GPL-2.0
/*
 * Receives what udp-send sends, counts lost, duplicated and reordered datagrams
 * by sequence number, exactly, and prints the counts as JSON at the end, with how long they took.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "delays.h"
#include "samples.h"
#include "tally.h"
#include "wire.h"

#define FLOWS_MAX	1024
#define BATCH		64
#define RCVBUF		(64 << 20)
#define CLOCK_TRIES	100
#define POLL_MAX_NS	(200 * NSEC_PER_MSEC)
#define SETTLED_NS	(500 * NSEC_PER_MSEC)	/* for what comes twice, once all has come */

struct options {
	struct address bind;
	const char *ready;
	const char *sent;	/* file that says at the sender's end how many there were */
	uint32_t port;
	uint32_t flows;
	uint32_t run;
	uint64_t count;		/* of each flow that was or will be sent; 0: not known */
	int64_t idle_ns;	/* silence after the first datagram that ends it */
	int64_t wait_ns;	/* for the first datagram */
	bool verify;
	bool digest;
	bool stamps;
	bool gro;
};

struct sink {
	struct options opt;
	struct tally *tallies;
	struct pollfd *polls;
	uint8_t *buffers;	/* BATCH times the largest datagram */
	uint64_t messages;	/* of one datagram or of several that were merged */
	uint64_t sent;		/* of all flows; 0: not known yet */
	uint64_t foreign;
	uint64_t damaged;
	uint64_t digest;	/* of whatever came */
	struct delays delays;
	int64_t first_ns;	/* 0: nothing came yet */
	int64_t last_ns;
	int64_t gap_ns;		/* the longest silence between two of those */
	int64_t real_ns;	/* by which CLOCK_REALTIME is before CLOCK_MONOTONIC */
	struct samples way;	/* from a datagram's stamp to the kernel's own */
};

static void usage(FILE *to)
{
	fputs("usage: udp-sink --port PORT [option]...\n"
	      "  --flows N        flows, at PORT, PORT+1 ... (1)\n"
	      "  --bind ADDRESS   address to receive at (0.0.0.0; :: for IPv6)\n"
	      "  --count N        datagrams sent of each flow; end when all have come\n"
	      "  --idle MS        end after so much silence once something came (1000)\n"
	      "  --sent FILE      it will hold how many were sent; when as many have come, half a\n"
	      "                   second of silence ends it\n"
	      "  --wait MS        end when nothing has come for so long (60000)\n"
	      "  --run N          number of the run; others' datagrams are foreign (1)\n"
	      "  --verify         check the payload, too\n"
	      "  --digest         print a digest of all that came, foreign ones too\n"
	      "  --stamps         datagrams carry the time at which they came; say how long they took\n"
	      "                   from there to the kernel's timestamp\n"
	      "  --gro            take merged what the kernel merged (UDP_GRO)\n"
	      "  --ready FILE     make this file once able to receive\n"
	      "SIGINT and SIGTERM end it as well; the result is printed in every case.\n",
	      to);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	enum {
		PORT = 1, FLOWS, BIND, COUNT, IDLE, SENT, WAIT, RUN, VERIFY, DIGEST, STAMPS, GRO,
		READY
	};
	static const struct option table[] = {
		{ "port", required_argument, NULL, PORT },
		{ "flows", required_argument, NULL, FLOWS },
		{ "bind", required_argument, NULL, BIND },
		{ "count", required_argument, NULL, COUNT },
		{ "idle", required_argument, NULL, IDLE },
		{ "sent", required_argument, NULL, SENT },
		{ "wait", required_argument, NULL, WAIT },
		{ "run", required_argument, NULL, RUN },
		{ "verify", no_argument, NULL, VERIFY },
		{ "digest", no_argument, NULL, DIGEST },
		{ "stamps", no_argument, NULL, STAMPS },
		{ "gro", no_argument, NULL, GRO },
		{ "ready", required_argument, NULL, READY },
		OPTION_HELP,
		{ }
	};
	int c;

	*opt = (struct options){
		.bind = parse_address("--bind", "0.0.0.0"),
		.flows = 1,
		.run = 1,
		.idle_ns = NSEC_PER_SEC,
		.wait_ns = 60 * NSEC_PER_SEC,
	};
	while ((c = next_option(argc, argv, table, usage)) != -1) {
		switch (c) {
		case PORT:
			opt->port = parse_number("--port", optarg, 1, 65535);
			break;
		case FLOWS:
			opt->flows = parse_number("--flows", optarg, 1, FLOWS_MAX);
			break;
		case BIND:
			opt->bind = parse_address("--bind", optarg);
			break;
		case COUNT:
			opt->count = parse_number("--count", optarg, 1, 1ULL << 40);
			break;
		case IDLE:
			opt->idle_ns = parse_number("--idle", optarg, 1, 86400000) * NSEC_PER_MSEC;
			break;
		case SENT:
			opt->sent = optarg;
			break;
		case WAIT:
			opt->wait_ns = parse_number("--wait", optarg, 1, 86400000) * NSEC_PER_MSEC;
			break;
		case RUN:
			opt->run = parse_number("--run", optarg, 0, UINT32_MAX);
			break;
		case VERIFY:
			opt->verify = true;
			break;
		case DIGEST:
			opt->digest = true;
			break;
		case STAMPS:
			opt->stamps = true;
			break;
		case GRO:
			opt->gro = true;
			break;
		case READY:
			opt->ready = optarg;
			break;
		}
	}
	if (!opt->port)
		die_usage("--port is needed");
	if (opt->port + opt->flows - 1 > 65535)
		die_usage("more flows than ports");
	/* merged datagrams have the stamp of the first one only */
	if (opt->stamps && opt->gro)
		die_usage("--stamps is not for --gro");
}

/* The kernel's timestamps are by the one clock, what stamps datagrams has the other. */
static int64_t real_ahead_ns(void)
{
	int64_t best_ns = INT64_MAX, ahead_ns = 0;
	int i;

	for (i = 0; i < CLOCK_TRIES; i++) {
		int64_t begin_ns = now_ns(), took_ns;
		struct timespec real;

		clock_gettime(CLOCK_REALTIME, &real);
		took_ns = now_ns() - begin_ns;
		if (took_ns >= best_ns)
			continue;
		best_ns = took_ns;
		ahead_ns = real.tv_sec * NSEC_PER_SEC + real.tv_nsec - begin_ns - took_ns / 2;
	}
	return ahead_ns;
}

static void setup(struct sink *s)
{
	int one = 1;
	uint32_t i;

	s->tallies = calloc(s->opt.flows, sizeof(*s->tallies));
	s->polls = calloc(s->opt.flows, sizeof(*s->polls));
	s->buffers = malloc((size_t)BATCH * WIRE_SIZE_MAX);
	if (!s->tallies || !s->polls || !s->buffers)
		die("no memory");
	allow_sockets(s->opt.flows);
	for (i = 0; i < s->opt.flows; i++) {
		struct address addr = s->opt.bind;

		address_set_port(&addr, s->opt.port + i);
		s->polls[i].fd = udp_socket(&addr, RCVBUF, 0);
		s->polls[i].events = POLLIN;
		if (bind(s->polls[i].fd, (struct sockaddr *)&addr.sa, addr.len))
			die("bind port %u: %m", s->opt.port + i);
		if (s->opt.stamps && setsockopt(s->polls[i].fd, SOL_SOCKET, SO_TIMESTAMPNS, &one,
						sizeof(one)))
			die("SO_TIMESTAMPNS: %m");
		if (s->opt.gro &&
		    setsockopt(s->polls[i].fd, SOL_UDP, UDP_GRO, &one, sizeof(one)))
			die("UDP_GRO: %m");
	}
	if (s->opt.stamps) {
		samples_init(&s->way);
		s->real_ns = real_ahead_ns();
	}
}

static void take(struct sink *s, uint32_t index, const uint8_t *buf, size_t size, int64_t when_ns)
{
	struct wire_info info;

	if (s->opt.digest)
		s->digest += wire_digest(buf, size);
	switch (wire_parse(buf, size, s->opt.run, s->opt.verify, &info)) {
	case WIRE_FOREIGN:
		s->foreign++;
		return;
	case WIRE_DAMAGED:
		s->damaged++;
		return;
	case WIRE_GOOD:
		break;
	}
	/* a datagram at another flow's port was altered on its way */
	if (info.flow != index || !tally_add(&s->tallies[index], info.seq, size))
		s->damaged++;
	else
		delays_add(&s->delays, when_ns - info.sent_ns);
}

/* The size of each of the datagrams in a message but the last, which may be smaller. */
static size_t segment_size(struct msghdr *msg, size_t size)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int segment;

	if (!cmsg || cmsg->cmsg_level != SOL_UDP || cmsg->cmsg_type != UDP_GRO)
		return size;
	memcpy(&segment, CMSG_DATA(cmsg), sizeof(segment));
	return segment;
}

/* Takes the datagrams of one message. */
static void take_all(struct sink *s, uint32_t index, struct msghdr *msg, size_t size,
		     int64_t when_ns)
{
	size_t segment = segment_size(msg, size);
	const uint8_t *buf = msg->msg_iov->iov_base;

	do {
		size_t some = size < segment ? size : segment;

		take(s, index, buf, some, when_ns);
		buf += some;
		size -= some;
	} while (size);
}

/* How long a datagram took. */
static void measure(struct sink *s, struct msghdr *msg, const uint8_t *buf, size_t size)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct timespec end;
	int64_t begin_ns, way_ns;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_TIMESTAMPNS)
		die("a datagram without the kernel's timestamp");
	if (size < WIRE_STAMP + sizeof(begin_ns))
		die("a datagram too short for a stamp");
	memcpy(&begin_ns, buf + WIRE_STAMP, sizeof(begin_ns));
	memcpy(&end, CMSG_DATA(cmsg), sizeof(end));
	way_ns = end.tv_sec * NSEC_PER_SEC + end.tv_nsec - s->real_ns - begin_ns;
	if (way_ns < 0 || way_ns > UINT32_MAX)
		die("a datagram that took %lld ns was not stamped", (long long)way_ns);
	samples_add(&s->way, way_ns);
}

/* Takes what is in socket @index. */
static void drain(struct sink *s, uint32_t index)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct timespec))];	/* or an int */
		struct cmsghdr align;
	} controls[BATCH];
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	int64_t when_ns;
	int i, n;

	do {
		for (i = 0; i < BATCH; i++) {
			iovs[i].iov_base = s->buffers + (size_t)i * WIRE_SIZE_MAX;
			iovs[i].iov_len = WIRE_SIZE_MAX;
			memset(&msgs[i], 0, sizeof(msgs[i]));
			msgs[i].msg_hdr.msg_iov = &iovs[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
			if (s->opt.stamps || s->opt.gro) {
				msgs[i].msg_hdr.msg_control = &controls[i];
				msgs[i].msg_hdr.msg_controllen = sizeof(controls[i]);
			}
		}
		n = recvmmsg(s->polls[index].fd, msgs, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			die("receive: %m");
		}
		when_ns = now_ns();
		s->messages += n;
		for (i = 0; i < n; i++) {
			take_all(s, index, &msgs[i].msg_hdr, msgs[i].msg_len, when_ns);
			if (s->opt.stamps)
				measure(s, &msgs[i].msg_hdr, iovs[i].iov_base, msgs[i].msg_len);
		}
	} while (n == BATCH);
}

static bool complete(const struct sink *s)
{
	uint32_t i;

	if (!s->opt.count)
		return false;
	for (i = 0; i < s->opt.flows; i++)
		if (s->tallies[i].distinct < s->opt.count)
			return false;
	return true;
}

static void heard(struct sink *s, int64_t when_ns)
{
	if (!s->first_ns)
		s->first_ns = when_ns;
	else if (when_ns - s->last_ns > s->gap_ns)
		s->gap_ns = when_ns - s->last_ns;
	s->last_ns = when_ns;
}

static void look_for_sent(struct sink *s)
{
	unsigned long long sent;
	FILE *file;

	if (!s->opt.sent || s->sent)
		return;
	file = fopen(s->opt.sent, "r");
	if (!file)
		return;
	if (fscanf(file, "%llu", &sent) == 1)
		s->sent = sent;
	fclose(file);
}

/* Silence that ends it. */
static int64_t idle_ns(const struct sink *s)
{
	uint64_t distinct = 0;
	uint32_t i;

	for (i = 0; i < s->opt.flows; i++)
		distinct += s->tallies[i].distinct;
	if (!s->sent || distinct < s->sent || s->opt.idle_ns < SETTLED_NS)
		return s->opt.idle_ns;
	return SETTLED_NS;
}

static void receive(struct sink *s)
{
	int64_t begin_ns = now_ns();

	while (!stop_requested && !complete(s)) {
		int64_t limit = s->first_ns ? s->last_ns + idle_ns(s) :
					      begin_ns + s->opt.wait_ns;
		int64_t left = limit - now_ns();
		/* bounded, as a signal between the test above and the wait would be missed */
		struct timespec timeout = {
			.tv_nsec = left < POLL_MAX_NS ? left : POLL_MAX_NS,
		};
		uint32_t i;
		int n;

		if (left <= 0)
			break;
		n = ppoll(s->polls, s->opt.flows, &timeout, NULL);
		if (n < 0 && errno != EINTR)
			die("poll: %m");
		if (n == 0)
			look_for_sent(s);
		if (n <= 0)
			continue;
		for (i = 0; i < s->opt.flows; i++)
			if (s->polls[i].revents)
				drain(s, i);
		heard(s, now_ns());
	}
	/* told to end: what came before that counts */
	for (uint32_t i = 0; i < s->opt.flows; i++)
		drain(s, i);
}

static void print_counts(const struct tally *t, uint64_t sent)
{
	printf("\"received\": %llu, \"lost\": %llu, \"duplicated\": %llu, "
	       "\"reordered\": %llu, \"bytes\": %llu",
	       (unsigned long long)t->distinct, (unsigned long long)tally_lost(t, sent),
	       (unsigned long long)t->duplicated, (unsigned long long)t->reordered,
	       (unsigned long long)t->bytes);
}

static void print_result(struct sink *s)
{
	uint64_t lost = 0;
	struct tally sum = { };
	uint32_t i;

	for (i = 0; i < s->opt.flows; i++) {
		const struct tally *t = &s->tallies[i];

		sum.distinct += t->distinct;
		sum.duplicated += t->duplicated;
		sum.reordered += t->reordered;
		sum.bytes += t->bytes;
		lost += tally_lost(t, s->opt.count);
	}
	/* tally_lost() of the sum: what was sent less what came */
	sum.next = sum.distinct + lost;
	printf("{\"tool\": \"udp-sink\", \"run\": %u, \"verified\": %s, ", s->opt.run,
	       s->opt.verify ? "true" : "false");
	print_counts(&sum, 0);
	printf(", \"messages\": %llu, \"foreign\": %llu, \"damaged\": %llu, "
	       "\"duration_ns\": %lld, \"longest_gap_ns\": %lld, ",
	       (unsigned long long)s->messages, (unsigned long long)s->foreign,
	       (unsigned long long)s->damaged, (long long)(s->last_ns - s->first_ns),
	       (long long)s->gap_ns);
	print_digest(s->opt.digest, s->digest);
	printf("\"delay\": {\"p50_ns\": %llu, \"p99_ns\": %llu, \"max_ns\": %llu}, \"flows\": [",
	       (unsigned long long)delays_below(&s->delays, 500),
	       (unsigned long long)delays_below(&s->delays, 990),
	       (unsigned long long)delays_below(&s->delays, 1000));
	for (i = 0; i < s->opt.flows; i++) {
		printf("%s{\"flow\": %u, \"port\": %u, \"highest\": %lld, ", i ? ", " : "", i,
		       s->opt.port + i, (long long)s->tallies[i].next - 1);
		print_counts(&s->tallies[i], s->opt.count);
		printf("}");
	}
	printf("]");
	if (s->opt.stamps)
		samples_print(&s->way, "way_");
	printf("}\n");
	if (fflush(stdout) || ferror(stdout))
		die("standard output: %m");
}

int main(int argc, char **argv)
{
	struct sink s = { };

	parse_options(&s.opt, argc, argv);
	catch_stop_signals();
	setup(&s);
	announce_ready(s.opt.ready);
	receive(&s);
	print_result(&s);
	return EXIT_SUCCESS;
}
