//! Commands that reach other hosts, and which of their arguments may name them.
//!
//! Owns: the commands, their options that take a value, which of these values are addresses.
//! Must not know: how a host is read of an argument.

/// How a command is told its hosts.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// Every word is a URL, or a host with a path.
    Urls,
    /// One URL, after a method if there is one; what follows are items of the request.
    Request,
    /// The first word is the host; the port may follow.
    HostPort,
    /// `user@host`, alone or in front of `:path`.
    Login,
    /// Names that are looked up, or hosts that are asked.
    Names,
}

pub(super) struct Command {
    name: &'static str,
    pub(super) told: Told,
    /// Its usual port.
    pub(super) port: Option<u16>,
    /// One-letter options that take a value.
    letters: &'static str,
    long: Long,
}

/// Long options that take a value, without their dashes.
#[derive(Clone, Copy)]
struct Long {
    valued: &'static str,
    /// Those whose value is an address itself, and their letters, with their dashes.
    addresses: &'static str,
}

const NONE: Long = Long { valued: "", addresses: "" };

const CURL: Long = Long {
    valued: "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at \
             cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode delegation \
             dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers dump-header egd-file engine etag-compare etag-save \
             expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode \
             happy-eyeballs-timeout-ms haproxy-clientip header help hostpubmd5 hostpubsha256 hsts interface ip-tos json \
             keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt \
             max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey proto \
             proto-default proto-redir proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header \
             proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype \
             proxy-tlspassword proxy-tlsuser proxy-user pubkey quote random-file range rate referer request request-target resolve \
             retry retry-delay retry-max-time sasl-authzid service-name socks5-gssapi-service speed-limit speed-time stderr \
             telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii \
             trace-config unix-socket upload-file url-query user user-agent variable vlan-priority write-out",
    addresses: "-x --proxy --proxy1.0 --preproxy --socks4 --socks4a --socks5 --socks5-hostname --url --doh-url",
};

const WGET: Long = Long {
    valued: "accept accept-regex append-output backups base bind-address body-data body-file ca-certificate ca-directory certificate \
             certificate-type ciphers compression config connect-timeout crl-file cut-dirs default-page directory-prefix dns-timeout \
             domains exclude-directories exclude-domains execute follow-tags ftp-password ftp-user header hsts-file http-password \
             http-user ignore-tags include-directories input-file level limit-rate load-cookies local-encoding method \
             output-document output-file password pinnedpubkey post-data post-file prefer-family private-key private-key-type \
             progress proxy-password proxy-user quota read-timeout referer regex-type reject reject-regex rejected-log \
             remote-encoding report-speed restrict-file-names retry-on-http-error save-cookies secure-protocol start-pos timeout \
             tries use-askpass user user-agent wait waitretry warc-dedup warc-file warc-header warc-max-size warc-tempdir",
    addresses: "",
};

/// Of httpie and xh.
const HTTPIE: Long = Long {
    valued: "auth auth-type bearer boundary cert cert-key cert-key-pass ciphers default-scheme format-options history-print \
             http-version interface max-headers max-redirects output pretty print raw resolve response-charset response-mime session \
             session-read-only ssl style timeout verify",
    addresses: "--proxy",
};

/// Of Nmap's and GNU's netcat; that of BSD has none.
const NETCAT: Long = Long {
    valued: "allow allowfile delay deny denyfile exec gateway hex-dump idle-timeout interval local-port lua-exec max-conns output \
             pointer proxy-auth proxy-dns proxy-type sh-exec source source-port ssl-alpn ssl-cert ssl-ciphers ssl-key \
             ssl-servername ssl-trustfile tunnel tunnel-port tunnel-source wait",
    addresses: "--proxy",
};

const RSYNC: Long = Long {
    valued: "address backup-dir block-size bwlimit checksum-choice checksum-seed chmod chown compare-dest compress-choice \
             compress-level contimeout copy-as copy-dest debug exclude exclude-from files-from filter groupmap iconv include \
             include-from info link-dest log-file log-file-format max-alloc max-delete max-size min-size modify-window \
             only-write-batch out-format outbuf partial-dir password-file port protocol read-batch remote-option rsh rsync-path \
             skip-compress sockopts stop-after stop-at suffix temp-dir timeout usermap write-batch",
    addresses: "",
};

