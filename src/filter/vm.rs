//! The state of one VM: its root contexts, and the streams to decide over.

use alloc::vec::Vec;
use core::cell::RefCell;
use core::mem;

use super::evidence::Metrics;
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
    metrics: Option<Metrics>,
    /// Each stream whose request head is still to come, and its root context.
    /// Envoy hands the head over right after it made the context, so there is
    /// at most one: a list costs less than a map, and it allocates only once.
    awaited: Vec<(u32, u32)>,
}

/// The state of the VM.
struct State(RefCell<Vm>);

// SAFETY: a VM has one thread.
#[expect(unsafe_code, reason = "a static must be shareable between threads, of which there is one")]
unsafe impl Sync for State {}

static STATE: State = State(RefCell::new(Vm::new()));

/// `None` cannot happen: of all callbacks the host calls only `malloc` while
/// another one is under way, and that needs no state.
pub fn with<T>(use_it: impl FnOnce(&mut Vm) -> T) -> Option<T> {
    STATE.0.try_borrow_mut().ok().map(|mut vm| use_it(&mut vm))
}

impl Vm {
    const fn new() -> Self {
        Self { roots: Vec::new(), in_force: InForce::new(), metrics: None, awaited: Vec::new() }
    }

    /// The host may announce a root context more than once.
    #[cold]
    #[inline(never)]
    pub fn add_root(&mut self, id: u32) {
        if self.roots.iter().all(|root| root.id != id) {
            self.roots.push(Root::new(id));
        }
    }

    /// Whether the configuration, of `size` bytes, is one to serve with.
    pub fn configure(&mut self, root: u32, size: usize) -> bool {
        let Self { roots, metrics, in_force, .. } = self;
        find(roots, root).is_some_and(|root| root.configure(size, metrics, in_force))
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
        if self.root_of(context).is_none() && find(&mut self.roots, context).is_some() {
            self.remove_root(context);
        }
    }

    #[cold]
    #[inline(never)]
    fn remove_root(&mut self, id: u32) {
        if let Some(root) = take(&mut self.roots, |root| root.id == id) {
            root.withdraw(&mut self.in_force);
        }
    }

    /// The root context of an awaited stream, which is awaited no longer.
    fn root_of(&mut self, stream: u32) -> Option<u32> {
        take(&mut self.awaited, |(awaited, _)| *awaited == stream).map(|(_, root)| root)
    }
}

fn find(roots: &mut [Root], id: u32) -> Option<&mut Root> {
    roots.iter_mut().find(|root| root.id == id)
}

/// Takes out one that `is` says of, and looks at the last one first.
fn take<T>(items: &mut Vec<T>, is: impl Fn(&T) -> bool) -> Option<T> {
    let last = items.pop()?;
    if is(&last) {
        return Some(last);
    }
    if let Some(place) = items.iter_mut().find(|item| is(item)) {
        return Some(mem::replace(place, last));
    }
    items.push(last);
    None
}
