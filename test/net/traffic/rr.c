// SPDX-License-Identifier: GPL-2.0
/* Request and response by UDP or TCP, one at a time: the time it takes and its tail. */
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "samples.h"
#include "wire.h"

#define STRAY_MAX	1000	/* late answers thrown away for one request */
#define STOP_CHECK_NS	(200 * NSEC_PER_MSEC)

struct options {
	struct address address;
	const char *ready;
	const char *log;
	bool server;
	bool tcp;
	bool connect;
	uint32_t port;
	uint32_t size;
	uint32_t run;
	uint64_t count;
	int64_t duration_ns;
	int64_t timeout_ns;
	int64_t interval_ns;
};

struct client {
	int fd;
	struct samples rtt;
	uint64_t timeouts;
	uint64_t strays;	/* responses that came again, or too late */
	FILE *log;
};

static void usage(FILE *to)
{
	fputs("usage: rr --server --port PORT [--tcp] [--bind ADDRESS] [--ready FILE] [--size N]\n"
	      "       rr --to ADDRESS --port PORT [--tcp] (--count N | --seconds S) [option]...\n"
	      "  --tcp         over one connection, instead of UDP\n"
	      "  --connect     over a TCP connection for each request, which the server closes; for both\n"
	      "  --size N      payload of request and response (64); by TCP the server's as well\n"
	      "  --interval US from one request to the next (0: as fast as they are answered)\n"
	      "  --timeout MS  for a response (1000); by TCP none may be late\n"
	      "  --log FILE    write when each answered request was sent, and its time, in ns\n"
	      "  --run N       number of this run (1)\n"
	      "The server answers until SIGINT or SIGTERM, then prints how often. The client may be\n"
	      "ended by them too.\n",
	      to);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	enum {
		SERVER = 1, TCP, CONNECT, TO, BIND, PORT, COUNT, SECONDS, SIZE, TIMEOUT, RUN, READY,
		LOG, INTERVAL
	};
	static const struct option table[] = {
		{ "server", no_argument, NULL, SERVER },
		{ "tcp", no_argument, NULL, TCP },
		{ "connect", no_argument, NULL, CONNECT },
		{ "to", required_argument, NULL, TO },
		{ "bind", required_argument, NULL, BIND },
		{ "port", required_argument, NULL, PORT },
		{ "count", required_argument, NULL, COUNT },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "size", required_argument, NULL, SIZE },
		{ "timeout", required_argument, NULL, TIMEOUT },
		{ "run", required_argument, NULL, RUN },
		{ "ready", required_argument, NULL, READY },
		{ "log", required_argument, NULL, LOG },
		{ "interval", required_argument, NULL, INTERVAL },
		OPTION_HELP,
		{ }
	};
	int c;

	*opt = (struct options){ .size = 64, .run = 1, .timeout_ns = NSEC_PER_SEC };
	while ((c = next_option(argc, argv, table, usage)) != -1) {
		switch (c) {
		case SERVER:
			opt->server = true;
			break;
		case TCP:
			opt->tcp = true;
			break;
		case CONNECT:
			opt->tcp = true;
			opt->connect = true;
			break;
		case TO:
			opt->address = parse_address("--to", optarg);
			break;
		case BIND:
			opt->address = parse_address("--bind", optarg);
			break;
		case PORT:
			opt->port = parse_number("--port", optarg, 1, 65535);
			break;
		case COUNT:
			opt->count = parse_number("--count", optarg, 1, SAMPLES_MAX);
			break;
		case SECONDS:
			opt->duration_ns = parse_number("--seconds", optarg, 1, 86400) *
					   NSEC_PER_SEC;
			break;
		case SIZE:
			opt->size = parse_number("--size", optarg, WIRE_SIZE_MIN, WIRE_SIZE_MAX);
			break;
		case TIMEOUT:
			opt->timeout_ns = parse_number("--timeout", optarg, 1, 60000) *
					  NSEC_PER_MSEC;
			break;
		case RUN:
			opt->run = parse_number("--run", optarg, 0, UINT32_MAX);
			break;
		case READY:
			opt->ready = optarg;
			break;
		case LOG:
			opt->log = optarg;
			break;
		case INTERVAL:
			opt->interval_ns = parse_number("--interval", optarg, 1, 10000000) *
					   (NSEC_PER_MSEC / 1000);
			break;
		}
	}
	if (!opt->port)
		die_usage("--port is needed");
	if (!opt->address.len) {
		if (!opt->server)
			die_usage("--to or --server is needed");
		opt->address = parse_address("--bind", "0.0.0.0");
	}
	if (!opt->server && !opt->count && !opt->duration_ns)
		die_usage("--count or --seconds is needed");
}

