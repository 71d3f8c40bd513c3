#!/usr/bin/env bash
# Puts drplan on the PATH: the one that is there, or else this one, built.
set -euo pipefail

if command -v drplan; then
  exit
fi
toolchain=()
if command -v rustup; then
  # What comes with a runner may be older than what drplan needs.
  rustup toolchain install stable --profile minimal --no-self-update
  toolchain=(+stable)
fi
cargo "${toolchain[@]}" install --locked --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/drplan"
echo "$RUNNER_TEMP/drplan/bin" >> "$GITHUB_PATH"
