"""What `make run` and `make build` need is enough for them: they configure on machines where the packages of tests and
benchmarks are missing, half installed or broken. Such a machine is made by stand-ins that CMake, pkg-config and the
PATH find first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

# What Debian's config says when its library is not there: a machine with libgtest-dev and without libgmock-dev.
BROKEN = 'message(FATAL_ERROR "The imported target GTest::gmock references a file that does not exist.")'


def target(name: str) -> str:
    return f"add_library({name} INTERFACE IMPORTED)\n"


GTESTS = {
    "gtest without gmock": target("GTest::gtest") + target("GTest::gtest_main"),
    "gmock without gtest": target("GTest::gmock") + target("GTest::gmock_main"),
    "gtest, and targets of a gmock that is not there": target("GTest::gtest") + BROKEN,
    "an empty package": "",
    "no package": None,
}
# The programs that the packages of `run` bring, and those that run them.
PROGRAMS = """cmake ninja c++ cc g++ gcc as ld ar ranlib nm objcopy objdump strip readelf pkg-config ccache protoc
sh bash env uname""".split()


def machine(folder, gtest: str | None) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment with which cmake sees: `gtest` as GoogleTest, a grpc++ that cannot be used, no clang,
    no tools."""
    programs, packages = folder / "programs", folder / "packages"
    programs.mkdir()
    packages.mkdir()
    for name in PROGRAMS:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    (packages / "grpc++.pc").write_text("Name: grpc++\nDescription: broken\nVersion: 1\nRequires: not-there\n")
    arguments = ["-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON"]
    if gtest is not None:
        (packages / "GTestConfig.cmake").write_text(gtest)
        arguments = [f"-DGTest_DIR={packages}"]
    return arguments, {**os.environ, "PATH": str(programs), "PKG_CONFIG_PATH": str(packages)}


def configure(preset: str, folder, gtest: str | None) -> subprocess.CompletedProcess:
    arguments, environment = machine(folder, gtest)
    command = ["cmake", "--preset", preset, "-B", str(folder / "build"), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("gtest", GTESTS.values(), ids=GTESTS)
def test_the_program_is_configured_without_what_tests_need(tmp_path, gtest):
    done = configure("release", tmp_path, gtest)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = subprocess.run(
        ["ninja", "-C", str(tmp_path / "build"), "-t", "targets", "all"], capture_output=True, text=True, check=True
    )
    assert "\nsluice: " in targets.stdout and not re.search(r"_test\b|_fuzz\b|test_servers", targets.stdout)


@pytest.mark.parametrize("gtest", GTESTS.values(), ids=GTESTS)
def test_tests_say_what_they_miss(tmp_path, gtest):
    done = configure("test", tmp_path, gtest)
    assert done.returncode != 0 and re.search("gmock|GTest", done.stderr), done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("dpkg"), reason="no dpkg, which knows whose a file is")
def test_nothing_is_looked_for_in_packages_of_tests_and_benchmarks(tmp_path):
    lines = (ROOT / "tools/packages.txt").read_text().splitlines()
    names = [name for line in lines if re.match("(test|bench): ", line) for name in line.split(": ")[1].split(" | ")]
    listed = subprocess.run(["dpkg", "-L", *names], capture_output=True, text=True).stdout.split("\n")
    theirs = {path for path in listed if path and not os.path.isdir(path)}
    theirs |= {os.path.dirname(path) for path in theirs if path.endswith(".cmake")}  # what find_package remembers
    assert any(path.endswith("/GTest") for path in theirs), "libgtest-dev is not installed"
    subprocess.run(
        ["cmake", "--preset", "release", "-B", str(tmp_path)], cwd=ROOT, capture_output=True, timeout=300, check=True
    )
    found = re.findall("^([^#/:]+):[A-Z]+=(.+)", (tmp_path / "CMakeCache.txt").read_text(), re.MULTILINE)
    assert len(found) > 100 and [entry for entry in found if entry[1] in theirs] == []
