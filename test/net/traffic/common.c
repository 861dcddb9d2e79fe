// SPDX-License-Identifier: GPL-2.0
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t stop_requested;

static void vreport(const char *fmt, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport(fmt, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

void die_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport(fmt, args);
	va_end(args);
	exit(EXIT_USAGE);
}

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void sleep_until(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

	/* a signal ends the sleep early, which the caller notices */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

uint64_t parse_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	/* strtoull takes "-1" for a huge number */
	if (errno || end == text || *end || text[0] == '-' || value < min || value > max)
		die_usage("%s: '%s' is not a number from %llu to %llu", what, text,
			  (unsigned long long)min, (unsigned long long)max);
	return value;
}

int next_option(int argc, char **argv, const struct option *table, void (*usage)(FILE *to))
{
	int value = getopt_long(argc, argv, "", table, NULL);

	switch (value) {
	case 0:
		usage(stdout);
		exit(EXIT_SUCCESS);
	case '?':
		usage(stderr);
		exit(EXIT_USAGE);
	case -1:
		if (optind != argc)
			die_usage("unexpected argument '%s'", argv[optind]);
	}
	return value;
}

struct address parse_address(const char *what, const char *text)
{
	struct address addr = { .len = 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr.sa;
	struct sockaddr_in *in = (struct sockaddr_in *)&addr.sa;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		addr.len = sizeof(*in);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		addr.len = sizeof(*in6);
	} else {
		die_usage("%s: '%s' is not an IPv4 or IPv6 address", what, text);
	}
	return addr;
}

void address_set_port(struct address *addr, uint16_t port)
{
	/* sin_port and sin6_port lie at the same place */
	((struct sockaddr_in *)&addr->sa)->sin_port = htons(port);
}

void allow_sockets(uint32_t count)
{
	struct rlimit limit;

	count += 16;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit: %m");
	if (limit.rlim_cur >= count)
		return;
	limit.rlim_cur = count;
	if (limit.rlim_max < count)
		limit.rlim_max = count;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("%u files: %m", count);
}

static void set_buffer(int fd, int force, int plain, int bytes)
{
	if (!bytes || !setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)))
		return;
	if (setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes)))
		die("socket buffer of %d bytes: %m", bytes);
}

int udp_socket(const struct address *addr, int rcvbuf, int sndbuf)
{
	int one = 1;
	int fd;

	fd = socket(addr->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket: %m");
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, rcvbuf);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, sndbuf);
	if (addr->sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		die("IPV6_V6ONLY: %m");
	return fd;
}

static void on_stop_signal(int sig)
{
	(void)sig;
	stop_requested = 1;
}

void catch_stop_signals(void)
{
	struct sigaction action = { .sa_handler = on_stop_signal };

	/* no SA_RESTART: a blocked call is to return */
	if (sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL))
		die("sigaction: %m");
}

void print_digest(bool wanted, uint64_t digest)
{
	/* a text: not every reader has integers of 64 bits */
	if (wanted)
		printf("\"digest\": \"%016llx\", ", (unsigned long long)digest);
}

void announce_ready(const char *path)
{
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		die("%s: %m", path);
	close(fd);
}
