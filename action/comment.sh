#!/usr/bin/env bash
# Keeps one comment of a pull request up to date: changes the comment of AUTHOR that begins with the same hidden line, or
# writes a new one.
#
# COMMENT_FILE holds the comment; TOKEN must have permission to write it to PULL_REQUEST of GITHUB_REPOSITORY at
# GITHUB_API_URL.
set -euo pipefail

marker=$(head -n 1 "$COMMENT_FILE")
if [[ "$marker" != '<!-- drplan '*' -->' ]]; then
  echo "$COMMENT_FILE does not begin with the hidden line of a drplan comment" >&2
  exit 1
fi

# Pass the token through a file, so that no process list shows it.
ask() {
  curl --silent --show-error --fail-with-body --max-time 60 \
    --header @<(printf 'Authorization: Bearer %s' "$TOKEN") \
    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' "$@"
}

repository="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY"
found=
for ((page = 1; ; page++)); do
  comments=$(ask "$repository/issues/$PULL_REQUEST/comments?per_page=100&page=$page")
  found=$(jq --raw-output --arg marker "$marker" --arg author "$AUTHOR" \
    'map(select(.user.login == $author and (.body | startswith($marker)))) | .[0].id // empty' <<< "$comments")
  if [ -n "$found" ] || [ "$(jq length <<< "$comments")" -lt 100 ]; then break; fi
done

body() { jq --raw-input --slurp '{body: .}' "$COMMENT_FILE"; }
if [ -n "$found" ]; then
  body | ask --request PATCH --data-binary @- "$repository/issues/comments/$found" | jq --raw-output '"changed " + .html_url'
else
  body | ask --request POST --data-binary @- "$repository/issues/$PULL_REQUEST/comments" | jq --raw-output '"wrote " + .html_url'
fi
