#!/usr/bin/env bash
# Resolves every requirements.txt with hashes and without index URLs. Arguments go to uv.
# The services come first; the environments that run and test them use the same releases.
set -euo pipefail
cd "$(dirname "$0")/../.."

compile() { # <output> <inputs on standard input> [arguments]
    local output=$1
    shift
    "$UV" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" \
        --no-emit-package identity --no-emit-package mailer \
        --no-emit-package port-events --no-emit-package port-runtime \
        --output-file "$output" "$@" -
    echo "  $output"
}

editable() { printf -- '-e ./%s\n' "$@"; }

# Our environments and images include the extra `tracing`.

editable 'services/identity[tracing]' shared/events shared/runtime | { cat; echo 'setuptools>=77'; } |
    compile services/identity/requirements.txt "$@"
editable 'services/mailer[tracing]' shared/events shared/runtime | { cat; echo 'setuptools>=77'; } |
    compile services/mailer/requirements.txt "$@" -c services/identity/requirements.txt
constraints=(-c services/identity/requirements.txt -c services/mailer/requirements.txt)
all=('services/identity[tracing]' 'services/mailer[tracing]' shared/events shared/runtime)
editable "${all[@]}" | cat - deploy/local/requirements.in | compile deploy/local/requirements.txt "$@" "${constraints[@]}"
editable "${all[@]}" | cat - tests/requirements.in | compile tests/requirements.txt "$@" "${constraints[@]}"
compile deploy/local/mailbox-requirements.txt "$@" <deploy/local/mailbox.in
compile deploy/local/uv-requirements.txt "$@" <deploy/local/uv.in
