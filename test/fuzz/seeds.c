// SPDX-License-Identifier: GPL-2.0
/* The first inputs for fuzzing the parser: random packets, a file each. */

#include <stdio.h>
#include <stdlib.h>

#include "made.h"

#define SEEDS 400

static void write_seed(const char *directory, unsigned int number)
{
	struct made made;
	char path[4096];
	FILE *file;
	u8 how;

	made_packet(&made);
	if (made_one_in(4))
		made_damage(&made.wire);
	/* The format of fuzz_packet.c. */
	how = made.type == ETH_P_IP ? 0 : made.type == ETH_P_IPV6 ? 1 : 2;
	if (made_one_in(4))
		how |= 4;
	snprintf(path, sizeof(path), "%s/made-%u", directory, number);
	file = fopen(path, "w");
	if (!file || fputc(how, file) == EOF ||
	    fwrite(made.wire.bytes, 1, made.wire.len, file) != made.wire.len || fclose(file)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2) {
		fputs("usage: seeds DIRECTORY\n", stderr);
		return 2;
	}
	made_seed = 0x5eed0006;
	for (i = 0; i < SEEDS; i++)
		write_seed(argv[1], i);
	return 0;
}
