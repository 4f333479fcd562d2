//! A county's own authority and the certificates it signs, for networks that no public authority vouches for.
//!
//! What the authority may sign is bound by name constraints: the hosts it was made for with what lies below them, private
//! addresses, and this machine itself. So whoever steals its key can still not play a bank to the phones that trust it.
use super::host::Host;
use super::{day, provider, validity};
use chrono::{Datelike, Days, NaiveDate};
use domain::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;

/// Installing an authority on every phone is work: once in ten years.
const AUTHORITY_DAYS: u64 = 3652;
/// What Apple's devices take at most.
const SERVER_DAYS: u64 = 398;

/// A certificate and its private key, as PEM. Has no `Debug`: the key is not for logs.
pub struct Signed {
    pub certificate: String,
    pub key: String,
    /// The last day on which the certificate is valid.
    pub until: NaiveDate,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("the authority's certificate cannot be read: {0}")]
    Certificate(rcgen::Error),
    #[error("the authority's key cannot be read: {0}")]
    Key(rcgen::Error),
    #[error("the certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
    #[error(
        "phones would not trust this certificate for {host}: {reason}. Is the key the authority's, and was the authority made for this host?"
    )]
    NotTrusted { host: Host, reason: String },
    #[error("no certificate can be read here")]
    NoCertificate,
}

/// Makes an authority for some hosts.
///
/// # Errors
/// The library's own.
pub fn authority(name: &str, hosts: &[Host], now: Timestamp) -> Result<Signed, AuthorityError> {
    let mut params = CertificateParams::default();
    let until = last(&mut params, now, AUTHORITY_DAYS);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted(hosts), excluded_subtrees: Vec::new() });
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?.pem();
    Ok(Signed { certificate, key: key.serialize_pem(), until })
}

/// Makes a certificate for a server, and checks as a phone would that the authority vouches for each of its hosts.
///
/// # Errors
/// What is wrong with the authority, or a host it may not vouch for.
pub fn server_certificate(
    authority: &str,
    authority_key: &str,
    hosts: &[Host],
    now: Timestamp,
) -> Result<Signed, AuthorityError> {
    let authority_key = KeyPair::from_pem(authority_key).map_err(AuthorityError::Key)?;
    let issuer = Issuer::from_ca_cert_pem(authority, authority_key).map_err(AuthorityError::Certificate)?;
    let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names)?;
    let until = last(&mut params, now, SERVER_DAYS);
    if let Some(first) = hosts.first() {
        params.distinguished_name.push(DnType::CommonName, first.to_string());
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?.pem();
    vouches(authority, &certificate, hosts, now)?;
    Ok(Signed { certificate, key: key.serialize_pem(), until })
}

/// Sets how long it lasts: from yesterday, for phones whose clock is behind. Returns its last whole day.
fn last(params: &mut CertificateParams, now: Timestamp, days: u64) -> NaiveDate {
    let from = day(now).pred_opt().unwrap_or(NaiveDate::MIN);
    let to = from.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
    let at = |day: NaiveDate| date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    (params.not_before, params.not_after) = (at(from), at(to));
    to.pred_opt().unwrap_or(to)
}

/// What an authority made for some hosts may sign.
fn permitted(hosts: &[Host]) -> Vec<GeneralSubtree> {
    let network = |address: &str, prefix| {
        let address = address.parse().unwrap_or(IpAddr::V6(Ipv6Addr::LOCALHOST));
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
    };
    let mut permitted = vec![
        GeneralSubtree::DnsName("localhost".to_owned()),
        // RFC 1918, RFC 4193, loopback.
        network("10.0.0.0", 8),
        network("172.16.0.0", 12),
        network("192.168.0.0", 16),
        network("127.0.0.0", 8),
        network("fc00::", 7),
        network("::1", 128),
    ];
    permitted.extend(hosts.iter().map(|host| match host {
        Host::Name(name) => GeneralSubtree::DnsName(name.clone()),
        Host::Address(address) => network(&address.to_string(), if address.is_ipv4() { 32 } else { 128 }),
    }));
    permitted
}