const WHOIS: Long = Long { valued: "port", addresses: "-h --host" };

const COMMANDS: [Command; 21] = [
    command("curl", Told::Urls, None, "AbcCdDeEFhHKmoPQrtTuUwxXyYz", CURL),
    command("wget", Told::Urls, None, "aeiloOPQRtTUwABDIX", WGET),
    command("http", Told::Request, None, "aAopPs", HTTPIE),
    command("https", Told::Request, Some(443), "aAopPs", HTTPIE),
    command("xh", Told::Request, None, "aAopPs", HTTPIE),
    command("nc", Told::HostPort, None, "eciIOpPqsTVwxXmMg", NETCAT),
    command("ncat", Told::HostPort, None, "eciopgGmdwx", NETCAT),
    command("netcat", Told::HostPort, None, "eciIOpPqsTVwxXmMg", NETCAT),
    command("telnet", Told::HostPort, Some(23), "belnSX", NONE),
    command("ftp", Told::HostPort, Some(21), "Pors", NONE),
    command("ssh", Told::Login, Some(22), "BbcDEeFIiJLlmOopQRSWw", NONE),
    command("scp", Told::Login, Some(22), "cDFiJloPSX", NONE),
    command("sftp", Told::Login, Some(22), "BbcDFiJlnoPRSsX", NONE),
    command("rsync", Told::Login, Some(873), "efBTM", RSYNC),
    command("dig", Told::Names, Some(53), "bcfkpqtxy", NONE),
    command("nslookup", Told::Names, Some(53), "", NONE),
    command("host", Told::Names, Some(53), "cmNRtW", NONE),
    command("ping", Told::Names, None, "cFiIlmMnpQsStTwW", NONE),
    command("ping6", Told::Names, None, "cFiIlmMnpQsStTwW", NONE),
    command("traceroute", Told::Names, None, "fgimMNpqsStwz", NONE),
    command("whois", Told::Names, Some(43), "hp", WHOIS),
];

const fn command(name: &'static str, told: Told, port: Option<u16>, letters: &'static str, long: Long) -> Command {
    Command { name, told, port, letters, long }
}

/// What of a command's arguments may name a host.
#[derive(Default)]
pub(super) struct Arguments<'a> {
    /// Those that are no options, and no values of options.
    pub(super) words: Vec<&'a str>,
    /// Values of options that are addresses themselves.
    pub(super) addresses: Vec<&'a str>,
}

impl Command {
    /// `None` for a command that reaches no other host.
    pub(super) fn named(name: &str) -> Option<&'static Command> {
        COMMANDS.iter().find(|command| command.name == name)
    }

    pub(super) fn arguments<'a>(&self, argv: &'a [String]) -> Arguments<'a> {
        let mut found = Arguments::default();
        let mut args = argv.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            if arg == "--" {
                found.words.extend(args.by_ref());
            } else if let Some(long) = arg.strip_prefix("--") {
                let (name, given) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let (is_address, is_valued) = (self.is_address(&arg[..2 + name.len()]), has(self.long.valued, name));
                let value = given.or_else(|| if is_address || is_valued { args.next() } else { None });
                // An option that nobody knows here may lead somewhere too.
                found.addresses.extend(value.filter(|value| is_address || (!is_valued && value.contains("://"))));
            } else if let Some(letters) = arg.strip_prefix('-') {
                // In `-sd data` the last letter takes the value; in `-ddata` the first has it.
                if let Some((at, letter)) = letters.char_indices().find(|(_, letter)| self.letters.contains(*letter)) {
                    let glued = &letters[at + letter.len_utf8()..];
                    let value = if glued.is_empty() { args.next() } else { Some(glued) };
                    found.addresses.extend(value.filter(|_| self.is_address(&format!("-{letter}"))));
                }
            } else {
                found.words.push(arg);
            }
        }
        found
    }

    fn is_address(&self, option: &str) -> bool {
        has(self.long.addresses, option)
    }
}

fn has(names: &str, name: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known == name)
}
