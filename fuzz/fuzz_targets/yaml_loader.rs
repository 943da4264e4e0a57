//! Loads arbitrary bytes as a gateways file: no input may panic, and every fault has a place that
//! can be shown.
#![no_main]

use gwplan::config;
use gwplan::kinds;
use gwplan::model::Severity;
use gwplan::view::{DiagnosticFormat, render_diagnostics};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let loaded = config::load_text(&kinds::schemas(), bytes);
    for diagnostic in &loaded.diagnostics {
        let location = diagnostic.location.as_ref().expect("a place");
        let (start, end) = (location.start(), location.end());
        assert!(start.line >= 1 && start.column >= 1 && start <= end);
        assert!(!diagnostic.summary.is_empty() && !diagnostic.help.is_empty());
    }
    for format in [
        DiagnosticFormat::Text,
        DiagnosticFormat::Json,
        DiagnosticFormat::Github,
        DiagnosticFormat::Sarif,
    ] {
        render_diagnostics(&loaded.diagnostics, format);
    }
    let refused = loaded
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    if !refused {
        assert!(loaded.desired.values().all(|desired| desired.location.is_some()));
    }
});