/* True when @fd can be read within @ns. */
static bool wait_readable(int fd, int64_t ns)
{
	struct pollfd poll_in = { .fd = fd, .events = POLLIN };
	struct timespec limit = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	return ns > 0 && ppoll(&poll_in, 1, &limit, NULL) > 0;
}

static int tcp_socket(const struct address *addr)
{
	int fd = socket(addr->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %m");
	return fd;
}

/* A request must not wait for the acknowledgement of the one before. */
static void set_nodelay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("TCP_NODELAY: %m");
}

/* True when @size bytes have come before @deadline_ns; false as well when the peer has closed. */
static bool receive_all(int fd, uint8_t *buf, size_t size, int64_t deadline_ns)
{
	size_t have = 0;

	while (have < size && !stop_requested) {
		int64_t left_ns = deadline_ns - now_ns();
		ssize_t n;

		if (left_ns <= 0)
			return false;
		if (!wait_readable(fd, left_ns < STOP_CHECK_NS ? left_ns : STOP_CHECK_NS))
			continue;
		n = recv(fd, buf + have, size - have, MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0)
			have += n;
	}
	return have == size;
}

static uint64_t answer_udp(int fd)
{
	static uint8_t buf[WIRE_SIZE_MAX];
	struct address from = { .len = sizeof(from.sa) };
	ssize_t n;

	n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from.sa, &from.len);
	return n >= 0 && sendto(fd, buf, n, 0, (struct sockaddr *)&from.sa, from.len) == n;
}

/* Answers on one connection, @once or until its peer closes it; how often. */
static uint64_t answer_tcp(int listener, size_t size, bool once)
{
	static uint8_t buf[WIRE_SIZE_MAX];
	uint64_t answered = 0;
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return 0;
	set_nodelay(fd);
	while (!stop_requested && !(once && answered)) {
		/* bounded, as a signal between the test above and the wait would be missed */
		if (!wait_readable(fd, STOP_CHECK_NS))
			continue;
		if (!receive_all(fd, buf, size, INT64_MAX) ||
		    send(fd, buf, size, MSG_NOSIGNAL) != (ssize_t)size)
			break;
		answered++;
	}
	close(fd);
	return answered;
}

static void serve(const struct options *opt)
{
	struct address addr = opt->address;
	uint64_t answered = 0;
	int one = 1;
	int fd;

	address_set_port(&addr, opt->port);
	fd = opt->tcp ? tcp_socket(&addr) : udp_socket(&addr, 0, 0);
	if (opt->tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		die("SO_REUSEADDR: %m");
	if (bind(fd, (struct sockaddr *)&addr.sa, addr.len))
		die("bind port %u: %m", opt->port);
	if (opt->tcp && listen(fd, SOMAXCONN))
		die("listen: %m");
	announce_ready(opt->ready);
	while (!stop_requested) {
		/* bounded for the same reason as above */
		if (wait_readable(fd, STOP_CHECK_NS))
			answered += opt->tcp ? answer_tcp(fd, opt->size, opt->connect) :
					       answer_udp(fd);
	}
	printf("{\"tool\": \"rr\", \"answered\": %llu}\n", (unsigned long long)answered);
}

/* True when the response to @seq came in time. */
static bool await_response(struct client *c, const struct options *opt, uint64_t seq)
{
	static uint8_t buf[WIRE_SIZE_MAX];
	int64_t deadline_ns = now_ns() + opt->timeout_ns;
	struct wire_info info;
	unsigned int stray;
	ssize_t n;

	if (opt->tcp) {
		if (!receive_all(c->fd, buf, opt->size, deadline_ns)) {
			if (stop_requested)
				return false;
			die("no response, or the connection was closed");
		}
		/* a stream has no strays */
		if (wire_parse(buf, opt->size, opt->run, true, &info) != WIRE_GOOD ||
		    info.seq != seq)
			die("not the response to request %llu", (unsigned long long)seq);
		return true;
	}
	for (stray = 0; stray < STRAY_MAX && !stop_requested; stray++) {
		if (!wait_readable(c->fd, deadline_ns - now_ns()))
			return false;
		n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno == ECONNREFUSED)
			die("nobody answers at port %u", opt->port);
		if (n > 0 && wire_parse(buf, n, opt->run, true, &info) == WIRE_GOOD &&
		    info.seq == seq)
			return true;
		c->strays += n > 0;
	}
	return false;
}

