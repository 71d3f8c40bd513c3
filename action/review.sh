#!/usr/bin/env bash
# Reviews a stack: writes the comment to a file and to the job summary, and outputs the exit code. The script itself does
# not fail, so that the comment is written in any case.
#
# STACK, COMMAND, BASE, VARS, REQUIRE_OBJECTIVES, CHECK and COMMENT_FILE are the inputs of the action.
set -uo pipefail

vars=()
while IFS= read -r file; do
  if [ -n "$file" ]; then vars+=(--vars "$file"); fi
done <<< "$VARS"

# The checkout of a pull request is its merge commit, whose first parent is the target branch.
words=("$COMMAND" "$STACK" --format markdown --base "${BASE:-HEAD^1}" "${vars[@]}")
if [ "$REQUIRE_OBJECTIVES" = true ]; then words+=(--require-objectives); fi

drplan "${words[@]}" > "$COMMENT_FILE"
code=$?

# An invalid stack has no comment; the log shows its errors.
reviewed=false
if [ -s "$COMMENT_FILE" ]; then
  reviewed=true
  cat "$COMMENT_FILE" >> "$GITHUB_STEP_SUMMARY"
fi

if [ "$CHECK" != false ]; then
  rules=(check "$STACK" "${vars[@]}")
  if [ "$CHECK" = strict ]; then rules+=(--strict); fi
  drplan "${rules[@]}"
  broken=$?
  if [ "$code" -eq 0 ]; then code=$broken; fi
fi

{
  echo "reviewed=$reviewed"
  echo "exit=$code"
} >> "$GITHUB_OUTPUT"
