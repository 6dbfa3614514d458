"""What is on the cluster of `tests/cluster/up`: for the commands here that compare it."""
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
NAMESPACES = ["travel-agency", "travel-portal", "travel-control"]
# What a run could touch, and what it makes for itself.
KINDS = (
    "virtualservices,destinationrules,deployments,jobs,pods,leases,services,serviceaccounts,"
    "configmaps,roles,rolebindings"
)
# What the API server and controllers count.
COUNTED = ["resourceVersion", "generation", "managedFields"]


def up():
    """Has the cluster up, and kubectl find it."""
    made = subprocess.run([HERE / "up"], check=True, stdout=subprocess.PIPE, text=True)
    if made.stdout.startswith("SKIPPED"):
        print(made.stdout, end="")
        sys.exit(0)
    print(made.stdout, end="", file=sys.stderr)
    named = subprocess.run([HERE / "up", "--kubeconfig"], check=True, capture_output=True, text=True)
    os.environ["KUBECONFIG"] = named.stdout.strip()


def kubectl(*arguments, text=None):
    command = ["kubectl", "--context", "rig", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def there(kinds=KINDS):
    """Every object that a run could touch, by kind, namespace and name, as people write it."""
    found = {}
    for namespace in NAMESPACES:
        for item in json.loads(kubectl("get", kinds, "-n", namespace, "-o", "json"))["items"]:
            for key in COUNTED:
                item["metadata"].pop(key, None)
            item.pop("status", None)
            found[item["kind"], namespace, item["metadata"]["name"]] = item
    return found


def differing(before, now):
    """The objects that are not as they were."""
    return sorted(
        "/".join(key) for key in set(before) | set(now) if before.get(key) != now.get(key)
    )


def as_before(before, within, kinds=KINDS):
    """What differs in the end, and after how many seconds nothing did."""
    started = time.monotonic()
    while True:
        differs = differing(before, there(kinds))
        took = time.monotonic() - started
        if not differs or took > within:
            return differs, took
        time.sleep(1)
