# SPDX-License-Identifier: GPL-2.0
"""The bench's engine with a sampled round after each that is not."""

import dataclasses

from vm import module

from .case import CASES
from .engine import Engine, Watch, write
from .hotspot import Hotspots
from .parts import Parts
from .result import per_cpu
from .sampler import START_S, STOP_S, Sampler
from .symbols import Symbols, sources
from .variant import REPO

PROFILE = "profile.json"


@dataclasses.dataclass
class Profile:
    """Of one variant."""

    hotspots: Hotspots
    roles: list
    plain: list         # CPU time of each vCPU in the round without sampling


class Sampling(Watch):
    """Samples taken in a round's window."""

    def __init__(self, guest, case, variant, sampler):
        super().__init__(guest, case, variant)
        self.seconds += START_S + STOP_S
        self.samples = None
        self._sampler = sampler

    def before(self):
        super().before()
        self._sampler.start()

    def after(self):
        self.samples = self._sampler.stop()
        super().after()


class Profiler(Engine):
    """Profiler(plan, say, rate).run(): {variant: Profile} of the plan's one case."""

    def __init__(self, plan, say, rate):
        super().__init__(plan, say)
        self._rate = rate
        self._profiles = {}
        self._symbols = None

    def _round(self, topology, guest, variants, number):
        case = CASES[self.plan.cases[0]]
        self._shape(topology, guest, case)
        for variant in variants:
            self._say(f"{case.name} {variant.name}, not sampled")
            plain = self._measure(topology, guest, case, variant)
            self._say(f"{case.name} {variant.name}, {self._rate} samples a second")
            sampling = Sampling(guest, case, variant, Sampler(guest, self._app, self._rate))
            done = self._measure(topology, guest, case, variant, sampling)
            hotspots = Hotspots(sampling.samples, self._symbols, Parts(self._files(variant)),
                                per_cpu(case, done), case.cpu(done.seconds * 1e9, done.delivered))
            self._profiles[variant.name] = Profile(hotspots, done.roles, per_cpu(case, plain))

    def _applied(self, guest):
        # each time, as a module's addresses change when it is loaded again
        guest.run("cat /proc/kallsyms >/shared/kallsyms")
        self._symbols = Symbols((guest.shared / "kallsyms").read_text())

    def _files(self, variant):
        if not variant.needs_falcon:
            return {}
        built = module.build(self.plan.kernel)
        return sources(sorted((built.path.parent / "module").glob("**/*.o")))

    def _write(self):
        write(REPO / self.plan.directory / PROFILE, {
            "case": self.plan.cases[0], "kernel": self._release, "vcpus": self.plan.vcpus,
            "unit": CASES[self.plan.cases[0]].unit, "samples_per_s": self._rate,
            "variants": {name: {**profile.hotspots.document(), "roles": profile.roles,
                                "per_cpu_not_sampled": profile.plain}
                         for name, profile in self._profiles.items()}})
        return self._profiles
