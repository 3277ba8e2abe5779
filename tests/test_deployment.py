"""The files of docs/deployment, by the tools that know their kinds, and what they say of processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfgan import processes

FOLDER = Path(__file__).parents[1] / "docs/deployment"
TOOLS = Path(sys.executable).parent

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "command",
    [("hadolint", "Dockerfile"), ("shellcheck", "train.slurm"), ("bash", "-n", "train.slurm")],
)
def test_tools_find_nothing(command):
    tool = TOOLS / command[0] if (TOOLS / command[0]).exists() else shutil.which(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def documents(name):
    import yaml

    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def jobs(name):
    """The jobs of a manifest, those of a JobSet as jobs by themselves."""
    for document in documents(name):
        if document["kind"] == "Job":
            yield document
        for part in document["spec"].get("replicatedJobs", ()):
            yield {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": f"{document['metadata']['name']}-{part['name']}-0"},
                **part["template"],
            }


@pytest.mark.parametrize("name", ["job.yaml", "jobset.yaml"])
def test_manifests_are_of_their_schemas(name):
    import kubernetes_validate

    others = [d for d in documents(name) if d["kind"] in ("Service", "PersistentVolumeClaim")]
    found = [*others, *jobs(name)]
    assert len(found) == 3
    for document in found:
        kubernetes_validate.validate(document, "1.31", strict=True)


@pytest.mark.parametrize("name", ["job.yaml", "jobset.yaml"])
def test_what_is_stopped_is_not_taken_for_done(name):
    """A pod that is asked to go saves and ends with 75; mistakes and divergence end the whole."""
    for job in jobs(name):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert "--stop-code 75" in " ".join(container["args"])
        first, *_ = job["spec"]["podFailurePolicy"]["rules"]
        assert first["action"] == "FailJob"
        assert first["onExitCodes"]["values"] == [2, 3]


def test_what_the_chief_has_done_is_done():
    """Pods that end otherwise when it is through would wait for it, started again."""
    (job,) = jobs("job.yaml")
    assert job["spec"]["successPolicy"] == {"rules": [{"succeededIndexes": "0"}]}
    *_, jobset = documents("jobset.yaml")
    assert jobset["spec"]["successPolicy"]["targetReplicatedJobs"] == ["chief"]


@pytest.mark.parametrize("name", ["job.yaml", "jobset.yaml"])
def test_who_writes_may_write(name):
    """The image's user, to a volume that belongs to nobody yet."""
    user = (FOLDER / "Dockerfile").read_text().split("USER ")[1].split()[0]
    pods = [job["spec"]["template"]["spec"] for job in jobs(name)]
    groups = [pod["securityContext"]["fsGroup"] for pod in pods if "volumes" in pod]
    assert groups == [int(user)]


@pytest.mark.parametrize(
    ("code", "restarts", "again"),
    [(0, 0, True), (75, 3, True), (137, 99, True), (75, 100, False)]
    + [(code, 0, False) for code in (1, 2, 3)],
)
@pytest.mark.parametrize("begun", [False, True])
def test_slurm_puts_back_what_is_not_done(tmp_path, code, restarts, again, begun):
    """By a srun and a scontrol that write down what they were asked."""
    run = tmp_path / "run"
    run.mkdir()
    if begun:
        (run / "config.json").touch()
    for name, ends in (("srun", code), ("scontrol", 0)):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/asked\nexit {ends}\n')
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RUN": str(run), "SLURM_JOB_ID": "7"}
    environment |= {"SLURM_RESTART_COUNT": str(restarts), "SLURM_CPUS_PER_TASK": "8"}
    command = ["bash", FOLDER / "train.slurm", "cgan-mnist", "--set", "seed=1 2"]
    assert subprocess.run(command, env=environment).returncode == code
    first, *others = (tmp_path / "asked").read_text().splitlines()
    assert first == (
        "srun --cpus-per-task=8 tfgan train cgan-mnist --set seed=1 2 --strategy multi_worker --out "
        f"{run}{' --resume' if begun else ''}"
    )
    assert others == (["scontrol requeue 7"] if again else [])


@pytest.mark.parametrize("name", ["job.yaml", "jobset.yaml"])
def test_each_pod_is_a_process_of_one_cluster(name, monkeypatch):
    """By the names that Kubernetes gives pods: of a job and an index, below the service's."""
    clusters, tasks = set(), []
    for job in jobs(name):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        (text,) = [e["value"] for e in container["env"] if e["name"] == "TF_CONFIG"]
        for index in range(job["spec"]["completions"]):
            monkeypatch.setenv("TF_CONFIG", text.replace("$(INDEX)", str(index)))
            resolver = processes._resolver()
            cluster = resolver.cluster_spec()
            clusters.add(json.dumps(cluster.as_dict(), sort_keys=True))
            task = (resolver.task_type, resolver.task_id)
            tasks.append(task)
            host = f"{job['metadata']['name']}-{index}.tfgan"
            port = container["ports"][0]["containerPort"]
            assert cluster.task_address(*task) == f"{host}:{port}"
    assert len(clusters) == 1
    assert len(set(tasks)) == len(tasks) == sum(map(len, json.loads(clusters.pop()).values()))
