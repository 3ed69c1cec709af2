# SPDX-License-Identifier: Apache-2.0
"""Makes the pickles in this folder that would run a program where a real pickle machine loads them.

    python Tests/attacks/make_attacks.py

The names say what they would call and in which protocol. The tests demand that each is refused as unsafe.
"""
import os
import pickle

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def main():
    for protocol in range(6):
        for name, attack in {"os_system": Call(os.system, "true"), "builtins_eval": Call(eval, "1+1")}.items():
            with open(os.path.join(FOLDER, f"{name}_protocol{protocol}.pkl"), "wb") as f:
                # Protocol 0 has instructions of its own for a dictionary, which are refused before the call is met.
                pickle.dump({"down1/downs_0/conv1/weight:0": attack} if protocol else attack, f, protocol)
    # The instruction INST names its global in its own operand; no current Python writes it.
    with open(os.path.join(FOLDER, "inst_os_system.pkl"), "wb") as f:
        f.write(b"\x80\x02(X\x04\x00\x00\x00trueios\nsystem\n.")
    # A global of a module that is allowed, reached by an attribute path.
    with open(os.path.join(FOLDER, "dotted_name.pkl"), "wb") as f:
        f.write(b"\x80\x04\x8c\x05numpy\x8c\x13core.os.path.os.exit\x93.".replace(b"\x13", bytes([20])))


main()
