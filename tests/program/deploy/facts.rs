//! What the files say, held against what the program does and against each other.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use lockstep::supervisor::Setup;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::remark;
use super::tools::{run, yaml};

/// Those that are whole documents of Kubernetes; the others are kustomize's own, or patches.
pub const KUBERNETES_FILES: [&str; 7] = [
    "base/namespace.yaml",
    "base/deployment.yaml",
    "base/service.yaml",
    "base/volume.yaml",
    "base/network-policy.yaml",
    "overlays/mongodb/disruption-budget.yaml",
    "overlays/mongodb/network-policy.yaml",
];

const COMPOSE_FILES: [&str; 2] = ["compose.yaml", "compose.replica-set.yaml"];

/// An overlay as kubectl builds it; `None`, and a remark, where there is no kubectl.
pub fn built(overlay: &str) -> Option<NamedTempFile> {
    static REMARK: Once = Once::new();
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        REMARK
            .call_once(|| remark("deploy: the Kubernetes overlays were NOT built and not checked: kubectl is missing"));
        return None;
    }
    let verdict = run(Command::new("kubectl").arg("kustomize").arg(format!("deploy/kubernetes/{overlay}")));
    assert!(verdict.is_good, "{overlay}: {}", verdict.said);
    let mut file = NamedTempFile::with_suffix(".yaml").unwrap();
    file.write_all(verdict.said.as_bytes()).unwrap();
    Some(file)
}

#[test]
fn a_stop_has_more_time_everywhere_than_lockstep_takes() {
    let given = Duration::from_secs(40);
    assert!(given > Setup::GRACE + Duration::from_secs(10));
    for file in COMPOSE_FILES {
        assert_eq!(lockstep_of(file)["stop_grace_period"], "40s", "{file}");
    }
    assert_eq!(pod(&base("deployment"))["terminationGracePeriodSeconds"], 40);
    assert_eq!(unit("TimeoutStopSec"), ["40"]);
}

#[test]
fn compose_takes_the_nodejs_variables_and_publishes_to_localhost_only() {
    let variables =
        ["CONFIG_DIR", "DATABASE_URL", "LOG_FILE", "LOG_LEVEL", "LOG_PRETTY", "PORT", "SYNC_INTERVAL_MINUTES"];
    for file in COMPOSE_FILES {
        let service = lockstep_of(file);
        for name in variables {
            let value = service["environment"][name].as_str().unwrap();
            assert!(value.starts_with(&format!("${{{name}:-")), "{file}: {name} is {value}");
        }
        for other in compose(file)["services"].as_object().unwrap().values() {
            let ports = other["ports"].as_array().into_iter().flatten();
            assert!(ports.map(|port| port.as_str().unwrap()).all(|port| port.starts_with("127.0.0.1:")), "{other}");
        }
        assert_eq!(service["healthcheck"]["test"], json!(["CMD", "/usr/local/bin/lockstep", "probe"]));
        assert_eq!((&service["read_only"], &service["user"]), (&json!(true), &json!("65532:65532")));
        assert_eq!(service["cap_drop"], json!(["ALL"]));
    }
}

#[test]
fn the_replica_set_starts_once_with_members_named_by_their_services() {
    let file = compose("compose.replica-set.yaml");
    let initiate = &file["services"]["initiate"];
    assert_eq!(initiate["restart"], "on-failure");
    let waits = &file["services"]["lockstep"]["depends_on"]["initiate"]["condition"];
    assert_eq!(waits, "service_completed_successfully");
    let script = fs::read_to_string("deploy/container/initiate.js").unwrap();
    let url = file["services"]["lockstep"]["environment"]["DATABASE_URL"].as_str().unwrap();
    let members: Vec<_> = file["services"].as_object().unwrap().keys().filter(|it| it.starts_with("mongodb")).collect();
    assert_eq!(members.len(), 3);
    for member in members {
        assert!(script.contains(&format!("\"{member}:27017\"")) && url.contains(member.as_str()), "{member}");
    }
}

#[test]
fn kubernetes_probes_the_process_and_never_its_flows() {
    let deployment = base("deployment");
    let container = &pod(&deployment)["containers"][0];
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/livez");
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(pod(&deployment)["securityContext"]["fsGroup"], 65532);
}

