# SPDX-License-Identifier: GPL-2.0
"""falcon with a fault put into it, to see that what is to detect such a fault does."""

import dataclasses
import shutil

from net.control import Control
from vm import module
from vm.paths import BUILD, REPO


DIRECTORY = BUILD / "test/sabotage"


@dataclasses.dataclass(frozen=True)
class Sabotage:
    """A piece of one of the module's files, and what is there instead."""

    file: str
    text: str
    instead: str


RELEASE = "\t\tfalcon_chain_splice(released, &run->packets);\n"
CHANGE = "\terr = change(&config, data);\n"
FREED = "\tstruct falcon_config *freed = kmemdup(&config, sizeof(config), GFP_KERNEL);\n\n\tkfree(freed);\n"
DELETED = "\tmutex_unlock(&rules_lock);\n\treturn err;\n"
TAKE = "\treturn answer_quickly(gro, NULL, skb);\n"
COUNT = "\tthis_cpu_add(falcon_stats.counter[stage][counter], count);\n"
WAKE = "\tif (smp_call_function_single_async(lane->cpu, &lane->wake))"
REGISTER = "\t\terr = register_ftrace_function(ops);\n"

SABOTAGES = {
    # A run is released whatever was before it.
    "unmerged": Sabotage("module/merge.c", "falcon_chain_splice(&run->packets, output);",
                         "falcon_chain_splice(released, output);"),
    # What one of a hundred runs gave is left in nobody's hands.
    "lossy": Sabotage("module/merge.c", RELEASE, "\t\tif (merge->head % 100)\n\t" + RELEASE),
    "use after free": Sabotage("module/control.c", CHANGE, "\t{\n" + FREED + "\tconfig.batch = READ_ONCE(freed->batch);\n\t}\n" + CHANGE),
    "written after free": Sabotage("module/control.c", CHANGE, "\t{\n" + FREED + "\tWRITE_ONCE(freed->batch, 1);\n\t}\n" + CHANGE),
    "locked for ever": Sabotage("module/priority.c", DELETED, DELETED.partition("\n")[2]),
    # Of a lane's wake-ups every second one fails, as for a CPU that is gone, or is on its way for ever.
    "refused": Sabotage("module/lane.c", WAKE, "\tstatic atomic_t calls;\n\n\tif (atomic_inc_return(&calls) % 2 || "
                        + WAKE.partition("(")[2]),
    "never come": Sabotage("module/lane.c", WAKE, "\tstatic atomic_t calls;\n\n\tif (atomic_inc_return(&calls) % 2)\n"
                           "\t\treturn;\n" + WAKE),
    # As if there were none for a hook that comes back from rest.
    "no memory": Sabotage("module/hook.c", "\terr = register_when_free(&hook->ops);\n",
                          "\terr = hook->state == FALCON_HOOK_STATE_RESTING ? -ENOMEM : "
                          "register_when_free(&hook->ops);\n"),
    # As if somebody attached BPF programs to a function, now and then or all the time.
    "busy for a moment": Sabotage("module/hook.c", REGISTER, "\t\tstatic atomic_t calls;\n\n\t\terr = atomic_inc_return(&calls) "
                                  "% 10 ? -EAGAIN : register_ftrace_function(ops);\n"),
    "busy for ever": Sabotage("module/hook.c", REGISTER, "\t\terr = -EAGAIN;\n"),
    # Of which a budget is to tell: 150 instructions for each packet.
    "wasteful": Sabotage("module/intake.c", TAKE, "\tint waste;\n\n\tfor (waste = 0; waste < 50; waste++)\n"
                         "\t\tbarrier();\n" + TAKE),
    # Likewise: once a jiffy all devices are looked at.
    "walking": Sabotage("module/intake.c", TAKE, "\tstatic unsigned long at;\n\n\tif (READ_ONCE(at) != jiffies) {\n"
                        "\t\tWRITE_ONCE(at, jiffies);\n\t\tfalcon_devices_walk(~0U, NULL, NULL);\n\t}\n" + TAKE),
    # Likewise: whatever any CPU counts, one line has the sum.
    "shared": Sabotage("module/stats.h", COUNT, COUNT + "\tper_cpu(falcon_stats, 0).counter[0][0] += count;\n"),
    # The doorbell's poll hands over nothing in every second jiffy, as if another CPU had run it.
    "not handed over": Sabotage("module/intake.c", "\tempty_slots(intake);\n\tagain",
                                "\tif (jiffies % 2)\n\t\tempty_slots(intake);\n\tagain"),
    "leak": Sabotage("module/plan.c", "kfree_rcu(old, rcu);", "(void)old;"),
}


def put(root, name):
    """A copy of the sources in root, with the fault."""
    sabotage = SABOTAGES[name]
    for source in module.sources():
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / source, root / source)
    file = root / sabotage.file
    text = file.read_text()
    assert text.count(sabotage.text) == 1, f"{sabotage.file} has changed"
    file.write_text(text.replace(sabotage.text, sabotage.instead))


def build(kernel, root, name):
    """Path in the guest of the module that was built from a copy of the sources in root."""
    put(root, name)
    # One directory for all, which begins with falcon's own objects, so that little is compiled for each.
    if not (DIRECTORY / kernel).exists():
        shutil.copytree(module.build(kernel).path.parent, DIRECTORY / kernel)
    built = module.build(kernel, root=root, directory=DIRECTORY / kernel)
    path = DIRECTORY / f"{kernel}-{name}.ko".replace(" ", "-")
    shutil.copy(built.path, path)
    return f"/falcon/{path.relative_to(REPO)}"


class Sabotaged(Control):
    """Such a falcon in a guest."""

    def __init__(self, guest, kernel, root, name):
        super().__init__(guest)
        self._path = build(kernel, root, name)

    def load(self):
        self.guest.run(f"insmod {self._path}")
