//! Kubernetes cluster of one node: the API, its controllers, a kubelet with
//! containerd, kube-proxy and `CoreDNS`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::process::Process;
use harness::wait::eventually;
use serde_json::json;
use tempfile::TempDir;

use crate::images;
use crate::namespaces::{NODE_ADDRESS, run};
use crate::programs::Programs;
use mesh::api::{Api, CERTIFICATE, SERVICE_ACCOUNT_KEY, Settings};
use mesh::kubectl::Kubectl;

const SERVICES: &str = "10.96.0.0/16";
const PODS: &str = "10.244.77.0/24";
const CONTAINERD: &str = "/run/containerd/containerd.sock";
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Running node. The namespaces end its processes with the suite.
pub struct Node {
    api: Api,
    programs: Programs,
    _processes: Vec<Process>,
    folder: TempDir,
}

impl Node {
    /// Starts the node and waits until it can run pods.
    pub async fn start(programs: &Programs) -> Self {
        let started = Instant::now();
        let folder = TempDir::new().expect("a temporary folder");
        let containerd = start_containerd(folder.path());
        let importing = {
            let (programs, folder) = (programs.clone(), folder.path().to_owned());
            tokio::task::spawn_blocking(move || import_images(&programs, &folder))
        };
        let address = IpAddr::from(NODE_ADDRESS);
        let settings = Settings {
            bind: Ipv4Addr::UNSPECIFIED.into(),
            address,
            services: SERVICES,
            arguments: &[
                "--advertise-address",
                &address.to_string(),
                "--allow-privileged=true",
                "--kubelet-preferred-address-types",
                "InternalIP",
            ],
        };
        let api = Api::launch(programs.istio(), &settings).await;
        progress(started, "the Kubernetes API serves");
        let mut processes = vec![containerd];
        processes.extend(start_controllers(programs, api.kubectl(), folder.path()));
        importing.await.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
        progress(started, "images are made");
        processes.extend(start_kubelet(programs, api.kubectl(), folder.path()));
        let node = Self { api, programs: programs.clone(), _processes: processes, folder };
        let ready = async || {
            let condition = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
            let status = node.kubectl().try_run(&["get", "node", "node", "-o", condition]);
            (status.ok()? == "True").then_some(())
        };
        eventually("the node is ready", START_TIMEOUT, ready).await;
        progress(started, "the node is ready");
        node.kubectl().apply(COREDNS);
        node
    }

