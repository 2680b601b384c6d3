//! `status`: what the daemon says of itself.

use crate::Samples;

#[test]
fn status_has_every_field_and_counts_what_did_not_parse() {
    let samples = Samples::archived();
    let status = samples.home.json(&["status", "--json"]).unwrap();
    for field in [
        "archive_seq",
        "indexed_seq",
        "complete",
        "roots",
        "defects",
        "disk",
        "faults",
    ] {
        assert!(!status[field].is_null(), "no {field} in {status}");
    }
    assert_eq!(status["archive_seq"], status["indexed_seq"]);
    assert_eq!(status["faults"].as_array().unwrap().len(), 0, "{status}");
    let root = &status["roots"][0];
    let expected = samples.home.config_root().to_str().unwrap();
    assert_eq!(root["path"], expected, "{status}");
    let defects = status["defects"].to_string();
    assert!(defects.contains("weather-report"), "{defects}");
    samples.daemon.stop().unwrap();
}

#[test]
fn people_get_words() {
    let samples = Samples::archived();
    let words = samples.home.bytes(&["status", "--plain"]).unwrap();
    let words = String::from_utf8(words).unwrap();
    assert!(words.contains("13"), "{words}");
    samples.daemon.stop().unwrap();
}
