//! The file of authorities that clients are told to trust.
//!
//! Owns: its form, and whether it holds the system's authorities too.
//! Must not know: where it is stored, who is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

/// `SSL_CERT_FILE` and its kin replace the system's authorities, so a case that lets hosts through needs these as well.
pub fn bundle(own: &CertificateDer<'_>, with_system: bool) -> String {
    let mut out = pem(own);
    if with_system {
        // What cannot be read there could not be trusted by the agent either.
        rustls_native_certs::load_native_certs().certs.iter().for_each(|certificate| out.push_str(&pem(certificate)));
    }
    out
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(certificate);
    let mut out = String::with_capacity(text.len() + text.len() / 64 + 64);
    out.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_written_in_lines_of_64() {
        let text = pem(&CertificateDer::from(vec![0; 60]));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [27, 64, 16, 25]);
    }

    #[test]
    fn the_systems_authorities_come_after_the_runs_own() {
        let own = CertificateDer::from(vec![1; 10]);
        let (alone, all) = (bundle(&own, false), bundle(&own, true));
        assert_eq!(alone.matches("BEGIN").count(), 1);
        assert!(all.starts_with(&alone));
    }
}