#[test]
fn kubernetes_mounts_flows_and_secrets_as_folders_for_the_group_only() {
    let deployment = base("deployment");
    let pod = pod(&deployment);
    for mount in pod["containers"][0]["volumeMounts"].as_array().unwrap() {
        assert_eq!(mount["subPath"], Value::Null, "{mount}");
    }
    let volume = |name: &str| pod["volumes"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(volume("secrets")["secret"]["defaultMode"], 0o440);
    let flows = volume("flows");
    assert_eq!(flows["projected"]["defaultMode"], 0o440);
    assert!(flows["projected"]["sources"].as_array().unwrap().len() > 1, "a ConfigMap holds 1 MiB");
    for overlay in ["sqlite", "mongodb"] {
        let file = format!("deploy/kubernetes/overlays/{overlay}/kustomization.yaml");
        let overlay = &yaml(Path::new(&file))[0];
        assert_eq!(overlay["generatorOptions"]["disableNameSuffixHash"], true);
        assert_eq!(overlay["configMapGenerator"][0]["name"], "lockstep-flows");
        assert_eq!(overlay["secretGenerator"][0]["name"], "lockstep-secrets");
    }
}

#[test]
fn kubernetes_allows_dns_https_mongodb_out_and_named_namespaces_in() {
    let policy = base("network-policy");
    let more = yaml(Path::new("deploy/kubernetes/overlays/mongodb/network-policy.yaml")).remove(0);
    let ports = [&policy, &more].into_iter().flat_map(|it| it["spec"]["egress"].as_array().unwrap());
    let ports = ports.flat_map(|rule| rule["ports"].as_array().unwrap()).map(|port| port["port"].as_u64().unwrap());
    assert_eq!(ports.collect::<Vec<_>>(), [53, 53, 443, 27017]);
    assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    let from = &policy["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchExpressions"][0];
    assert_eq!((&from["key"], &from["operator"]), (&json!("kubernetes.io/metadata.name"), &json!("In")));
}

#[test]
fn two_replicas_on_mongodb_keep_nothing_and_lose_one_at_a_time() {
    let Some(built) = built("overlays/mongodb") else { return };
    let all = yaml(built.path());
    let of = |kind: &str| all.iter().find(|it| it["kind"] == kind).cloned();
    let deployment = of("Deployment").unwrap();
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert_eq!(of("PodDisruptionBudget").unwrap()["spec"]["maxUnavailable"], 1);
    assert_eq!(of("PersistentVolumeClaim"), None);
    let data = pod(&deployment)["volumes"].as_array().unwrap().iter().find(|it| it["name"] == "data").unwrap();
    assert_eq!(data, &json!({ "name": "data", "emptyDir": { "sizeLimit": "1Gi" } }));
    let env = pod(&deployment)["containers"][0]["env"].as_array().unwrap().clone();
    let names: Vec<_> = env.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"DATABASE_URL_FILE") && !names.contains(&"DATABASE_URL"), "{names:?}");
}

#[test]
fn one_replica_on_sqlite_has_no_disruption_budget() {
    let Some(built) = built("overlays/sqlite") else { return };
    assert!(yaml(built.path()).iter().all(|it| it["kind"] != "PodDisruptionBudget"));
}

#[test]
fn the_image_runs_as_a_numeric_user_and_asks_itself_for_its_health() {
    let text = fs::read_to_string("deploy/container/Containerfile").unwrap();
    for line in
        ["USER 65532:65532", "ENV PORT=3000 \\", "    TMPDIR=/data", "    CMD [\"/usr/local/bin/lockstep\", \"probe\"]"]
    {
        assert!(text.lines().any(|it| it == line), "{line}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("FROM ")).count(), 2, "one to build, one to run");
}

#[test]
fn the_systemd_unit_copies_no_token_of_jira_and_reads_them_by_its_group() {
    assert_eq!(unit("LoadCredential"), ["api-token:/etc/lockstep/api-token", "store:/etc/lockstep/store"]);
    assert_eq!((unit("DynamicUser"), unit("SupplementaryGroups")), (vec!["yes".into()], vec!["lockstep".into()]));
    assert_eq!((unit("StateDirectory"), unit("StateDirectoryMode")), (vec!["lockstep".into()], vec!["0700".into()]));
    assert_eq!((unit("Type"), unit("ExecReload")), (vec!["notify".into()], vec!["/bin/kill -HUP $MAINPID".into()]));
    assert_eq!((unit("ProtectSystem"), unit("LimitNOFILE")), (vec!["strict".into()], vec!["65536".into()]));
    let sysusers = fs::read_to_string("deploy/systemd/lockstep.sysusers.conf").unwrap();
    assert!(sysusers.lines().any(|line| line == "g lockstep -"));
}

/// The values of a key in the unit.
pub fn unit(key: &str) -> Vec<String> {
    let text = fs::read_to_string("deploy/systemd/lockstep.service").unwrap();
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
}

fn compose(file: &str) -> Value {
    yaml(&Path::new("deploy/container").join(file)).remove(0)
}

fn lockstep_of(file: &str) -> Value {
    compose(file)["services"]["lockstep"].clone()
}

fn base(name: &str) -> Value {
    yaml(Path::new(&format!("deploy/kubernetes/base/{name}.yaml"))).remove(0)
}

pub fn pod(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]
}
