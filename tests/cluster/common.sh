# shellcheck shell=bash
# What the commands here share; sourced by them.
#
# They heed these variables: FAULTLESS, the program to test (built as a release by default); RIG_HOME,
# where the rig keeps what it builds; and TEST_CLUSTER, a folder for images and records.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
rig=$here/rig/rig
work=${TEST_CLUSTER:-$repository/target/cluster}
readonly here repository rig work
# The namespaces of `features/application.yaml`, and the manifests that a local mesh starts with.
readonly AGENCY=travel-agency PORTAL=travel-portal CONTROL=travel-control
# Those programs of the demo that it has images for.
readonly STAND_INS=(travels hotels cars flights insurances discounts mysqldb portal loadtester
    control)
readonly STAND_IN=quay.io/kiali/demo_travels_
# Pods of the demo are ready after 5 to 8 s; on a machine that does something else, too, after a
# minute.
readonly DEMO_LIMIT=180s

say() { printf '%s\n' "$*" >&2; }

# Whether this machine can have the rig; where not, says what is missing, and ends well: a gate that
# cannot have a cluster is not one that fails.
can_or_skip() {
    local missing=()
    [[ $(uname -s) == Linux ]] || missing+=("Linux")
    [[ $(id -u) == 0 ]] || missing+=("root (for network devices, mounts and namespaces)")
    local tool
    for tool in go gcc python3 dpkg; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]})) || return 0
    printf 'SKIPPED %s: no cluster can be made here, for want of' "$(basename "$0")"
    printf ' %s' "${missing[@]}"
    printf '\n'
    exit 0
}

# The program to test.
faultless() {
    if [[ -z ${FAULTLESS:-} ]]; then
        (cd "$repository" && cargo build --release --quiet)
        FAULTLESS=${CARGO_TARGET_DIR:-$repository/target}/release/faultless
    fi
    printf '%s\n' "$FAULTLESS"
}

# images PROGRAM: the archives `$work/stand-ins.tar` and `$work/faultless.tar`. One layer, eleven
# names: what a container is, its entrypoint says.
images() {
    local program=$1 root=$work/root name arguments=()
    mkdir -p "$work"
    "$rig" root "$root" "$program"
    # The program may have another name; in the image it has its own.
    [[ $(basename "$program") == faultless ]] ||
        mv "$root/usr/local/bin/$(basename "$program")" "$root/usr/local/bin/faultless"
    for name in "${STAND_INS[@]}"; do
        arguments+=(--image "$STAND_IN$name:v1" /usr/local/bin/faultless stand-in "$name")
    done
    "$here/image.py" --root "$root" --user 65532 --out "$work/stand-ins.tar" "${arguments[@]}" >&2
    "$program" image --out "$work/faultless.tar" >&2
}

# demo KUBECTL…: the Travel Demo as the local mesh has it, on the cluster of this kubectl; until all
# its pods are ready.
demo() {
    local namespace
    "$@" apply -f "$here/nothing-is-pulled.yaml" -f "$repository/features/demo/namespaces.yaml" >&2
    "$@" -n $AGENCY apply -f "$repository/features/demo/travel_agency.yaml" >&2
    "$@" -n $PORTAL apply -f "$repository/features/demo/travel_portal.yaml" >&2
    "$@" -n $CONTROL apply -f "$repository/features/demo/travel_control.yaml" >&2
    for namespace in $AGENCY $PORTAL $CONTROL; do
        "$@" -n "$namespace" rollout status deployment --timeout "$DEMO_LIMIT" >&2 ||
            { "$@" -n "$namespace" get pods >&2; return 1; }
    done
}
