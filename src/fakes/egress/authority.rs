//! The certificate authority of a run: made when it is needed, kept in memory, gone with the run.
//!
//! Owns: its key, which nobody else sees; the certificates of hosts.
//! Must not know: sockets, which hosts lead where.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A certificate is good from a day ago, for clocks that differ, to a month from now, for runs that are long.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
const AFTER: Duration = Duration::from_secs(30 * 24 * 3600);
/// Of so many hosts the certificates are kept; a client that asks for ever new ones does not fill the memory.
const KEPT: usize = 256;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// All hosts share it.
    host_key: KeyPair,
    provider: Arc<CryptoProvider>,
    hosts: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    /// The error says why there is none.
    pub fn new() -> Result<Authority, String> {
        let failed = |e: rcgen::Error| format!("failed to make a certificate authority: {e}");
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params(Vec::new(), "checkride: authority of one run").map_err(failed)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(failed)?.der().clone();
        Ok(Authority {
            issuer: Issuer::new(params, key),
            certificate,
            host_key: KeyPair::generate().map_err(failed)?,
            provider: Arc::new(ring::default_provider()),
            hosts: Mutex::default(),
        })
    }

    /// What clients must trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// How TLS is ended for this host: HTTP/1.1 only, with a certificate for exactly this name.
    pub fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, String> {
        if let Some(config) = self.hosts().get(host) {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make(host)?);
        let mut hosts = self.hosts();
        if hosts.len() >= KEPT {
            hosts.clear();
        }
        hosts.insert(host.to_owned(), config.clone());
        Ok(config)
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<ServerConfig>>> {
        self.hosts.lock().expect("no panic happens under this lock")
    }

    fn make(&self, host: &str) -> Result<ServerConfig, String> {
        let failed = |reason: &dyn std::fmt::Display| format!("failed to make a certificate for `{host}`: {reason}");
        let mut params = params(vec![host.to_owned()], "checkride: a fake host").map_err(|e| failed(&e))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&self.host_key, &self.issuer).map_err(|e| failed(&e))?;
        let key = PrivateKeyDer::Pkcs8(self.host_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key))
            .map_err(|e| failed(&e))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn params(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BEFORE);
    params.not_after = epoch + (now + AFTER);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_certificate_is_made_once() {
        let authority = Authority::new().unwrap();
        let first = authority.server_config("api.openai.com").unwrap();
        assert!(Arc::ptr_eq(&first, &authority.server_config("api.openai.com").unwrap()));
        assert_eq!(first.alpn_protocols, [b"http/1.1"]);
        assert!(authority.server_config("203.0.113.7").is_ok() && authority.server_config("2001:db8::1").is_ok());
    }

    #[test]
    fn ever_new_hosts_do_not_fill_the_memory() {
        let authority = Authority::new().unwrap();
        for n in 0..KEPT * 2 + 1 {
            authority.server_config(&format!("h{n}.example")).unwrap();
        }
        assert!(authority.hosts().len() <= KEPT);
    }

    #[test]
    fn what_is_no_name_gets_no_certificate() {
        assert!(Authority::new().unwrap().server_config("ä.example").is_err_and(|reason| reason.contains("`ä.example`")));
    }
}
