#!/usr/bin/env bash
# Installs what is missing (Debian packages when root, npm packages) and builds. Sourced by demo.sh and test.sh.
set -euo pipefail

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need COMMAND PACKAGE: installs the package when the command is missing.
missing_packages=()
need() { command -v "$1" > /dev/null 2>&1 || missing_packages+=("$2"); }

install_packages() {
  [ ${#missing_packages[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    fail "missing: ${missing_packages[*]}. Install them (on Debian: apt-get install ${missing_packages[*]}) and try again."
  fi
  say "installing ${missing_packages[*]}"
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing_packages[@]}" > /dev/null ||
    fail "${missing_packages[*]} could not be installed"
}

prepare() {
  command -v node > /dev/null || fail "Node.js 20.19 or newer is missing: https://nodejs.org"
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: 20.19 or newer is needed"
  need qemu-img qemu-utils
  need mkfs.ext4 e2fsprogs
  install_packages
  command -v qemu-img > /dev/null || fail "qemu-img is missing and could not be installed"
  if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installing npm packages"
    # Not `npm ci`: it refuses a lock file made behind a registry that lacks some optional packages of other platforms.
    npm install --no-save --no-audit --no-fund --loglevel=error
  fi
  say "building"
  npm run --silent build
}
