# SPDX-License-Identifier: GPL-2.0
"""A kernel that requires signed modules: the messages of `falconctl check` and of loading."""

import json

import pytest

from net.control import UNFIT
from net.falcon import CTL
from vm import module, tools
from vm.guest import Guest

MODULE = "/falcon/build/module/$(uname -r)/falcon.ko"
INSTALL = f"mkdir -p /lib/modules/$(uname -r)/updates/dkms; cp {MODULE} /lib/modules/$(uname -r)/updates/dkms/"
DEMANDS = {
    "sig_enforce": "echo 1 >/sys/module/module/parameters/sig_enforce",
    "lockdown": "mount -t securityfs none /sys/kernel/security 2>/dev/null; echo integrity >/sys/kernel/security/lockdown",
}


@pytest.mark.thorough
@pytest.mark.parametrize("demand", DEMANDS)
def test_unsigned_module_is_refused_and_check_says_so(demand, kernel):
    module.build(kernel)
    tools.falconctl()
    with Guest(kernel=kernel, vcpus=2, memory=512, time_limit=300) as guest:
        def finding():
            said = guest.run(f"{CTL} check --json", check=False)
            found = next(entry for entry in json.loads(said.out)["findings"] if entry["name"] == "signature")
            return said.rc, found

        guest.run(f"{INSTALL}; insmod {MODULE}")
        assert finding()[1]["result"] == "ok"
        guest.run(DEMANDS[demand])
        # After the module is loaded, it works: it uses nothing that lockdown forbids.
        assert json.loads(guest.run(f"{CTL} enable --json").out)["state"] == "enabled"
        guest.run(f"{CTL} disable; rmmod falcon")
        code, found = finding()
        assert (code, found["result"]) == (UNFIT, "fail") and "mokutil" in found["advice"]
        refused = guest.run(f"insmod {MODULE}", check=False)
        assert refused.rc and ("rejected" in refused.err or "not permitted" in refused.err), refused
        guest.run("[[ ! -e /sys/module/falcon ]]")
