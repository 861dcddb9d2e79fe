// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE	/* ppoll() */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
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

int interrupt_wait(struct pollfd *ready, long timeout, int *count)
{
	struct timespec left = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000 };

	*count = ppoll(ready, 1, timeout < 0 ? NULL : &left, &waiting);
	if (*count >= 0)
		return EXIT_OK;
	*count = 0;
	return errno == EINTR ? EXIT_OK : fail(EXIT_SYSTEM, errno, NULL, "cannot wait");
}
