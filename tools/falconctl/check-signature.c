// SPDX-License-Identifier: GPL-2.0
/* check: may an unsigned module be loaded, and is falcon's signed? */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check-fields.h"
#include "finding.h"
#include "root.h"

#define TRAILER "~Module signature appended~\n"
#define ADVICE "Sign it with a key that the firmware knows. DKMS does so; its key becomes known " \
	"by 'mokutil --import /var/lib/dkms/mok.pub', confirmed at the next boot."

/* The reason why the kernel refuses unsigned modules, or NULL if it does not. */
static const char *enforced(bool *known)
{
	char line[256];

	*known = false;
	if (root_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line))) {
		*known = true;
		if (line[0] == 'Y')
			return "module.sig_enforce";
	}
	/* "[none] integrity confidentiality": the word in brackets is in force */
	if (root_line("/sys/kernel/security/lockdown", line, sizeof(line))) {
		*known = true;
		if (strstr(line, "[integrity]") || strstr(line, "[confidentiality]"))
			return "lockdown";
	}
	return NULL;
}

static bool secure_boot(const char *path, void *data)
{
	FILE *file = root_open(path);
	unsigned char bytes[5];

	/* four bytes of flags, then 0 or 1 */
	if (file) {
		if (fread(bytes, 1, sizeof(bytes), file) == sizeof(bytes))
			*(int *)data = bytes[4];
		fclose(file);
	}
	return false;
}

struct module {
	char path[512];
	bool compressed, is_signed;
};

static bool look_at(const char *path, void *data)
{
	struct module *module = data;
	FILE *file = root_open(path);
	char tail[sizeof(TRAILER)] = "";

	if (!file)
		return true;
	snprintf(module->path, sizeof(module->path), "%s", path);
	module->compressed = strcmp(path + strlen(path) - 3, ".ko");
	module->is_signed = !fseek(file, -(long)(sizeof(TRAILER) - 1), SEEK_END) &&
			    fread(tail, 1, sizeof(TRAILER) - 1, file) == sizeof(TRAILER) - 1 &&
			    !strcmp(tail, TRAILER);
	fclose(file);
	return false;
}

static void check_module(const char *why)
{
	static const char *const places[] = { "updates/dkms", "updates", "extra" };
	struct module module = { 0 };
	char release[256], pattern[512];

	if (root_line("/proc/sys/kernel/osrelease", release, sizeof(release)))
		for (size_t i = 0; !module.path[0] && i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(pattern, sizeof(pattern), "/lib/modules/%s/%s/falcon.ko*", release,
				 places[i]);
			root_glob(pattern, look_at, &module);
		}
	if (!module.path[0])
		finding("signature", RESULT_WARN, ADVICE,
			"%s refuses modules without a known signature, and falcon is not installed yet",
			why);
	else if (module.compressed)
		finding("signature", RESULT_UNKNOWN, "See 'modinfo falcon'.",
			"%s refuses modules without a known signature; %s is compressed", why,
			module.path);
	else if (!module.is_signed)
		finding("signature", RESULT_FAIL, ADVICE,
			"%s refuses unsigned modules, and %s is unsigned", why, module.path);
	else
		finding("signature", RESULT_OK, NULL,
			"%s is signed; %s admits it if the kernel knows the key", module.path, why);
}

void check_signature(void)
{
	int boot = -1;
	bool known;
	const char *why = enforced(&known);

	root_glob("/sys/firmware/efi/efivars/SecureBoot-*", secure_boot, &boot);
	if (boot == 1)
		finding("secure-boot", RESULT_OK, NULL, "Secure Boot is on%s",
			why ? "" : ", but the kernel refuses no module");
	else
		finding("secure-boot", RESULT_OK, NULL,
			boot ? "no Secure Boot" : "Secure Boot is off");
	if (why)
		check_module(why);
	else if (known)
		finding("signature", RESULT_OK, NULL, "modules need no signature");
	else
		finding("signature", RESULT_UNKNOWN,
			"Run as root, with securityfs mounted on /sys/kernel/security.",
			"cannot tell whether modules need a signature");
}
