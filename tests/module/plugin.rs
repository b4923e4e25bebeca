//! The module in an interpreter, driven as Envoy drives it.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, mem};

use wasmi::{Config, Engine, Instance, Linker, Module, Store, Val};

use super::host::Host;
use super::imports;

/// The callbacks that Envoy makes for each request, in its order, each with the
/// number of arguments behind the context. It leaves out those that the module
/// does not export.
const OF_A_REQUEST: [(&str, usize); 10] = [
    ("proxy_on_context_create", 1),
    ("proxy_on_request_headers", 2),
    ("proxy_on_request_body", 2),
    ("proxy_on_request_trailers", 1),
    ("proxy_on_response_headers", 2),
    ("proxy_on_response_body", 2),
    ("proxy_on_response_trailers", 1),
    ("proxy_on_done", 0),
    ("proxy_on_log", 0),
    ("proxy_on_delete", 0),
];

/// The root context that [`Plugin::configured`] makes.
pub const ROOT: u32 = 1;

static MODULE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let built = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dist/plugin.wasm");
    let path = env::var_os("PLUGIN_WASM").map_or_else(built, PathBuf::from);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `make build`", path.display()))
});

/// The bytes of the module that is tested.
pub fn shipped() -> &'static [u8] {
    &MODULE
}

/// What one request cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cost {
    /// The callbacks that the host made.
    pub entries: Vec<&'static str>,
    /// The calls that the module made.
    pub calls: Vec<&'static str>,
    /// The sizes of the blocks that the host asked for, each an entry as well.
    pub blocks: Vec<u32>,
    /// What ran in the module, in the interpreter's units.
    pub fuel: u64,
}

pub struct Plugin {
    store: Store<Host>,
    instance: Instance,
    next: u32,
}

impl Plugin {
    /// A module that is loaded and started.
    pub fn load(module: &[u8]) -> Self {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, module).expect("a valid module");
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).expect("distinct names");
        let mut store = Store::new(&engine, Host::default());
        store.limiter(|host| &mut host.limits);
        store.set_fuel(u64::MAX).expect("fuel is counted");
        let instance = linker.instantiate_and_start(&mut store, &module).expect("no other imports");
        let mut plugin = Self { store, instance, next: ROOT };
        plugin.call("_initialize", &[]);
        plugin
    }

    /// The shipped module with a root context that has this configuration.
    pub fn configured(configuration: &str) -> Self {
        let mut plugin = Self::load(shipped());
        let root = plugin.root();
        assert!(plugin.configure(root, configuration.as_bytes()), "{:?}", plugin.host().log);
        plugin
    }

    pub fn host(&mut self) -> &mut Host {
        self.store.data_mut()
    }

    pub fn exports(&self) -> Vec<String> {
        self.instance.exports(&self.store).map(|export| export.name().to_owned()).collect()
    }

    /// A new root context.
    pub fn root(&mut self) -> u32 {
        let root = self.context();
        self.call("proxy_on_context_create", &[root, 0]);
        assert_eq!(self.call("proxy_on_vm_start", &[root, 0]).unwrap_or(1), 1);
        root
    }

    pub fn configure(&mut self, root: u32, configuration: &[u8]) -> bool {
        self.host().configuration = configuration.to_vec();
        let size = u32::try_from(configuration.len()).expect("a size of wasm32");
        self.call("proxy_on_configure", &[root, size]) == Some(1)
    }

    /// All of one request on `root`.
    pub fn request(&mut self, root: u32, head: &[(&'static str, &str)]) -> Cost {
        let host = self.host();
        host.headers = head.iter().map(|(name, value)| (*name, value.as_bytes().into())).collect();
        host.reply = None;
        host.calls.clear();
        host.blocks.clear();
        let stream = self.context();
        let fuel = self.fuel();
        let mut entries = Vec::new();
        for (callback, more) in OF_A_REQUEST {
            if self.has(callback) {
                entries.push(callback);
                let arguments = [stream, if more == 1 { root } else { 0 }, 0];
                self.call(callback, &arguments[..=more]);
            }
        }
        let fuel = fuel - self.fuel();
        let host = self.host();
        Cost {
            entries,
            calls: mem::take(&mut host.calls),
            blocks: mem::take(&mut host.blocks),
            fuel,
        }
    }

    /// Calls an export, if there is one by that name; it must not trap.
    pub fn call(&mut self, name: &str, arguments: &[u32]) -> Option<u32> {
        let callback = self.instance.get_func(&self.store, name)?;
        let arguments: Vec<_> = arguments.iter().map(|n| Val::I32(n.cast_signed())).collect();
        let mut results = vec![Val::I32(0); callback.ty(&self.store).results().len()];
        if let Err(error) = callback.call(&mut self.store, &arguments, &mut results) {
            panic!("{name}{arguments:?} trapped: {error}; log: {:?}", self.host().log);
        }
        results.first().and_then(Val::i32).map(i32::cast_unsigned)
    }

    /// The module's memory, in bytes.
    pub fn memory(&self) -> usize {
        let memory = self.instance.get_memory(&self.store, "memory").expect("memory");
        memory.data_size(&self.store)
    }

    /// Leaves the module without memory, but for blocks of `sizes` in which the
    /// host passes values.
    pub fn exhaust(&mut self, sizes: &[usize]) {
        let block = |size: &usize| {
            let size = u32::try_from(*size).expect("a size of wasm32");
            (size, self.call("malloc", &[size]).expect("malloc gives an address"))
        };
        let spare = sizes.iter().map(block).collect();
        let bytes = self.memory();
        self.host().limit(bytes);
        for size in [65_536, 4_096, 256, 16, 1] {
            while self.call("malloc", &[size]) != Some(0) {}
        }
        self.host().spare = Some(spare);
    }

    fn has(&self, name: &str) -> bool {
        self.instance.get_func(&self.store, name).is_some()
    }

    fn context(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn fuel(&self) -> u64 {
        self.store.get_fuel().expect("fuel is counted")
    }
}
