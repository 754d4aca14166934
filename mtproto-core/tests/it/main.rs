//! Stories over the public interface of the core.

mod service_messages;
