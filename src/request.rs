//! The head of a request, as the policy and the replies see it.

/// The head of a request.
pub trait RequestHead {
    /// Returns the value of a header, `:method`, `:path` or `:authority`. Each
    /// is a call to the proxy, so the policy asks for as few as it can.
    /// If a header occurs more than once, returns one of its values.
    fn header(&self, name: &str) -> Option<Vec<u8>>;

    /// Returns how many times a header occurs. Costs a copy of all headers.
    fn occurrences(&self, name: &str) -> usize;
}

/// A request without any header.
impl RequestHead for () {
    fn header(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn occurrences(&self, _name: &str) -> usize {
        0
    }
}
