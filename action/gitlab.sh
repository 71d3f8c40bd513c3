#!/usr/bin/env bash
# Keeps one note of a GitLab merge request up to date.
#
# COMMENT_FILE holds the note; TOKEN is a project token with the scope `api`; GitLab sets the other variables in a job of a
# merge request.
set -euo pipefail

marker=$(head -n 1 "$COMMENT_FILE")
if [[ "$marker" != '<!-- drplan '*' -->' ]]; then
  echo "$COMMENT_FILE does not begin with the hidden line of a drplan comment" >&2
  exit 1
fi

ask() {
  curl --silent --show-error --fail-with-body --max-time 60 --header @<(printf 'PRIVATE-TOKEN: %s' "$TOKEN") \
    --header 'Content-Type: application/json' "$@"
}

notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
author=$(ask "$CI_API_V4_URL/user" | jq --raw-output .username)
found=
for ((page = 1; ; page++)); do
  all=$(ask "$notes?per_page=100&page=$page")
  found=$(jq --raw-output --arg marker "$marker" --arg author "$author" \
    'map(select(.author.username == $author and (.body | startswith($marker)))) | .[0].id // empty' <<< "$all")
  if [ -n "$found" ] || [ "$(jq length <<< "$all")" -lt 100 ]; then break; fi
done

body() { jq --raw-input --slurp '{body: .}' "$COMMENT_FILE"; }
if [ -n "$found" ]; then
  body | ask --request PUT --data-binary @- "$notes/$found" > /dev/null
  echo "changed note $found"
else
  body | ask --request POST --data-binary @- "$notes" | jq --raw-output '"wrote note \(.id)"'
fi
