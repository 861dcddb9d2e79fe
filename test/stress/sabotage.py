# SPDX-License-Identifier: GPL-2.0
"""falcon with a fault in its source, to see that the tests detect such a fault."""

import dataclasses
import shutil

from net.control import Control
from vm import module
from vm.paths import BUILD, REPO


DIRECTORY = BUILD / "test/sabotage"


@dataclasses.dataclass(frozen=True)
class Sabotage:
    """A piece of a source file of the module, and its replacement."""

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
    # A run is released before earlier runs are complete.
    "unmerged": Sabotage("module/lanes/reorder.c", "falcon_chain_splice(&run->packets, output);",
                         "falcon_chain_splice(released, output);"),
    # falcon loses the output of one in a hundred runs.
    "lossy": Sabotage("module/lanes/reorder.c", RELEASE, "\t\tif (reorder->head % 100)\n\t" + RELEASE),
    "use after free": Sabotage("module/control/control.c", CHANGE, "\t{\n" + FREED + "\tconfig.batch = READ_ONCE(freed->batch);\n\t}\n" + CHANGE),
    "written after free": Sabotage("module/control/control.c", CHANGE, "\t{\n" + FREED + "\tWRITE_ONCE(freed->batch, 1);\n\t}\n" + CHANGE),
    "locked for ever": Sabotage("module/rules/priority.c", DELETED, DELETED.partition("\n")[2]),
    # Every second wake-up of a lane fails: it is refused, as for a CPU that is gone, or it never arrives.
    "refused": Sabotage("module/lanes/lane.c", WAKE, "\tstatic atomic_t calls;\n\n\tif (atomic_inc_return(&calls) % 2 || "
                        + WAKE.partition("(")[2]),
    "never come": Sabotage("module/lanes/lane.c", WAKE, "\tstatic atomic_t calls;\n\n\tif (atomic_inc_return(&calls) % 2)\n"
                           "\t\treturn;\n" + WAKE),
    # As if there were no memory for a parked hook.
    "no memory": Sabotage("module/hook/hook.c", "\terr = register_when_free(&hook->ops);\n",
                          "\terr = hook->state == FALCON_HOOK_STATE_PARKED ? -ENOMEM : "
                          "register_when_free(&hook->ops);\n"),
    # As if there were no memory for the last hook of a capability.
    "no memory for the last": Sabotage("module/hook/hook.c", "\terr = register_when_free(&hook->ops);\n",
                                       "\terr = hook == &hooks[FALCON_HOOK_INGRESS] ? -ENOMEM : "
                                       "register_when_free(&hook->ops);\n"),
    # As if somebody attached BPF programs to a function, now and then or all the time.
    "busy for a moment": Sabotage("module/hook/hook.c", REGISTER, "\t\tstatic atomic_t calls;\n\n\t\terr = atomic_inc_return(&calls) "
                                  "% 10 ? -EAGAIN : register_ftrace_function(ops);\n"),
    "busy for ever": Sabotage("module/hook/hook.c", REGISTER, "\t\terr = -EAGAIN;\n"),
    # For the budgets to detect: 300 instructions for each packet.
    "wasteful": Sabotage("module/lanes/ingress.c", TAKE, "\tint waste;\n\n\tfor (waste = 0; waste < 100; waste++)\n"
                         "\t\tbarrier();\n" + TAKE),
    # For the budgets to detect: a walk over all devices once a jiffy.
    "walking": Sabotage("module/lanes/ingress.c", TAKE, "\tstatic unsigned long at;\n\n\tif (READ_ONCE(at) != jiffies) {\n"
                        "\t\tWRITE_ONCE(at, jiffies);\n\t\tfalcon_devices_walk(~0U, NULL, NULL);\n\t}\n" + TAKE),
    # For the budgets to detect: every CPU's count also goes into one shared cache line.
    "shared": Sabotage("module/core/stats.h", COUNT, COUNT + "\tper_cpu(falcon_stats, 0).counter[0][0] += count;\n"),
    # The gate's poll hands over nothing in every second jiffy, as if another CPU had run it.
    "not handed over": Sabotage("module/lanes/gate_poll.c", "\tfalcon_bins_empty(&poll->bins, &poll->runner);\n",
                                "\tif (jiffies % 2)\n\t\tfalcon_bins_empty(&poll->bins, &poll->runner);\n"),
    "leak": Sabotage("module/control/planner.c", "kfree_rcu(old, rcu);", "(void)old;"),
}


def put(root, name):
    """Copy the sources to root, and put the fault in."""
    sabotage = SABOTAGES[name]
    for source in module.sources():
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / source, root / source)
    file = root / sabotage.file
    text = file.read_text()
    assert text.count(sabotage.text) == 1, f"{sabotage.file} has changed"
    file.write_text(text.replace(sabotage.text, sabotage.instead))


def build(kernel, root, name):
    """Build the module from a copy of the sources in root; its path in the guest."""
    put(root, name)
    # All faults use one directory, which starts with falcon's own objects, so little is compiled for each.
    if not (DIRECTORY / kernel).exists():
        shutil.copytree(module.build(kernel).path.parent, DIRECTORY / kernel)
    built = module.build(kernel, root=root, directory=DIRECTORY / kernel)
    path = DIRECTORY / f"{kernel}-{name}.ko".replace(" ", "-")
    shutil.copy(built.path, path)
    return f"/falcon/{path.relative_to(REPO)}"


class Sabotaged(Control):
    """falcon with a fault, in a guest."""

    def __init__(self, guest, kernel, root, name):
        super().__init__(guest)
        self._path = build(kernel, root, name)

    def load(self):
        self.guest.run(f"insmod {self._path}")
