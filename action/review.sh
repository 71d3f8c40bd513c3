#!/usr/bin/env bash
# Reviews a stack: writes the comment into a file and the summary of the job, and says how it ended. It does not fail itself, so that the comment is
# written whatever the verdict is.
#
# STACK, COMMAND, BASE, VARS, REQUIRE_OBJECTIVES, CHECK and COMMENT_FILE are the inputs of the action.
set -uo pipefail

vars=()
while IFS= read -r file; do
  if [ -n "$file" ]; then vars+=(--vars "$file"); fi
done <<< "$VARS"

# What is checked out of a pull request is its merge, whose first parent is what it is merged into.
words=("$COMMAND" "$STACK" --format markdown --base "${BASE:-HEAD^1}" "${vars[@]}")
if [ "$REQUIRE_OBJECTIVES" = true ]; then words+=(--require-objectives); fi

drplan "${words[@]}" > "$COMMENT_FILE"
code=$?

# A stack that is wrong has no comment; the log says what is wrong.
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
