# SPDX-License-Identifier: GPL-2.0
"""falcon's variants, and the list of all: stock (base.py), stock tuned by hand (peers.py), paths shortened by BPF
programs (shortcut.py), falcon. A new variant is a class in one of these files and a word in that list.
"""

import contextlib
import json

from net import memcached, tcp, udp, wait

from . import peers, rules, shortcut
from .base import (  # noqa: F401  part of this interface
    REPO, ROLES, Stock, Variant, application_cpu, free_cpus, path_cpus, stage_cpus)
from .case import BenchError
from .measure import REQUEST_PORT, STAMPED_PORT, answering_cpu

FALCONCTL = "/falcon/build/tools/falconctl"
PORTS = {"udp": udp.DEFAULT_PORT, "tcp": tcp.DEFAULT_PORT, "rr": udp.DEFAULT_PORT, "priority": udp.DEFAULT_PORT,
         "memcached": udp.DEFAULT_PORT}
OTHER_PORT = 9          # used by no flow
# The rule for each kind of requests. memcached's has no rate limit, because the load has no fixed rate.
REQUESTS = {"priority": f"protocol=udp dport={REQUEST_PORT}-{STAMPED_PORT}",
            "memcached": f"protocol=tcp dport={memcached.PORT} rate=0"}


class Loaded(Variant):
    """The module is loaded, but not enabled: this must cost nothing."""

    name = "loaded"
    needs_falcon = True

    def apply(self, guest, case):
        guest.run(f"insmod {self.module}")

    def undo(self, guest):
        guest.run("rmmod falcon")

    def check(self, guest, case, done):
        guest.run("grep -w falcon /proc/modules")
        attached = guest.run("cat /sys/kernel/tracing/enabled_functions").out.strip()
        if attached:
            raise BenchError(f"loaded: functions are hooked though falcon is not enabled: {attached}")


class Falcon(Variant):
    """falcon enabled. Subclasses differ in config()."""

    needs_falcon = True
    without = "falcon disabled"

    def config(self, case):
        """{key: value} for falconctl config set"""
        config = {"cpus": ",".join(map(str, self.cpus))}
        return {**config, "load-threshold": case.loaded} if case.loaded else config

    def apply(self, guest, case):
        words = " ".join(f"{key}={value}" for key, value in self.config(case).items())
        guest.run(f"set -e\ninsmod {self.module}\n"
                  f"if ! {{ {FALCONCTL} config set {words} && {FALCONCTL} enable; }}; then\n"
                  f"\trmmod falcon; exit 1\n"
                  f"fi")

    def undo(self, guest):
        guest.run(f"set -e\n{FALCONCTL} disable\nrmmod falcon")

    def calm(self, guest):
        def parked():
            return any(hook["state"] == "parked" for hook in self.ask(guest, "status")["hooks"])
        wait.until(parked, 30, f"hooks of {self.name} to be parked")

    def switch(self, guest, case, on):
        guest.run(f"{FALCONCTL} {'enable' if on else 'disable'}")
        if on:
            self.settle(guest, case)

    @staticmethod
    def ask(guest, command):
        """falconctl's answer, decoded."""
        return json.loads(guest.run(f"{FALCONCTL} --json {command}").out)

    def counter(self, guest, name):
        """A counter's sum so far."""
        return self.ask(guest, "stats show --all")["total"][name]


class Pipeline(Falcon):
    """A CPU for each stage: the CPUs that rps-disjoint gets."""

    name, policy = "pipeline", "hash"

    def config(self, case):
        return {**super().config(case), "mode": "pipeline", "policy": self.policy}

    def check(self, guest, case, done):
        if not self.counter(guest, "steered"):
            raise BenchError(f"{self.name}: falcon steered no packet, so the round measured stock")


class PipelineTwoChoice(Pipeline):
    """Two-choice, as in FALCON."""

    name, policy, usual = "pipeline-two-choice", "two-choice", False


class PipelineAuto(Pipeline):
    name, policy, usual = "pipeline-auto", "auto", False