/* Returns -1 when a signal came. */
static int connect_to(const struct options *opt)
{
	struct address to = opt->address;
	int fd;

	address_set_port(&to, opt->port);
	fd = opt->tcp ? tcp_socket(&to) : udp_socket(&to, 0, 0);
	if (connect(fd, (struct sockaddr *)&to.sa, to.len)) {
		if (errno != EINTR)
			die("connect: %m");
		close(fd);
		return -1;
	}
	if (opt->tcp)
		set_nodelay(fd);
	return fd;
}

/* The server closes first, so that the client's port is free again at once. */
static void await_end(const struct client *c, const struct options *opt)
{
	uint8_t more;

	if ((!wait_readable(c->fd, opt->timeout_ns) || recv(c->fd, &more, 1, MSG_DONTWAIT)) &&
	    !stop_requested)
		die("the server has not closed the connection");
	close(c->fd);
}

static void note(struct client *c, int64_t sent_ns)
{
	uint32_t rtt_ns = now_ns() - sent_ns;

	samples_add(&c->rtt, rtt_ns);
	if (c->log)
		fprintf(c->log, "%lld %u\n", (long long)sent_ns, rtt_ns);
}

static void ask(const struct options *opt)
{
	static uint8_t buf[WIRE_SIZE_MAX];
	int64_t begin_ns, end_ns;
	struct client c = { };
	uint64_t asked = 0;

	if (!opt->connect)
		c.fd = connect_to(opt);
	samples_init(&c.rtt);
	if (opt->log) {
		c.log = fopen(opt->log, "we");
		if (!c.log)
			die("%s: %m", opt->log);
	}

	begin_ns = now_ns();
	while (!stop_requested && asked < (opt->count ? opt->count : SAMPLES_MAX)) {
		struct wire_info info = { .run = opt->run, .seq = asked };
		int64_t sent_ns = now_ns();

		if (opt->duration_ns && sent_ns - begin_ns >= opt->duration_ns)
			break;
		if (opt->connect)
			c.fd = connect_to(opt);
		if (c.fd < 0)
			break;
		asked++;
		wire_build(buf, opt->size, &info);
		if (send(c.fd, buf, opt->size, MSG_NOSIGNAL) < 0)
			die("send: %m");
		if (await_response(&c, opt, info.seq))
			note(&c, sent_ns);
		else if (stop_requested)
			asked--;	/* nobody waited for it to the end */
		else
			c.timeouts++;
		if (opt->connect && !stop_requested)
			await_end(&c, opt);
		if (opt->interval_ns)
			sleep_until(sent_ns + opt->interval_ns);
	}
	end_ns = now_ns();
	if (c.log && fclose(c.log))
		die("%s: %m", opt->log);

	printf("{\"tool\": \"rr\", \"run\": %u, \"size\": %u, "
	       "\"asked\": %llu, \"answered\": %llu, \"timeouts\": %llu, "
	       "\"strays\": %llu, "
	       "\"duration_ns\": %lld",
	       opt->run, opt->size, (unsigned long long)asked, (unsigned long long)c.rtt.count,
	       (unsigned long long)c.timeouts, (unsigned long long)c.strays,
	       (long long)(end_ns - begin_ns));
	samples_print(&c.rtt, "");
	printf("}\n");
}

int main(int argc, char **argv)
{
	struct options opt;

	parse_options(&opt, argc, argv);
	catch_stop_signals();
	if (opt.server)
		serve(&opt);
	else
		ask(&opt);
	if (fflush(stdout) || ferror(stdout))
		die("standard output: %m");
	return EXIT_SUCCESS;
}
