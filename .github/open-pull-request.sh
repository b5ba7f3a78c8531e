#!/usr/bin/env bash
# Commits what is staged to a branch, over whatever was there, and opens a pull request for it unless one is open.
set -euo pipefail
branch="$1" title="$2"
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git commit --quiet --message "$title"
git push --quiet --force "https://x-access-token:${GH_TOKEN}@github.com/${GITHUB_REPOSITORY}.git" "HEAD:refs/heads/$branch"
if [ "$(gh pr list --head "$branch" --state open --json number --jq length)" = 0 ]; then
  gh pr create --base main --head "$branch" --title "$title" --body "Opened by ${GITHUB_WORKFLOW}. Checks run once somebody closes and reopens this, or pushes to it."
fi
