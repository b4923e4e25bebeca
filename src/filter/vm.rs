//! The state of one VM: its root contexts, and the streams to decide over.

use std::cell::RefCell;

use super::root::Root;
use crate::in_force::InForce;

/// What becomes of a request.
pub enum Verdict {
    /// It goes on to the application.
    Passes,
    /// The proxy answers it.
    Answered,
}

/// The contexts of this VM.
pub struct Vm {
    /// A handful at most.
    roots: Vec<Root>,
    in_force: InForce,
    /// Each stream whose request head is still to come, and its root context.
    /// Envoy hands the head over right after it made the context, so there is
    /// at most one: a list costs less than a map, and it allocates only once.
    awaited: Vec<(u32, u32)>,
}

thread_local! {
    /// A VM has one thread, so this is the state of the VM.
    static VM: RefCell<Vm> = const { RefCell::new(Vm::new()) };
}

/// `None` cannot happen: of all callbacks the host calls only `malloc` while
/// another one is under way, and that needs no state.
pub fn with<T>(use_it: impl FnOnce(&mut Vm) -> T) -> Option<T> {
    VM.with(|vm| vm.try_borrow_mut().ok().map(|mut vm| use_it(&mut vm)))
}

impl Vm {
    const fn new() -> Self {
        Self { roots: Vec::new(), in_force: InForce::new(), awaited: Vec::new() }
    }

    /// The host may announce a root context more than once.
    pub fn add_root(&mut self, id: u32) {
        if self.roots.iter().all(|root| root.id != id) {
            self.roots.push(Root::new(id));
        }
    }

    /// Whether the configuration, of `size` bytes, is one to serve with.
    pub fn configure(&mut self, root: u32, size: usize) -> bool {
        let in_force = &mut self.in_force;
        find(&mut self.roots, root).is_some_and(|root| root.configure(size, in_force))
    }

    pub fn tick(&mut self, root: u32) {
        if let Some(root) = find(&mut self.roots, root) {
            root.report(&self.in_force);
        }
    }

    pub fn begin_stream(&mut self, stream: u32, root: u32) {
        self.awaited.push((stream, root));
    }

    /// The request head of `stream` is there.
    pub fn request(&mut self, stream: u32) -> Verdict {
        let root = self.root_of(stream).and_then(|root| find(&mut self.roots, root));
        root.map_or(Verdict::Passes, |root| root.request(&mut self.in_force))
    }

    /// A context goes, of a stream or a root context.
    pub fn delete(&mut self, context: u32) {
        if self.root_of(context).is_some() {
            return;
        }
        if let Some(at) = self.roots.iter().position(|root| root.id == context) {
            self.roots.swap_remove(at).withdraw(&mut self.in_force);
        }
    }

    /// The root context of an awaited stream, which is awaited no longer.
    fn root_of(&mut self, stream: u32) -> Option<u32> {
        let at = self.awaited.iter().rposition(|(awaited, _)| *awaited == stream)?;
        Some(self.awaited.swap_remove(at).1)
    }
}

fn find(roots: &mut [Root], id: u32) -> Option<&mut Root> {
    roots.iter_mut().find(|root| root.id == id)
}
