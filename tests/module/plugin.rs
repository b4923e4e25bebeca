//! The module in an interpreter, with the calls that Envoy makes.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, mem};

use wasmi::{Config, Engine, Error, Instance, Linker, Module, Store, Val};

use super::host::Host;
use super::imports;

/// Callbacks that Envoy makes for each request, in order, each with the number
/// of arguments after the context id. Envoy skips a callback that the module
/// does not export.
const REQUEST_CALLBACKS: [(&str, usize); 10] = [
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

/// The module, compiled for the interpreter once.
static COMPILED: LazyLock<Module> = LazyLock::new(|| {
    let mut config = Config::default();
    config.consume_fuel(true);
    Module::new(&Engine::new(&config), shipped()).expect("a valid module")
});

/// Returns the bytes of the module that is tested.
pub fn shipped() -> &'static [u8] {
    &MODULE
}

/// Cost of one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cost {
    /// Callbacks that the host made.
    pub callbacks: Vec<&'static str>,
    /// Host calls that the module made.
    pub calls: Vec<&'static str>,
    /// Sizes of the blocks that the host asked for. Each is an entry into the
    /// module too.
    pub blocks: Vec<u32>,
    /// Work of the module, in the interpreter's units: about one for each
    /// instruction of the blocks entered, whether a branch skips it or not.
    pub fuel: u64,
}

pub struct Plugin {
    store: Store<Host>,
    instance: Instance,
    next: u32,
}

impl Plugin {
    /// Loads and starts the shipped module.
    pub fn load() -> Self {
        let mut linker = Linker::new(COMPILED.engine());
        imports::link(&mut linker).expect("distinct names");
        imports::link_unused(&mut linker, &COMPILED);
        let host = Host { name: b"maintenance".into(), ..Host::default() };
        let mut store = Store::new(COMPILED.engine(), host);
        store.set_fuel(u64::MAX).expect("fuel is counted");
        let instance =
            linker.instantiate_and_start(&mut store, &COMPILED).expect("no other imports");
        let mut plugin = Self { store, instance, next: ROOT };
        plugin.call("_initialize", &[]);
        plugin
    }

    /// Loads the shipped module and configures a root context.
    pub fn configured(configuration: &str) -> Self {
        let mut plugin = Self::load();
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

    /// Creates a root context.
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

    /// Makes all callbacks of one request on `root`.
    pub fn request(&mut self, root: u32, head: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> Cost {
        let host = self.host();
        host.set_head(head);
        host.reply = None;
        host.calls.clear();
        host.blocks.clear();
        let stream = self.context();
        let fuel = self.fuel();
        let mut callbacks = Vec::new();
        for (callback, arguments_after_id) in REQUEST_CALLBACKS {
            if self.has(callback) {
                callbacks.push(callback);
                let arguments = [stream, if arguments_after_id == 1 { root } else { 0 }, 0];
                self.call(callback, &arguments[..=arguments_after_id]);
            }
        }
        let fuel = fuel - self.fuel();
        let host = self.host();
        Cost {
            callbacks,
            calls: mem::take(&mut host.calls),
            blocks: mem::take(&mut host.blocks),
            fuel,
        }
    }

    /// Calls an export, if there is one by that name. It must not trap.
    pub fn call(&mut self, name: &str, arguments: &[u32]) -> Option<u32> {
        self.try_call(name, arguments).unwrap_or_else(|error| {
            panic!("{name}{arguments:?} trapped: {error}; log: {:?}", self.host().log);
        })
    }

    /// Calls an export, if there is one by that name.
    ///
    /// # Errors
    /// The export traps.
    pub fn try_call(&mut self, name: &str, arguments: &[u32]) -> Result<Option<u32>, Error> {
        let Some(callback) = self.instance.get_func(&self.store, name) else {
            return Ok(None);
        };
        let arguments: Vec<_> = arguments.iter().map(|n| Val::I32(n.cast_signed())).collect();
        let mut results = vec![Val::I32(0); callback.ty(&self.store).results().len()];
        callback.call(&mut self.store, &arguments, &mut results)?;
        Ok(results.first().and_then(Val::i32).map(i32::cast_unsigned))
    }

    /// Returns the size of the module's memory, in bytes.
    pub fn memory(&self) -> usize {
        let memory = self.instance.get_memory(&self.store, "memory").expect("memory");
        memory.data_size(&self.store)
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
