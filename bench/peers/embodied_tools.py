#!/usr/bin/env python3
"""Speed of published embodied-carbon tools on this machine, in-process, start-up not counted.

    embodied_tools.py CHECKOUTS

CHECKOUTS is a folder with checkouts of the tools, each under its repository's name: ECO-CHIP, ACT, AzurePublicDataset (for
analysis/GreenSKU-Framework), SCARIF. For each one that is there and runs, prints "tool<TAB>unit<TAB>evaluations per
second", the median of five rounds; for the others a line on standard error. Needs the tools' own packages (pandas, pint,
ruamel.yaml, scipy).
"""
import contextlib
import io
import json
import os
import statistics
import sys
import time
import types

ROUND_SECONDS = 1.0


def rate(work):
    """Median evaluations per second of `work` over five rounds of about a second, output swallowed."""
    rates = []
    with contextlib.redirect_stdout(io.StringIO()):
        work()
        for _ in range(5):
            count, start = 0, time.perf_counter()
            while time.perf_counter() - start < ROUND_SECONDS:
                work()
                count += 1
            rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates)


def enter(folder):
    os.chdir(folder)
    sys.path.insert(0, str(folder))


def eco_chip(checkouts):
    """One system of three chiplets (GA102, RDL) through the tool's own top function."""
    root = os.path.join(checkouts, "ECO-CHIP")
    # The tool imports two packages for its progress bar and plots, which an evaluation does not use.
    for name, members in {"tqdm": ("tqdm", "trange"), "matplotlib": ()}.items():
        stand_in = types.ModuleType(name)
        for member in members:
            setattr(stand_in, member, lambda items, *_, **__: items)
        sys.modules.setdefault(name, stand_in)
    plots = types.ModuleType("matplotlib.pyplot")
    sys.modules.setdefault("matplotlib.pyplot", plots)
    sys.modules["matplotlib"].pyplot = plots
    enter(os.path.join(root, "src"))
    os.chdir(root)
    import pandas
    from CO2_func import calculate_CO2
    from tech_scaling import load_tables

    tables = load_tables()
    folder = os.path.join(root, "testcases", "GA102")
    read = lambda name: json.load(open(os.path.join(folder, name)))
    architecture, design, package = read("architecture.json"), read("designC.json"), read("packageC.json")
    kind = architecture.pop("pkg_type")
    chiplets = pandas.DataFrame(architecture).T
    chiplets.insert(loc=2, column="power", value=chiplets.area.values * float(design["power"]) / chiplets.area.values.sum())
    lifetime = read("operationalC.json")["lifetime"]

    def work():
        calculate_CO2(chiplets.copy(), tables, "GA102", design["num_iter"], package_type=kind, Ns=design["num_prt_mfg"],
                      lifetime=lifetime, carbon_per_kWh=design["Carbon_per_kWh"],
                      transistors_per_gate=design["Transistors_per_gate"], power_per_core=design["Power_per_core"],
                      interposer_node=package["interposer_node"], rdl_layer=package["rdl_layers"],
                      emib_layers=package["emib_layers"], emib_pitch=package["emib_pitch"],
                      tsv_pitch=package["tsv_pitch"], tsv_size=package["tsv_size"], num_beol=package["num_beol"])

    return "3-chiplet systems", rate(work)


def act(checkouts):
    """The bill of materials of a Dell R740, already parsed."""
    root = os.path.join(checkouts, "ACT")
    enter(root)
    import logging

    logging.disable(logging.CRITICAL)
    from act.act_model import ACTModel
    from act.core.bom import BOM, load_bom
    from act.core.units import W

    model = ACTModel()
    bill = load_bom(os.path.join(root, "act", "boms", "dellr740.yaml"), BOM)
    return "R740 bills", rate(lambda: model.get_carbon(bill, op_power=1 * W))


def greensku(checkouts):
    """One SKU from its files to server, rack and data-centre carbon per core."""
    root = os.path.join(checkouts, "AzurePublicDataset", "analysis", "GreenSKU-Framework")
    enter(os.path.join(root, "notebooks"))
    sys.path.insert(0, root)
    sys.path.insert(0, os.path.join(root, "src"))
    from src.carbon_model import ServerCarbon

    config = os.path.join(root, "server_configs", "Eval-Configs", "Baseline.yaml")
    return "SKUs", rate(lambda: ServerCarbon(config, data_source_dir=os.path.join(root, "data", "carbon_data"))
                        .get_carbon_per_sellable_core())


def scarif(checkouts):
    """The five-term linear form."""
    root = os.path.join(checkouts, "SCARIF")
    enter(root)
    # Its predictor of accelerators needs a submodule that this measurement does not.
    for name in ("ACT", "ACT.logic_model"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["ACT.logic_model"].Fab_Logic = None
    import SCARIF_class

    SCARIF_class.acc_preditor.__init__ = lambda self: None

    predictor = SCARIF_class.predictor(D=SCARIF_class.vendor_to_intercept["HP"])
    many = 1000

    def work():
        for _ in range(many):
            predictor.setup(44, 256, 4800, 0, 2017)

    return "servers", many * rate(work)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    checkouts = os.path.abspath(sys.argv[1])
    for tool in (eco_chip, act, greensku, scarif):
        # A process each: the tools change the working folder and share module names.
        child = os.fork()
        if child == 0:
            try:
                what, speed = tool(checkouts)
                print(f"{tool.__name__.replace('_', '-')}\t{what}\t{speed:.6g}", flush=True)
            except Exception as error:  # a missing checkout or package is told, the next tool goes on
                print(f"{tool.__name__}: not measured: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
