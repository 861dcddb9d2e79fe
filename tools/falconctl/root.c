// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "root.h"

#define BLANKS " \t\r\v\f"

static const char *root;
static pid_t gzip;

void root_set(const char *path)
{
	root = path;
}

/* A path longer than PATH_MAX is cut, and then does not exist. */
static const char *full(const char *path, char *buf)
{
	if (!root)
		root = getenv("FALCONCTL_ROOT");
	snprintf(buf, PATH_MAX, "%s%s", root ? root : "", path);
	return buf;
}

bool root_exists(const char *path)
{
	char buf[PATH_MAX];

	return !access(full(path, buf), F_OK);
}

FILE *root_open(const char *path)
{
	char buf[PATH_MAX];

	return fopen(full(path, buf), "re");
}

char *root_line(const char *path, char *buf, size_t size)
{
	FILE *file = root_open(path);
	char *line;

	if (!file)
		return NULL;
	line = fgets(buf, (int)size, file);
	fclose(file);
	if (line)
		line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Cuts the first parameter off a command line, without its quotes; NULL if there is none. */
static char *cut_parameter(char **line)
{
	char *from = *line + strspn(*line, BLANKS), *to = from, *parameter = from;
	bool quoted = false, named = true;

	if (!*from)
		return NULL;
	for (; *from && (quoted || !strchr(BLANKS, *from)); from++) {
		if (*from == '"') {
			quoted = !quoted;
			continue;
		}
		named &= *from != '=';
		*to++ = named && *from == '-' ? '_' : *from;
	}
	*line = *from ? from + 1 : from;
	*to = '\0';
	return parameter;
}

bool root_cmdline(void (*each)(const char *parameter, void *data), void *data)
{
	char buf[4096], *line = buf, *parameter;

	if (!root_line("/proc/cmdline", buf, sizeof(buf)))
		return false;
	/* The words behind "--", here with '_' for '-', are for init. */
	while ((parameter = cut_parameter(&line)) && strcmp(parameter, "__"))
		each(parameter, data);
	return true;
}

FILE *root_open_gzip(const char *path)
{
	char buf[PATH_MAX];
	FILE *file;
	int ends[2];

	full(path, buf);
	if (access(buf, R_OK) || pipe(ends))
		return NULL;
	gzip = fork();
	if (!gzip) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execlp("gzip", "gzip", "-dcq", "--", buf, NULL);
		_exit(127);
	}
	close(ends[1]);
	file = gzip > 0 ? fdopen(ends[0], "r") : NULL;
	if (!file)
		close(ends[0]);
	return file;
}

bool root_close_gzip(FILE *file)
{
	int status = -1;

	fclose(file);
	while (waitpid(gzip, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

size_t root_glob(const char *pattern, bool (*each)(const char *path, void *data), void *data)
{
	char buf[PATH_MAX];
	size_t skip, count;
	glob_t found;

	full(pattern, buf);
	skip = strlen(buf) - strlen(pattern);
	if (glob(buf, 0, NULL, &found))
		return 0;
	count = found.gl_pathc;
	for (size_t i = 0; i < count; i++)
		if (!each(found.gl_pathv[i] + skip, data))
			break;
	globfree(&found);
	return count;
}
