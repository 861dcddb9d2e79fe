# SPDX-License-Identifier: GPL-2.0
# For people. The kernel's build system reads Kbuild instead, which it prefers to this file.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr
DESTDIR ?=
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
SRCDIR ?= /usr/src/falcon-$(VERSION)
BUILD := $(abspath build)
INSTALL ?= install

# What DKMS compiles, and nothing else: no tests, no .git.
DKMS_SOURCES = Kbuild dkms.conf LICENSE $(shell find module include -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' \) ! -name '*.mod.c' ! -name kernel-has.h)

# From the command line or the environment on to what reads them there.
export KERNEL TEST CASES VARIANTS VCPUS ROUNDS WINDOW PAIRS LINED NIC OVERLAY BOOT SWEEP

.DELETE_ON_ERROR:
.PHONY: help module tools install uninstall dkms-install dkms-remove demo bench sweep report bench-compare pairs profile predict budgets check soak torture generate clean distclean

help:
	@echo 'See it work, on this machine, in a virtual one (Debian 12, as root):'
	@echo '  make demo          one flow with the kernel as it is, and with falcon'
	@echo '  make bench         every case and variant: build/bench/results.json'
	@echo '                     CASES="udp-1400-1flow" VARIANTS="stock lanes-2" KERNEL=6.12 VCPUS=6 ROUNDS=5'
	@echo '                     LINED=1 NIC=igb OVERLAY=geneve BOOT=init_on_alloc=0'
	@echo '  make sweep         step by step what one thing changes, SWEEP=size, flows, workers, batch, rate, shift,'
	@echo '                     busy or all (hours): build/bench/sweep-NAME.json; CASES, KERNEL, ROUNDS, LINED=1,'
	@echo '                     NIC, OVERLAY, BOOT'
	@echo '  make report        what was measured last, with plots and the papers'"'"' figures: build/bench/report.html'
	@echo '  make bench-compare what got worse or better since OLD=path/to/results.json, or between OLD and NEW;'
	@echo '                     JSON=1; the command test/bench/compare has exit status 1 when something got worse'
	@echo '  make pairs         falcon enabled and disabled in turn under requests one at a time, every window'
	@echo '                     compared with its neighbour: build/bench/pairs.json; CASES, VARIANTS, KERNEL,'
	@echo '                     VCPUS, PAIRS=40'
	@echo '  make profile       the instructions and cache lines of each part of the path, and of each function,'
	@echo '                     on each CPU, in one of these cases: build/bench/profile.json, flame graphs;'
	@echo '                     CASES, VARIANTS, KERNEL, VCPUS, NIC, OVERLAY, BOOT'
	@echo '  make predict       what the policies say, on a simulated host, of guests of 2 to 6 vCPUs, and what'
	@echo '                     these do; CASES, VCPUS, KERNEL, ROUNDS'
	@echo '  make check         the tests; TEST=name and KERNEL=6.12 select'
	@echo '  make soak          the tests of a kernel, and fuzzing: what is tried under load and change, and'
	@echo '                     by chance, forty times as long, and on every kernel what a check tries on'
	@echo '                     one or leaves out; KERNEL=6.12 and TEST=name select, SOAK=3 is three'
	@echo '                     times as long'
	@echo '  make torture       tests in guests whose kernels are built for it, with detectors of faults:'
	@echo '                     PART="$(PARTS)" selects, KERNEL chooses another kernel'
	@echo
	@echo 'Install on a server:'
	@echo '  make tools         build falconctl                 (build/tools/falconctl)'
	@echo '  make install       falconctl, its manual page and completion; DESTDIR, PREFIX'
	@echo '  make dkms-install  the module by DKMS, for the running kernel (KVER=...) and those to come'
	@echo '  make dkms-remove   take it away again'
	@echo '  make uninstall     undo make install'
	@echo
	@echo 'Work on it:'
	@echo '  make module        the module for KDIR=$(KDIR)'
	@echo '  make budgets       measure anew what a packet may cost: test/budget/budgets.json; ROUNDS=3'
	@echo '  make generate      code from include/netlink/falcon.yaml, and the table in module/README.md'
	@echo '  make clean         remove what was built; distclean: the Debian trees too'

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C tools/falconctl O=$(BUILD)/tools

install: tools
	$(INSTALL) -D -m 0755 $(BUILD)/tools/falconctl $(DESTDIR)$(SBINDIR)/falconctl
	$(INSTALL) -D -m 0644 tools/falconctl.8 $(DESTDIR)$(MANDIR)/man8/falconctl.8
	$(INSTALL) -D -m 0644 tools/completion/falconctl.bash $(DESTDIR)$(COMPLETIONDIR)/falconctl

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/falconctl $(DESTDIR)$(MANDIR)/man8/falconctl.8 \
		$(DESTDIR)$(COMPLETIONDIR)/falconctl

# KVER: the kernel to build for, when it is not the running one. 77 is DKMS's word for a kernel
# that dkms.conf excludes: falcon stays registered, for kernels to come.
KVER ?= $(shell uname -r)
dkms-install:
	rm -rf $(SRCDIR)
	for file in $(DKMS_SOURCES); do \
		$(INSTALL) -D -m 0644 "$$file" "$(SRCDIR)/$$file" || exit 1; \
	done
	dkms add -m falcon -v $(VERSION)
	status=0; dkms build -m falcon -v $(VERSION) -k $(KVER) || status=$$?; \
	case $$status in \
	0) dkms install -m falcon -v $(VERSION) -k $(KVER);; \
	77) echo 'falcon is not for kernel $(KVER): skipped';; \
	*) exit $$status;; \
	esac

