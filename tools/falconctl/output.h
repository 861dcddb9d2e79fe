/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text and JSON from one call: each out_*() takes the key that the value has in JSON and
 * the format that it has in text. A NULL key is an element of an array; a NULL format
 * leaves the value out of the text. So the two cannot come to say different things.
 */
#ifndef FALCONCTL_OUTPUT_H
#define FALCONCTL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void out_set_json(bool json);
bool out_is_json(void);

/* Documents go to stdout, except between out_to(stderr) and out_to(stdout). */
void out_to(FILE *file);

void out_object(const char *key);
void out_object_end(void);
void out_array(const char *key);
void out_array_end(void);

/* fmt formats one string ("%s"). Control characters never reach a terminal. */
void out_string(const char *key, const char *fmt, const char *value);

/* fmt formats one uint64_t ("%" PRIu64). */
void out_uint(const char *key, const char *fmt, uint64_t value);

/* What is printed as text for true and for false. */
void out_bool(const char *key, const char *yes, const char *no, bool value);
void out_null(const char *key);

/* Text only: headings, blanks, placeholders, ends of lines. */
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Text only, wrapped at the terminal's usual width, each line indented. */
void out_wrap(unsigned int indent, const char *text);

/* The document is complete. 0, or an errno when it could not be written. */
int out_finish(void);

#endif