    pub fn kubectl(&self) -> &Kubectl {
        self.api.kubectl()
    }

    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Folder for files of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Prints a step that is complete, for the person who waits.
pub fn progress(started: Instant, step: &str) {
    eprintln!("{:5.1} s  {step}", started.elapsed().as_secs_f32());
}

/// Name and version of the container runtime.
pub fn runtime() -> String {
    let output = Command::new("containerd").arg("--version").output().expect("containerd runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn start_containerd(folder: &Path) -> Process {
    let network = folder.join("cni");
    fs::create_dir_all(&network).expect("a folder");
    let bridge = json!({
        "cniVersion": "1.0.0",
        "name": "node",
        "plugins": [
            {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true, "ipam": {
                "type": "host-local",
                "dataDir": folder.join("addresses"),
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            }},
            {"type": "loopback"},
        ],
    });
    fs::write(network.join("node.conflist"), bridge.to_string()).expect("the network");
    let config = folder.join("containerd.toml");
    let text = format!(
        r#"version = 2
root = "{root}"
state = "/run/containerd"
[grpc]
address = "{CONTAINERD}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{hub}/pause:{tag}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{network}"
"#,
        root = folder.join("containerd").display(),
        hub = images::HUB,
        tag = images::TAG,
        network = network.display(),
    );
    fs::write(&config, text).expect("the configuration");
    let mut command = Command::new("containerd");
    command.arg("--config").arg(config);
    Process::spawn("containerd", &mut command, &folder.join("containerd.log"))
}

/// Makes the images and imports them into containerd.
fn import_images(programs: &Programs, folder: &Path) -> Result<(), String> {
    let folder = TempDir::new_in(folder).expect("a temporary folder");
    let archives = images::build(programs, folder.path())?;
    let ctr = || {
        let mut command = Command::new("ctr");
        command.args(["--address", CONTAINERD, "--connect-timeout", "60s", "-n", "k8s.io"]);
        command
    };
    for archive in archives {
        run(ctr().args(["images", "import"]).arg(archive))?;
    }
    Ok(())
}

fn start_controllers(programs: &Programs, kubectl: &Kubectl, folder: &Path) -> [Process; 2] {
    let kubeconfig = kubectl.kubeconfig();
    let mut manager = Command::new(programs.node("kube-controller-manager"));
    manager
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg("--service-account-private-key-file")
        .arg(kubeconfig.with_file_name(SERVICE_ACCOUNT_KEY))
        .arg("--root-ca-file")
        .arg(kubeconfig.with_file_name(CERTIFICATE))
        .arg("--flex-volume-plugin-dir")
        .arg(folder.join("volumes"))
        .arg("--leader-elect=false");
    let mut scheduler = Command::new(programs.node("kube-scheduler"));
    scheduler.arg("--kubeconfig").arg(kubeconfig).arg("--leader-elect=false");
    let log = |name: &str| folder.join(format!("{name}.log"));
    [
        Process::spawn("kube-controller-manager", &mut manager, &log("kube-controller-manager")),
        Process::spawn("kube-scheduler", &mut scheduler, &log("kube-scheduler")),
    ]
}

fn start_kubelet(programs: &Programs, kubectl: &Kubectl, folder: &Path) -> [Process; 2] {
    let address = IpAddr::from(NODE_ADDRESS).to_string();
    let config = folder.join("kubelet.json");
    fs::write(&config, kubelet_config(&address, &folder.join("volumes")).to_string())
        .expect("the configuration");
    let mut kubelet = Command::new(programs.node("kubelet"));
    kubelet
        .arg("--kubeconfig")
        .arg(kubectl.kubeconfig())
        .arg("--config")
        .arg(config)
        .args(["--root-dir", "/var/lib/kubelet", "--hostname-override", "node"])
        .args(["--node-ip", &address, "--cert-dir"])
        .arg(folder.join("kubelet-certificates"));
    let mut proxy = Command::new(programs.node("kube-proxy"));
    proxy
        .arg("--kubeconfig")
        .arg(kubectl.kubeconfig())
        .args(["--proxy-mode", "iptables", "--cluster-cidr", PODS, "--hostname-override", "node"])
        // Parameters of the kernel that are not part of the network namespace.
        .args(["--conntrack-max-per-core", "0", "--conntrack-tcp-timeout-established", "0s"])
        .args(["--conntrack-tcp-timeout-close-wait", "0s"]);
    [
        Process::spawn("kubelet", &mut kubelet, &folder.join("kubelet.log")),
        Process::spawn("kube-proxy", &mut proxy, &folder.join("kube-proxy.log")),
    ]
}

fn kubelet_config(address: &str, volumes: &PathBuf) -> serde_json::Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD}"),
        "address": address,
        "failCgroupV1": false,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": true,
        "enforceNodeAllocatable": [],
        "failSwapOn": false,
        "localStorageCapacityIsolation": false,
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "volumePluginDir": volumes,
    })
}

const COREDNS: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: coredns, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: coredns}
rules:
- {apiGroups: [""], resources: [services, pods, namespaces], verbs: [list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: coredns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: coredns}
subjects: [{kind: ServiceAccount, name: coredns, namespace: kube-system}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        errors
        ready
        kubernetes cluster.local
    }
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: 10.96.0.10
  selector: {app: coredns}
  ports:
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  selector: {matchLabels: {app: coredns}}
  template:
    metadata: {labels: {app: coredns}}
    spec:
      serviceAccountName: coredns
      dnsPolicy: Default
      containers:
      - name: coredns
        image: localhost/coredns:1
        imagePullPolicy: Never
        args: [-conf, /etc/coredns/Corefile]
        readinessProbe: {httpGet: {path: /ready, port: 8181}, periodSeconds: 1}
        volumeMounts: [{name: config, mountPath: /etc/coredns}]
      volumes: [{name: config, configMap: {name: coredns}}]
"#;