dkms-remove:
	dkms remove -m falcon -v $(VERSION) --all
	rm -rf $(SRCDIR)

demo:
	scripts/setup demo
	@$(MAKE) --no-print-directory tools
	test/bench/demo

bench:
	scripts/setup bench
	@$(MAKE) --no-print-directory tools
	test/bench/bench

sweep:
	scripts/setup bench
	@$(MAKE) --no-print-directory tools
	test/bench/sweep

# Both need no more than the tools do, and Python.
report:
	@test/bench/report

bench-compare:
	@test/bench/compare $(if $(JSON),--json) "$(OLD)" "$(NEW)"

pairs:
	scripts/setup bench
	@$(MAKE) --no-print-directory tools
	test/bench/pairs

profile:
	scripts/setup bench
	@$(MAKE) --no-print-directory tools
	test/bench/profile

predict:
	scripts/setup bench
	@$(MAKE) --no-print-directory tools
	test/bench/predict

budgets:
	scripts/setup check
	@$(MAKE) --no-print-directory tools
	test/budget/record

check:
	@scripts/setup check
	@test/run

soak:
	@scripts/setup check
	@SOAK=$(or $(SOAK),1) test/run test/fuzz test/build test/vm test/net test/dkms test/stress

# The kernels of the torture's parts: one that sees faults of memory, of locks and of RCU; one that sees
# data races; the newest one, with the detectors of the first.
PARTS = kasan kcsan newest
kasan_KERNEL = 6.12-kasan
kcsan_KERNEL = 6.12-kcsan
newest_KERNEL = 7.2-kasan
PART ?= $(PARTS)

torture:
	@$(MAKE) --no-print-directory --keep-going $(addprefix torture-,$(PART))

.PHONY: $(addprefix torture-,$(PARTS))
$(addprefix torture-,$(PARTS)): torture-%:
	@KERNEL="$(or $(KERNEL),$($*_KERNEL))" scripts/setup torture
	@KERNEL="$(or $(KERNEL),$($*_KERNEL))" test/run -m torture test/net test/stress

generate:
	scripts/netlink-gen
	scripts/folder-table

clean:
	$(if $(wildcard $(KDIR)),$(MAKE) -C $(KDIR) M=$(CURDIR) clean)
	rm -rf build/module build/tools build/unit build/test build/guests build/bench build/log
	find test scripts tools -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	rm -rf build
