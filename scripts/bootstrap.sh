#!/bin/sh
# Makes sure that Rust programs can be built here at all: a Rust toolchain and a linker. Everything
# else the lab needs is found, explained and installed by `faultline setup`, which has to be built
# first. Changes nothing when both are there.
set -eu

say() { printf '%s\n' "$*" >&2; }

if ! command -v cargo >/dev/null 2>&1; then
    say "cargo is missing: Faultline is written in Rust."
    say "Install a toolchain from https://rustup.rs, open a new shell, and try again."
    exit 2
fi

if command -v cc >/dev/null 2>&1; then
    exit 0
fi

say "A C compiler is missing: Rust needs its linker, and three of the lab's libraries are C code."
if [ "$(uname -s)" = Darwin ]; then
    say "Run: xcode-select --install"
    exit 2
fi
if ! command -v apt-get >/dev/null 2>&1; then
    say "Install gcc (or clang), the C library's headers and make with your package manager."
    exit 2
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        say "Run as root: apt-get install gcc libc6-dev make"
        exit 2
    fi
    say "Installing it needs root: sudo may ask for your password."
    as_root=sudo
fi
say "Installing gcc, libc6-dev and make with apt-get"
# `env` carries the setting through sudo, which clears the environment.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends gcc libc6-dev make >&2
