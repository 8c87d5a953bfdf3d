#!/usr/bin/env bash
# kubernetes-validate 1.37.0 (PyPI; a validator of Kubernetes files that brings its schemas along), on Python 3.
#
# Guess: with --strict, which rejects a member that the schema lacks, a document that could not be checked at all fails too:
# a Deployment with its apiVersion or kind misspelt, say.
# Seen: such a document is only warned of, and the exit code is 0, also where the rest of it is wrong. A misspelt member of
# a known kind ends with 1. So the exit code is not enough for a pipeline: warnings have to be read, and --no-warn or
# --quiet would hide them.
#
# Output seen:
#   known kind, misspelt member: exit 1, ERROR
#   misspelt kind, wrong type below: exit 0, WARN
#   misspelt apiVersion, wrong type below: exit 0, WARN
set -euo pipefail

FOLDER=$(mktemp -d)
readonly FOLDER
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"

python3 -m venv tool
tool/bin/pip install --quiet --disable-pip-version-check kubernetes-validate==1.37.0

printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndataa: {b: c}\n' >member.yaml
printf 'apiVersion: apps/v1\nkind: Deploiment\nmetadata: {name: a}\nspec: {replicas: many}\n' >kind.yaml
printf 'apiVersion: app/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: many}\n' >version.yaml

try() {
    local what=$1 file=$2 code=0 said
    said=$(tool/bin/kubernetes-validate --strict --kubernetes-version 1.37 "$file" 2>&1) || code=$?
    echo "$what: exit $code, ${said%% *}"
}

seen=$(
    try 'known kind, misspelt member' member.yaml
    try 'misspelt kind, wrong type below' kind.yaml
    try 'misspelt apiVersion, wrong type below' version.yaml
)
expected='known kind, misspelt member: exit 1, ERROR
misspelt kind, wrong type below: exit 0, WARN
misspelt apiVersion, wrong type below: exit 0, WARN'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'this has changed' >&2; exit 1; }
