/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_COMMON_H
#define FALCON_TRAFFIC_COMMON_H

#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#define NSEC_PER_SEC	1000000000LL
#define NSEC_PER_MSEC	1000000LL

#define EXIT_USAGE	2

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
__attribute__((noreturn, format(printf, 1, 2))) void die_usage(const char *fmt, ...);

int64_t now_ns(void);

/* Until now_ns() is @ns, or a signal comes. */
void sleep_until(int64_t ns);

/* In every program's table of options, whose own values are above. */
#define OPTION_HELP { "help", no_argument, NULL, 0 }

/*
 * The value of the next option, or -1 after the last one. --help is answered, and what is wrong,
 * an unknown option or an argument that is none, ends the program as a usage error.
 */
int next_option(int argc, char **argv, const struct option *table, void (*usage)(FILE *to));

/* Whole number in [min, max], or the program ends with a usage error naming @what. */
uint64_t parse_number(const char *what, const char *text, uint64_t min, uint64_t max);

/* Numeric IPv4 or IPv6 address; names are not looked up. */
struct address parse_address(const char *what, const char *text);
void address_set_port(struct address *addr, uint16_t port);

/* So many sockets may be open, beside what is. */
void allow_sockets(uint32_t count);

/* UDP socket whose buffers are as large as asked for, beyond the sysctls' limits where we may. */
int udp_socket(const struct address *addr, int rcvbuf, int sndbuf);

/* SIGINT and SIGTERM set this; nothing else happens. */
extern volatile sig_atomic_t stop_requested;
void catch_stop_signals(void);

/* A member of the result, when it was asked for. */
void print_digest(bool wanted, uint64_t digest);

/* The file appears once the program is able to receive. */
void announce_ready(const char *path);

#endif
