# SPDX-License-Identifier: GPL-2.0
"""The bench's engine, with rounds that are recorded function by function."""

import dataclasses

from vm import module

from . import flame, hotspot
from .case import CASES
from .engine import Engine, Watch, write
from .parts import Parts
from .symbols import Symbols, sources
from .variant import REPO

PROFILE = "profile.json"


@dataclasses.dataclass
class Profile:
    """The profile of one variant."""

    hotspots: hotspot.Hotspots
    roles: list


class Following(Watch):
    """Records the stacks of a round's window."""

    def __init__(self, guest, case, variant):
        super().__init__(guest, case, variant)
        self.first = self.last = None

    def before(self):
        super().before()
        self.first = self._guest.meter.stacks()

    def after(self):
        self.last = self._guest.meter.stacks()
        super().after()


class Profiler(Engine):
    """Profiler(plan, say).run(): {variant: Profile} of the plan's one case."""

    def __init__(self, plan, say):
        super().__init__(plan, say)
        self._profiles = {}

    def _round(self, topology, guest, variants, number):
        case = CASES[self.plan.cases[0]]
        self._shape(topology, guest, case)
        for variant in variants:
            self._say(f"{case.name} {variant.name}")
            following = Following(guest, case, variant)
            done = self._patiently(topology, guest, case, variant, following, lined=True)
            stacks = hotspot.spent_by_stack(following.first, following.last)
            stretch = hotspot.stretch(stacks, done.instructions)
            found = hotspot.Hotspots(stacks, [user * stretch for _, user in done.instructions], Symbols(self._kallsyms),
                                     Parts(self._files(variant)), case.amount(done.delivered) * stretch)
            self._profiles[variant.name] = Profile(found, done.roles)

    def _files(self, variant):
        if not variant.needs_falcon:
            return {}
        built = module.build(self.plan.kernel)
        return sources(sorted((built.path.parent / "module").glob("**/*.o")))

    def _write(self):
        case, directory = CASES[self.plan.cases[0]], REPO / self.plan.directory
        unit = case.metrics[case.counted.total_instructions]
        write(directory / PROFILE, {
            "case": case.name, "kernel": self._release, "vcpus": self.plan.vcpus, "unit": unit,
            "variants": {name: {**profile.hotspots.document(), "roles": profile.roles}
                         for name, profile in self._profiles.items()}})
        for name, profile in self._profiles.items():
            folded = profile.hotspots.folded(profile.roles)
            stem = directory / f"profile-{case.name}-{name}"
            stem.with_suffix(".folded").write_text("".join(f"{line}\n" for line in folded))
            stem.with_suffix(".svg").write_text(flame.svg(folded, f"{case.name}, {name}, {self._release}: {unit}"))
        return self._profiles
