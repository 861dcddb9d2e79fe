// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

#define WIDTH 80

static struct {
	bool json;
	bool comma;	/* the next element is not the first */
	FILE *file;
} out;

static FILE *file(void)
{
	return out.file ? out.file : stdout;
}

void out_set_json(bool json)
{
	out.json = json;
}

bool out_is_json(void)
{
	return out.json;
}

void out_to(FILE *to)
{
	out.file = to;
	out.comma = false;
}

/* Length of the valid UTF-8 sequence at s, 0 if there is none. */
static unsigned int utf8_len(const unsigned char *s)
{
	unsigned int len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
			   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	for (unsigned int i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong, surrogates, beyond the last code point */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* Replace a terminal's control characters, of one byte or two of UTF-8, and invalid UTF-8. */
static void clean_up(char *text)
{
	unsigned char *s = (unsigned char *)text;
	unsigned int len;

	for (; *s; s += len ? len : 1) {
		len = utf8_len(s);
		if (!len || (*s < 0x20 && *s != '\n') || *s == 0x7f)
			*s = '?';
		else if (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)
			memset(s, '?', len);
	}
}

static void json_quote(const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	putc('"', file());
	while (*s) {
		unsigned int len = utf8_len(s);

		if (*s == '"' || *s == '\\')
			fprintf(file(), "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(file(), "\\u%04x", *s);
		else if (len)
			fwrite(s, 1, len, file());
		else
			fputs("\\ufffd", file());
		s += len ? len : 1;
	}
	putc('"', file());
}

static void json_key(const char *key)
{
	if (out.comma)
		fputs(", ", file());
	out.comma = true;
	if (key) {
		json_quote(key);
		fputs(": ", file());
	}
}

static void json_open(const char *key, char bracket)
{
	if (!out.json)
		return;
	json_key(key);
	putc(bracket, file());
	out.comma = false;
}

static void json_close(char bracket)
{
	if (!out.json)
		return;
	putc(bracket, file());
	out.comma = true;
}

void out_object(const char *key)
{
	json_open(key, '{');
}

void out_object_end(void)
{
	json_close('}');
}

void out_array(const char *key)
{
	json_open(key, '[');
}

void out_array_end(void)
{
	json_close(']');
}

#pragma GCC diagnostic push
/* Every format is a literal of the caller; output.h says which. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void out_string(const char *key, const char *fmt, const char *value)
{
	char *clean;

	if (out.json) {
		json_key(key);
		json_quote(value);
		return;
	}
	if (!fmt)
		return;
	clean = strdup(value);
	if (!clean)
		abort();
	clean_up(clean);
	fprintf(file(), fmt, clean);
	free(clean);
}

void out_uint(const char *key, const char *fmt, uint64_t value)
{
	if (out.json) {
		json_key(key);
		fprintf(file(), "%" PRIu64, value);
	} else if (fmt) {
		fprintf(file(), fmt, value);
	}
}

#pragma GCC diagnostic pop

void out_bool(const char *key, const char *yes, const char *no, bool value)
{
	if (out.json) {
		json_key(key);
		fputs(value ? "true" : "false", file());
	} else {
		fputs(value ? yes : no, file());
	}
}

void out_null(const char *key)
{
	if (out.json) {
		json_key(key);
		fputs("null", file());
	}
}

void out_text(const char *fmt, ...)
{
	va_list args;

	if (out.json)
		return;
	va_start(args, fmt);
	vfprintf(file(), fmt, args);
	va_end(args);
}

void out_wrap(unsigned int indent, const char *text)
{
	unsigned int column = 0;

	if (out.json)
		return;
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column && column + 1 + len > WIDTH) {
			putc('\n', file());
			column = 0;
		}
		if (column)
			column += fprintf(file(), " %.*s", len, text);
		else
			column += fprintf(file(), "%*s%.*s", (int)indent, "", len, text);
		text += len;
		text += strspn(text, " ");
	}
	putc('\n', file());
}

int out_finish(void)
{
	if (out.json)
		putc('\n', file());
	out.comma = false;
	errno = 0;
	if (fflush(file()) || ferror(file()))
		return errno ? errno : EIO;
	return 0;
}
