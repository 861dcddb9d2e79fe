// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE	/* ppoll() */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "error.h"
#include "interrupt.h"

static volatile sig_atomic_t stop;
static sigset_t waiting;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

void interrupt_prepare(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigdelset(&waiting, SIGINT);
	sigdelset(&waiting, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
	return stop;
}

int interrupt_events(struct nl *nl, long timeout, nl_handler handler, bool *lost, void *data)
{
	struct timespec left = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000 };
	struct pollfd ready = { .fd = nl_fd(nl), .events = POLLIN };
	int count = ppoll(&ready, 1, timeout < 0 ? NULL : &left, &waiting);

	*lost = false;
	if (count > 0)
		return nl_events(nl, handler, lost, data);
	return count && errno != EINTR ? fail(EXIT_SYSTEM, errno, NULL, "cannot wait") : EXIT_OK;
}