/// Checks a certificate as a client does.
fn vouches(authority: &str, certificate: &str, hosts: &[Host], now: Timestamp) -> Result<(), AuthorityError> {
    let mut roots = RootCertStore::empty();
    let not_trusted = |host: &Host, reason: &dyn std::fmt::Display| AuthorityError::NotTrusted {
        host: host.clone(),
        reason: reason.to_string(),
    };
    let Some(first) = hosts.first() else { return Err(AuthorityError::NoCertificate) };
    roots.add(der(authority)?).map_err(|error| not_trusted(first, &error))?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let verifier = verifier.map_err(|error| not_trusted(first, &error))?;
    let at = UnixTime::since_unix_epoch(Duration::from_millis(now.0.unsigned_abs()));
    let certificate = der(certificate)?;
    for host in hosts {
        let name = host.server_name().ok_or_else(|| not_trusted(host, &"it is no host"))?;
        let verified = verifier.verify_server_cert(&certificate, &[], &name, &[], at);
        verified.map_err(|error| not_trusted(host, &error))?;
    }
    Ok(())
}

fn der(pem: &str) -> Result<CertificateDer<'static>, AuthorityError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| AuthorityError::NoCertificate)
}

/// The hosts a certificate names, and the last day on which it is valid.
///
/// # Errors
/// It is none.
pub fn named(certificate: &str) -> Result<(Vec<Host>, NaiveDate), AuthorityError> {
    let certificate = der(certificate)?;
    let (_, ends) = validity(&certificate).ok_or(AuthorityError::NoCertificate)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).map_err(|_| AuthorityError::NoCertificate)?;
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    Ok((names.iter().filter_map(host).collect(), day(ends)))
}

fn host(name: &GeneralName<'_>) -> Option<Host> {
    if let GeneralName::DNSName(name) = name {
        return name.parse().ok();
    }
    let GeneralName::IPAddress(bytes) = name else { return None };
    let four: Option<[u8; 4]> = (*bytes).try_into().ok();
    let sixteen: Option<[u8; 16]> = (*bytes).try_into().ok();
    four.map(IpAddr::from).or(sixteen.map(IpAddr::from)).map(Host::Address)
}

/// The SHA-256 fingerprint of a certificate as phones show it, so that people can compare.
///
/// # Errors
/// It is none.
pub fn fingerprint(certificate: &str) -> Result<String, AuthorityError> {
    let pairs: Vec<String> = Sha256::digest(der(certificate)?).iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25.
    const NOW: Timestamp = Timestamp(1_795_564_800_000);

    fn hosts(texts: &[&str]) -> Vec<Host> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn signs(authority: &Signed, host: &str) -> bool {
        server_certificate(&authority.certificate, &authority.key, &hosts(&[host]), NOW).is_ok()
    }

    #[test]
    fn an_authority_vouches_for_its_hosts_and_private_addresses_and_nobody_else() {
        let authority = authority("Liuzhuan", &hosts(&["lz.example.gov.cn", "198.51.100.7"]), NOW).unwrap();
        for host in [
            "lz.example.gov.cn",
            "a.lz.example.gov.cn",
            "198.51.100.7",
            "10.1.2.3",
            "192.168.0.9",
            "localhost",
            "fd00::1",
        ] {
            assert!(signs(&authority, host), "{host}");
        }
        for host in ["example.gov.cn", "bank.cn", "xlz.example.gov.cn", "198.51.100.8", "8.8.8.8", "2001:db8::1"] {
            assert!(!signs(&authority, host), "{host}");
        }
    }

    #[test]
    fn an_authority_for_addresses_alone_vouches_for_no_name() {
        let authority = authority("Liuzhuan", &hosts(&["10.1.2.3"]), NOW).unwrap();
        assert!(signs(&authority, "10.9.9.9") && !signs(&authority, "bank.cn"));
    }

    #[test]
    fn another_authoritys_key_is_noticed() {
        let ours = authority("Liuzhuan", &hosts(&["10.1.2.3"]), NOW).unwrap();
        let other = authority("Liuzhuan", &hosts(&["10.1.2.3"]), NOW).unwrap();
        let mixed = server_certificate(&ours.certificate, &other.key, &hosts(&["10.1.2.3"]), NOW);
        assert!(matches!(mixed, Err(AuthorityError::NotTrusted { .. })));
    }

    #[test]
    fn a_certificate_tells_its_hosts_and_its_end() {
        let all = hosts(&["lz.example.gov.cn", "10.1.2.3", "fd00::7"]);
        let authority = authority("Liuzhuan", &all, NOW).unwrap();
        let server = server_certificate(&authority.certificate, &authority.key, &all, NOW).unwrap();
        let (named, ends) = named(&server.certificate).unwrap();
        assert_eq!(named, all);
        assert_eq!((ends.to_string(), server.until.to_string()), ("2027-12-27".to_owned(), "2027-12-26".to_owned()));
        assert_eq!(authority.until.to_string(), "2036-11-22");
        assert_eq!(fingerprint(&authority.certificate).unwrap().len(), 32 * 3 - 1);
    }
}
