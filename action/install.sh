#!/usr/bin/env bash
# Puts drplan on the PATH: an installed one, or this one, built from source.
set -euo pipefail

if command -v drplan; then
  exit
fi
toolchain=()
if command -v rustup; then
  # The toolchain of a runner may be too old for drplan.
  rustup toolchain install stable --profile minimal --no-self-update
  toolchain=(+stable)
fi
cargo "${toolchain[@]}" install --locked --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/drplan"
echo "$RUNNER_TEMP/drplan/bin" >> "$GITHUB_PATH"
