"""What lies in deploy/ is right: by linters and schemas; its paths, flags and metrics by what they are for."""

import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest
import typer
import yaml

from eyeful.cli import app
from eyeful.server import ServerSettings, create_app
from helpers import FakeEngine, fake_classifier

DEPLOY = Path(__file__).parent.parent / "deploy"
SCRIPTS = Path(sysconfig.get_path("scripts"))
CORE = ["kubernetes.yaml", "kubernetes-job.yaml", "autoscale.yaml"]


def documents(name):
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


def document(name, kind):
    return next(one for one in documents(name) if one["kind"] == kind)


def checked(manifest):
    """By the schema of the latest Kubernetes, which knows no field that it does not name."""
    import kubernetes_validate

    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def checked_pod(template):
    checked({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a"}, "template": template})


def parsed(command):
    """The command's parameters, as the command line takes them."""
    program, *arguments = shlex.split(command)
    assert program == "eyeful"
    group = typer.main.get_command(app)
    context = group.make_context("eyeful", list(arguments))
    name, found, rest = group.resolve_command(context, list(arguments))
    return found.make_context(name, rest, parent=context).params


def paths():
    return set(create_app(fake_classifier(FakeEngine())).openapi()["paths"])


def test_the_dockerfile_passes_its_linter():
    done = subprocess.run([SCRIPTS / "hadolint", DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_script_passes_its_linter():
    done = subprocess.run([SCRIPTS / "shellcheck", DEPLOY / "slurm-array.sh"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", CORE)
def test_manifests_of_kubernetes_keep_its_schema(name):
    for manifest in documents(name):
        checked(manifest)


@pytest.mark.slow
def test_the_schema_is_strict():
    import kubernetes_validate

    manifest = document("autoscale.yaml", "HorizontalPodAutoscaler")
    manifest["spec"]["minimum"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        checked(manifest)


FIELDS = {
    # the names in kserve 0.21's Python models, V1alpha1ServingRuntimeSpec and V1beta1InferenceServiceSpec
    "supportedModelFormats": {"name", "version", "autoSelect", "priority"},
    "predictor": {"minReplicas", "maxReplicas", "model"},
    "model": {"modelFormat", "runtime", "protocolVersion", "storageUri"},
    "modelFormat": {"name", "version"},
    # the names in the reference of KubeRay 1.6's API, RayJobSpec and RayClusterSpec
    "rayClusterSpec": {"rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"},
    "authOptions": {"mode"},
    "headGroupSpec": {"rayStartParams", "template"},
    "workerGroupSpecs": {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"},
}
"""Fields of other kinds than Kubernetes' own, whose schemas no package has: those of them that are used."""
TOP = {
    "ServingRuntime": {"supportedModelFormats", "protocolVersions", "containers", "volumes"},
    "InferenceService": {"predictor"},
    "RayJob": {"submissionMode", "entrypoint", "backoffLimit", "shutdownAfterJobFinishes", "rayClusterSpec"},
}


def fields_are_known(value, known):
    for one in value if isinstance(value, list) else [value]:
        assert set(one) <= known
        for name in one.keys() & FIELDS.keys():
            fields_are_known(one[name], FIELDS[name])


@pytest.mark.parametrize("name", ["kserve.yaml", "rayjob.yaml"])
def test_manifests_of_others_use_fields_that_there_are(name):
    for manifest in documents(name):
        assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
        fields_are_known(manifest["spec"], TOP[manifest["kind"]])


@pytest.mark.slow
def test_pods_in_manifests_of_others_keep_the_schema():
    runtime = document("kserve.yaml", "ServingRuntime")["spec"]
    checked_pod({"spec": {name: runtime[name] for name in ("containers", "volumes")}})
    cluster = document("rayjob.yaml", "RayJob")["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        checked_pod(group["template"])
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kubernetes-job.yaml", "kserve.yaml"])
def test_containers_of_the_image_have_no_rights_and_write_to_its_cache_alone(name):
    spec = documents(name)[0]["spec"]
    pod = spec["template"]["spec"] if "template" in spec else spec
    (container,) = pod["containers"]
    asked = pod.get("securityContext", {}) | container["securityContext"]
    assert (asked["runAsNonRoot"], asked["readOnlyRootFilesystem"], asked["allowPrivilegeEscalation"]) == (
        True,
        True,
        False,
    )
    assert (asked["seccompProfile"], asked["capabilities"]) == ({"type": "RuntimeDefault"}, {"drop": ["ALL"]})
    user = re.search(r"^USER (\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert str(asked.get("runAsUser", user[1])) == user[1]
    (mounted,) = container["volumeMounts"]
    home = re.search(r"EYEFUL_HOME=(\S+)", (DEPLOY / "Dockerfile").read_text())
    assert Path(mounted["mountPath"]) in Path(home[1]).parents


def test_probes_ask_for_paths_that_there_are():
    deployed = document("kubernetes.yaml", "Deployment")["spec"]["template"]["spec"]["containers"]
    for container in deployed + document("kserve.yaml", "ServingRuntime")["spec"]["containers"]:
        probes = [value["httpGet"] for name, value in container.items() if name.endswith("Probe")]
        assert len(probes) >= 2
        assert {probe["path"] for probe in probes} <= paths()
        assert {probe["port"] for probe in probes} == {container["ports"][0]["containerPort"]}
    assert re.search(r"8000(/\S+?)'", (DEPLOY / "Dockerfile").read_text())[1] in paths()


def in_brackets(name):
    """What a Dockerfile's ENTRYPOINT or CMD runs."""
    found = re.search(rf"^{name} (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return yaml.safe_load(found[1])


def test_servers_are_started_with_flags_that_there_are():
    path, *entrypoint = in_brackets("ENTRYPOINT")
    assert path == "/opt/eyeful/bin/eyeful"
    assert parsed(shlex.join(["eyeful", *entrypoint, *in_brackets("CMD")]))["drain"] == 5
    (container,) = document("kserve.yaml", "ServingRuntime")["spec"]["containers"]
    arguments = [one.replace("{{.Name}}", "eyeful") for one in container["args"]]
    served = parsed(shlex.join(["eyeful", *entrypoint, *arguments]))
    assert (served["port"], served["model"]) == (container["ports"][0]["containerPort"], ["eyeful=/mnt/models"])
    unit = re.search(r"^ExecStart=/opt/eyeful/bin/(.*)$", (DEPLOY / "eyeful.service").read_text(), re.MULTILINE)
    assert parsed(unit[1])["log_format"] == "json"


def test_kserve_finds_the_runtime():
    runtime = document("kserve.yaml", "ServingRuntime")
    model = document("kserve.yaml", "InferenceService")["spec"]["predictor"]["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"]["name"] == runtime["spec"]["supportedModelFormats"][0]["name"]
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    assert {"/v2/models/{model}/infer", "/v1/models/{model}:predict"} <= paths()


def test_the_autoscaler_reads_a_metric_that_there_is():
    spec = document("autoscale.yaml", "HorizontalPodAutoscaler")["spec"]
    deployment = document("kubernetes.yaml", "Deployment")
    assert spec["scaleTargetRef"] == {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": deployment["metadata"]["name"],
    }
    ((metric),) = [one["pods"] for one in spec["metrics"]]
    metrics = create_app(fake_classifier()).state.service.metrics
    assert f"# TYPE {metric['metric']['name']} gauge" in metrics.exposition().decode()
    assert 0 < int(metric["target"]["averageValue"]) < ServerSettings().queue_size


def test_the_rayjob_runs_a_command_that_there_is():
    spec = document("rayjob.yaml", "RayJob")["spec"]
    command, _, code = spec["entrypoint"].partition("; ")
    assert code == "[ $? -le 1 ]"
    asked = parsed(command)
    assert (asked["cluster"], asked["resume"], asked["output"]) == ("auto", True, "s3://bucket/rows/")
