// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "dscp.h"

static bool is_digit(char c, char first, char last)
{
	return c >= first && c <= last;
}

int dscp_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{ "df", 0 },	/* RFC 2474 */
		{ "le", 1 },	/* RFC 8622 */
		{ "va", 44 },	/* RFC 5865 */
		{ "ef", 46 },	/* RFC 3246 */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(known[i].name, name))
			return known[i].number;
	/* Class selectors, RFC 2474: cs0 to cs7. */
	if (!strncasecmp(name, "cs", 2) && is_digit(name[2], '0', '7') && !name[3])
		return 8 * (name[2] - '0');
	/* Assured forwarding, RFC 2597: a class of 1 to 4, a drop precedence of 1 to 3. */
	if (!strncasecmp(name, "af", 2) && is_digit(name[2], '1', '4') &&
	    is_digit(name[3], '1', '3') && !name[4])
		return 8 * (name[2] - '0') + 2 * (name[3] - '0');
	return -1;
}
