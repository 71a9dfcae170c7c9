//! W3C trace context: each request of the load is the beginning of a trace, so that a slow one can be looked up.
//! <https://www.w3.org/TR/trace-context/>

/// The ids of one request. It asks to be sampled: what is measured should be there to be looked at.
pub(crate) struct TraceContext {
    /// 32 hex digits.
    pub(crate) trace_id: String,
    span_id: String,
}

impl TraceContext {
    /// New random ids; all zeroes, which the standard forbids, does not happen with 64 random bits.
    pub(crate) fn new() -> Self {
        Self {
            trace_id: format!("{:032x}", rand::random::<u128>()),
            span_id: format!("{:016x}", rand::random::<u64>()),
        }
    }

    /// The value of `traceparent`.
    pub(crate) fn header(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_has_the_form_of_the_standard() {
        let header = TraceContext::new().header();
        let parts: Vec<usize> = header.split('-').map(str::len).collect();
        assert_eq!(parts, [2, 32, 16, 2]);
        assert!(header.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()));
    }
}
