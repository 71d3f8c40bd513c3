#!/usr/bin/env bash
# Checks licences, sources and advisories of all dependencies by deny.toml. Advisories need their database; where it cannot be
# fetched, the script prints a note and checks the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny --version 0.20.2
cargo deny --locked check licenses bans sources
if ! cargo deny --locked fetch db 2>/dev/null; then
  echo "SKIPPED: advisories, because their database cannot be fetched" >&2
  exit 0
fi
cargo deny --locked check advisories