class Lanes(Falcon):
    """Micro-flows on `workers` CPUs. With one worker, another CPU runs the container's stage."""

    workers = None      # several workers need a CPU each, besides interrupts, delivery and application
    MIN_TAKEN = 0.7     # of the frames: a flow starts as a mouse, and then parked hooks must be attached
    READY_S, WATCH_S = 3, 1
    PACED = 1000        # packets/s of all flows together

    def __init__(self, vcpus):
        super().__init__(vcpus)
        self.cpus = free_cpus(vcpus)
        self._flow = None

    def config(self, case):
        config = {**super().config(case), **self.mode()}
        # Paced traffic must be an elephant on a slow machine, too.
        return {**config, "elephant-rate": self.PACED // case.flows} if case.paced else config

    def mode(self):
        """The part of the configuration that determines how a flow is spread. By hash, so that it keeps its CPUs."""
        return {"mode": "lanes", "workers": self.workers, "policy": "hash"}

    def is_spread(self, flow):
        """True if the flow has as many workers as this variant specifies."""
        return flow.get("state") == ("several" if self.workers > 1 else "one") and len(self._used()) == self.workers

    def _is_up(self, guest, case):
        flows = [flow for flow in self.ask(guest, "flow list --top 1000")["flows"]
                 if flow.get("protocol") == case.protocol and flow.get("dport") == PORTS[case.kind]]
        self._flow = max(flows, key=lambda flow: flow["packets"], default=None)
        return self._flow is not None and self.is_spread(self._flow)

    def ready(self, guest, case):
        if case.paced:
            self._wait_for_state(guest, case, self.READY_S)

    def watch(self, guest, case):
        # If the host stops the sender for a moment, the flow becomes a mouse for a moment.
        self._wait_for_state(guest, case, self.WATCH_S if case.paced else 0)

    def _wait_for_state(self, guest, case, seconds):
        """If the flow does not reach its state, check() reports it."""
        with contextlib.suppress(TimeoutError):
            wait.until(lambda: self._is_up(guest, case), seconds, "its state")

    def check(self, guest, case, done):
        taken = self.counter(guest, "taken")
        if not case.paced:
            # these are mice: the round measures that falcon leaves them alone
            self._check_mouse(guest, done, taken)
            return
        if taken < self.MIN_TAKEN * done.frames:
            limit = self.ask(guest, "config show")["elephant-rate"]
            raise BenchError(f"{self.name}: falcon took {taken} of {done.frames} frames, so the round measured "
                             f"something else ({done.frames / done.total_s:.0f} came a second; it takes flows of {limit})")
        if self._flow is None:
            raise BenchError(f"{self.name}: falcon did not list the flow")
        if not self.is_spread(self._flow):
            raise BenchError(f"{self.name}: the flow is not spread over {self.workers or 'as many'} worker(s) as it should, "
                             f"but: {json.dumps(self._flow)}")

    def _check_mouse(self, guest, done, taken):
        status = self.ask(guest, "status")
        if (status["state"], status["mode"]) != ("enabled", "lanes"):
            raise BenchError(f"{self.name}: falcon is {status['state']} in mode {status['mode']}")
        rate = done.delivered / done.seconds
        if taken and rate < self.ask(guest, "config show")["elephant-rate"]:
            raise BenchError(f"{self.name}: falcon took {taken} packets of a flow of only {rate:.0f} a second")

    def _used(self):
        """CPUs on which the flow was seen."""
        return {int(cpu) for cpu in (self._flow or {}).get("workers", "").split(",") if cpu}

    def roles(self):
        roles = super().roles()
        if self._flow and "cpu" in self._flow:
            roles[self._flow["cpu"]] = roles[self._flow["cpu"]] or "delivery"
        for cpu in self._used():
            roles[cpu] = roles[cpu] or "worker"
        return roles


class Lanes1(Lanes):
    name, workers, min_vcpus = "lanes-1", 1, 2


class Lanes2(Lanes):
    name, workers, min_vcpus = "lanes-2", 2, 5


class Lanes3(Lanes):
    name, workers, min_vcpus = "lanes-3", 3, 6


class Lanes4(Lanes):
    name, workers, min_vcpus, usual = "lanes-4", 4, 7, False


class Lanes5(Lanes):
    name, workers, min_vcpus, usual = "lanes-5", 5, 8, False


class Auto(Lanes):
    """falcon's default: it decides how many workers the flow gets, and which CPUs."""

    name, min_vcpus = "auto", 2

    def mode(self):
        return {}

    def is_spread(self, flow):
        return flow.get("state") in ("one", "several")


class Hash(Auto):
    """The flow's hash selects the CPUs, whatever the load: FALCON's static choice."""

    name, usual = "hash", False

    def mode(self):
        return {"policy": "hash"}


class TwoChoice(Auto):
    """A second CPU to choose from if the first one is loaded: FALCON's dynamic choice."""

    name, usual = "two-choice", False

    def mode(self):
        return {"policy": "two-choice"}


class Standby(Falcon):
    """A host as busy as falcon's threshold: falcon stands by, which must cost nothing."""

    name, usual = "standby", False

    def config(self, case):
        return {**super().config(case), "busy-threshold": 1}

    def ready(self, guest, case):
        with contextlib.suppress(TimeoutError):
            wait.until(lambda: self.ask(guest, "status")["state"] == "standby", 3, "falcon to step aside")

    def check(self, guest, case, done):
        state = self.ask(guest, "status")["state"]
        taken, steered = self.counter(guest, "taken"), self.counter(guest, "steered")
        # the first packets make the host busy
        if state != "standby" or taken + steered > 0.3 * done.frames:
            raise BenchError(f"{self.name}: falcon is {state}, and took {taken} and steered {steered} "
                             f"of {done.frames} packets")


class Rules10(Auto):
    """With rules that match none of the flows."""

    name, usual, count = "rules-10", False, 10

    def apply(self, guest, case):
        super().apply(guest, case)
        rules.add(guest, self.count)

    def calm(self, guest):
        """With a rule, hooks are never parked."""

    def check(self, guest, case, done):
        super().check(guest, case, done)
        found = self.ask(guest, "priority list")["rules"]
        if len(found) != self.count or any(rule["flows"] for rule in found):
            raise BenchError(f"{self.name}: falcon has {len(found)} rules, and "
                             f"{sum(rule['flows'] for rule in found)} flows were found to be of them")


class Rules10000(Rules10):
    name, against, count = "rules-10000", Rules10.name, 10000
    without = against

    def switch(self, guest, case, on):
        if on:
            rules.add(guest, self.count, Rules10.count)
        else:
            guest.run(f"{FALCONCTL} priority flush")
            rules.add(guest, Rules10.count)


class SyncRule(Falcon):
    """Requests one at a time that go ahead by a rule: on the NIC's CPU, past every queue."""

    name, usual, min_vcpus = "sync-rule", False, 2

    def config(self, case):
        return {**super().config(case), "mode": "lanes"}

    def apply(self, guest, case):
        super().apply(guest, case)
        self.ask(guest, f"priority add protocol={case.protocol} dport={PORTS[case.kind]} mode=sync rate=0")

    def calm(self, guest):
        """With a rule, hooks are never parked."""

    def check(self, guest, case, done):
        rule, = self.ask(guest, "priority list")["rules"]
        if rule["packets"] < 0.9 * done.frames:
            raise BenchError(f"{self.name}: only {rule['packets']} of {done.frames} packets went ahead")


class Lanes3SyncRule(Lanes3):
    """With a sync rule that matches none of the flows."""

    name, usual = "lanes-3-sync-rule", False

    def apply(self, guest, case):
        super().apply(guest, case)
        self.ask(guest, f"priority add protocol={case.protocol} dport={OTHER_PORT} mode=sync rate=0")


class PrioritySync(Falcon):
    """Requests go ahead by a rule, at once. All other traffic stays on the kernel's path, on the NIC's CPU."""

    name, how, usual, min_vcpus = "priority-sync", "sync", False, 4

    def config(self, case):
        # as many as stock has: no other CPU
        return {**super().config(case), "mode": "lanes", "elephant-rate": 2 ** 32 - 1}

    def apply(self, guest, case):
        if case.kind not in REQUESTS:
            raise BenchError(f"{self.name}: {case.name} has no requests that could go ahead")
        super().apply(guest, case)
        self.ask(guest, f"priority add {REQUESTS[case.kind]} mode={self.how}")

    def check(self, guest, case, done):
        rule, = self.ask(guest, "priority list")["rules"]
        if rule["packets"] < 0.5 * done.requests:
            raise BenchError(f"{self.name}: only {rule['packets']} packets went ahead, of {done.requests} requests")


class PriorityBatch(PrioritySync):
    """Requests go ahead by a rule, after the NIC's poll that brings them."""

    name, how = "priority-batch", "batch"


class PriorityLanes(PrioritySync):
    """Requests go ahead at once, and all other traffic is in lanes."""

    name = "priority-sync-lanes"

    def config(self, case):
        return {**super().config(case), "cpus": "1-" + str(answering_cpu(application_cpu(self.vcpus)) - 1),
                "elephant-rate": Lanes.PACED}


VARIANTS = {variant.name: variant for variant in (
    Stock, *peers.VARIANTS, *shortcut.VARIANTS, Loaded, Pipeline, PipelineTwoChoice, PipelineAuto,
    Lanes1, Lanes2, Lanes3, Lanes4, Lanes5, Auto, Hash, TwoChoice, Standby, Rules10, Rules10000, SyncRule,
    Lanes3SyncRule,
    PrioritySync, PriorityBatch, PriorityLanes)}
