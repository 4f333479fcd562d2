//! Label printers on the network, from the configuration alone: no request names an address, so that none leads this server
//! elsewhere. A printer takes bytes on a port (9100, as its makers call it: raw) and says nothing back, so that what is known
//! is only whether it took them. To add something a printer needs to be told: a field of [`Raw`] and of [`Printer`].
use domain::id::SiteId;
use labels::dots;
use labels::formats::{self, Format};
use labels::thermal::{GAP, Language, Roll};
use projections::Scope;
use serde::Deserialize;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The port of raw printing.
const PORT: u16 = 9100;
/// Characters of a printer's name.
const NAME_MAX: usize = 40;
/// Bytes that are written at once; each piece has its own time.
const PIECE: usize = 16 * 1024;

/// One printer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Printer {
    /// As people choose it.
    pub name: String,
    /// Host and port.
    pub address: String,
    pub language: Language,
    pub dpi: u16,
    /// What it is loaded with.
    pub format: &'static Format,
    /// Micrometres between two labels.
    pub gap: i32,
    /// Tenths of a millimetre.
    pub right: i16,
    pub down: i16,
    pub turned: bool,
    /// Where it stands; none: for every site.
    pub site: Option<SiteId>,
}

/// As it is written in the configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    address: String,
    language: String,
    #[serde(default = "usual_dpi")]
    dpi: u16,
    #[serde(default = "usual_format")]
    format: String,
    /// Millimetres.
    gap: Option<f64>,
    #[serde(default)]
    right: i16,
    #[serde(default)]
    down: i16,
    #[serde(default)]
    turned: bool,
    site: Option<String>,
}

fn usual_dpi() -> u16 {
    203
}

fn usual_format() -> String {
    "60x40".to_owned()
}

impl TryFrom<Raw> for Printer {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let name = raw.name.trim().to_owned();
        if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(format!("a printer's name has 1 to {NAME_MAX} characters"));
        }
        let wrong = |what: String| format!("printer `{name}`: {what}");
        let address = address(&raw.address).ok_or_else(|| wrong("its address is such as 10.0.0.9:9100".into()))?;
        let language = Language::find(&raw.language).ok_or_else(|| wrong("its language is tspl or zpl".into()))?;
        let rolls =
            || formats::FORMATS.iter().filter(|it| it.is_roll()).map(|it| it.name).collect::<Vec<_>>().join(", ");
        let format = formats::find(&raw.format).filter(|format| format.is_roll());
        let format = format.ok_or_else(|| wrong(format!("its format is one of {}", rolls())))?;
        let dots = dots::Printer { dpi: raw.dpi, right: raw.right, down: raw.down };
        dots.offset().map_err(|error| wrong(error.to_string()))?;
        let gap = raw.gap.unwrap_or(f64::from(GAP) / 1000.0);
        if !(0.0..=20.0).contains(&gap) {
            return Err(wrong("its gap is 0 to 20 mm".into()));
        }
        let site =
            raw.site.map(|site| site.parse()).transpose().map_err(|_| wrong("its site is the id of one".into()))?;
        let gap = (gap * 1000.0).round() as i32;
        let (dpi, right, down, turned) = (raw.dpi, raw.right, raw.down, raw.turned);
        Ok(Self { name, address, language, dpi, format, gap, right, down, turned, site })
    }
}

/// Host and port; the port of raw printing if none is given.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port: &u16| *port > 0)?),
        _ => (text, PORT),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || (bracketed && matches!(c, ':' | '[' | ']'));
    (!host.is_empty() && host.chars().all(allowed)).then(|| format!("{host}:{port}"))
}

/// `name=counter,address=10.0.0.9:9100,language=tspl,dpi=203,format=60x40`: the fields of the file, for flag and environment.
impl FromStr for Printer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut table = toml::Table::new();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').ok_or("a printer is written as name=…,address=…,language=…")?;
            let (key, value) = (key.trim(), value.trim());
            let typed = match key {
                "dpi" | "right" | "down" => value.parse().map(toml::Value::Integer).ok(),
                "gap" => value.parse().map(toml::Value::Float).ok(),
                "turned" => value.parse().map(toml::Value::Boolean).ok(),
                _ => Some(toml::Value::String(value.to_owned())),
            };
            let typed = typed.ok_or_else(|| format!("a printer's {key} is not `{value}`"))?;
            table.insert(key.to_owned(), typed);
        }
        table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }
}

impl Printer {
    /// How what it is sent is written.
    #[must_use]
    pub fn roll(&self) -> Roll {
        Roll { gap: self.gap, turned: self.turned, ..Roll::new(self.language, self.dpi) }
    }
}

/// How long a printer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until it answers.
    pub connect: Duration,
    /// Until it takes the next piece.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), write: Duration::from_secs(20) }
    }
}

/// Why a printer did not take a job. It may have printed some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answers at its address: switched off, or not on this network.
    Silent,
    /// Something answers and takes no jobs: another machine, or a printer that takes none this way.
    Refused,
    /// It took some and no more: no paper, cover open, paused.
    Stuck,
    /// It hung up.
    BrokeOff,
}

impl Failure {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Silent, Self::Refused, Self::Stuck, Self::BrokeOff];

    /// In the record of jobs, in problems and in the words of pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::Stuck => "stuck",
            Self::BrokeOff => "broke_off",
        }
    }

    /// The failure of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}

/// A printer, and the turn at it: one job after another.
type Turn = (Arc<Printer>, Arc<tokio::sync::Mutex<()>>);

/// Every printer of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Printers {
    all: Vec<Turn>,
    patience: Patience,
}

impl Printers {
    /// Of the configuration.
    ///
    /// # Errors
    /// Two of one name.
    pub fn new(printers: Vec<Printer>) -> Result<Self, String> {
        for (at, printer) in printers.iter().enumerate() {
            if printers[..at].iter().any(|other| other.name == printer.name) {
                return Err(format!("two printers are called `{}`", printer.name));
            }
        }
        let all = printers.into_iter().map(|printer| (Arc::new(printer), Arc::default())).collect();
        Ok(Self { all, patience: Patience::default() })
    }

    /// The same, waited for longer or shorter.
    #[must_use]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Those that somebody may print on: of the own sites, or of no site.
    pub fn within<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Printer>> {
        let reached = |it: &&Arc<Printer>| it.site.as_ref().is_none_or(|site| scope.covers(site));
        self.all.iter().map(|(printer, _)| printer).filter(reached)
    }

    /// The one of a name that somebody may print on.
    #[must_use]
    pub fn find(&self, name: &str, scope: &Scope) -> Option<Arc<Printer>> {
        self.within(scope).find(|printer| printer.name == name).cloned()
    }

    /// Sends a job, when those before it are through.
    ///
    /// # Errors
    /// It did not take it, or not all of it.
    pub async fn send(&self, printer: &Printer, bytes: &[u8]) -> Result<(), Failure> {
        let turn = self.all.iter().find(|(it, _)| it.name == printer.name).map(|(_, turn)| turn.clone());
        let turn = turn.unwrap_or_default();
        let _turn = turn.lock().await;
        send(&printer.address, bytes, self.patience).await
    }
}

async fn send(address: &str, bytes: &[u8], patience: Patience) -> Result<(), Failure> {
    let connected = timeout(patience.connect, TcpStream::connect(address)).await.map_err(|_| Failure::Silent)?;
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    let failure = |error| if refused(&error) { Failure::Refused } else { Failure::Silent };
    let mut stream = connected.map_err(failure)?;
    for piece in bytes.chunks(PIECE) {
        let written = timeout(patience.write, stream.write_all(piece)).await.map_err(|_| Failure::Stuck)?;
        written.map_err(|_| Failure::BrokeOff)?;
    }
    let closed = timeout(patience.write, stream.shutdown()).await.map_err(|_| Failure::Stuck)?;
    closed.map_err(|_| Failure::BrokeOff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpSocket};

    const SHORT: Patience = Patience { connect: Duration::from_millis(300), write: Duration::from_millis(300) };

    fn printer(text: &str) -> Result<Printer, String> {
        text.parse()
    }

    #[test]
    fn a_printer_is_written_in_one_line_or_as_a_table_of_the_file() {
        let line = printer(
            "name=窗口,address=10.0.0.9,language=zpl,dpi=300,format=100x150,gap=3.5,right=-7,turned=true,site=t01",
        );
        let file = "name = '窗口'\naddress = '10.0.0.9:9100'\nlanguage = 'zpl'\ndpi = 300\nformat = '100x150'\ngap = 3.5\n\
                    right = -7\nturned = true\nsite = 't01'";
        let (line, file) = (line.unwrap(), toml::from_str::<Printer>(file).unwrap());
        assert_eq!(line, file);
        assert_eq!((line.address.as_str(), line.gap, line.format.name), ("10.0.0.9:9100", 3500, "100x150"));
        let usual = printer("name=a,address=p.lan:9101,language=tspl").unwrap();
        assert_eq!((usual.dpi, usual.format.name, usual.gap, usual.site), (203, "60x40", 2000, None));
    }

    #[test]
    fn what_is_no_printer_is_refused_with_what_is_wrong() {
        for (more, says) in [
            ("address=10.0.0.9:0", "address"),
            ("address=http://10.0.0.9", "address"),
            ("address=::1", "address"),
            ("language=pcl", "tspl or zpl"),
            ("format=a4-3x8", "60x40"),
            ("dpi=72", "dots per inch"),
            ("dpi=many", "dpi"),
            ("right=500", "tenths"),
            ("gap=-1", "gap"),
            ("site=no site", "site"),
            ("colour=red", "colour"),
            ("name= ", "name"),
            ("quick", "name="),
        ] {
            let key = more.split('=').next().unwrap();
            let rest =
                ["name=a", "address=10.0.0.9", "language=tspl"].into_iter().filter(|pair| !pair.starts_with(key));
            let text = rest.chain([more]).collect::<Vec<_>>().join(",");
            let refused = printer(&text).unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
        let twice = ["name=a,address=h,language=zpl", "name=a,address=i,language=tspl"].map(|it| printer(it).unwrap());
        assert!(Printers::new(twice.into()).unwrap_err().contains("`a`"));
    }

    #[test]
    fn nobody_reaches_the_printer_of_another_site() {
        let all =
            ["name=a,address=h,language=zpl,site=t01", "name=b,address=i,language=tspl"].map(|it| printer(it).unwrap());
        let printers = Printers::new(all.into()).unwrap();
        let of = |site: &str| Scope::Sites(vec![site.parse().unwrap()]);
        assert!(printers.find("a", &of("t01")).is_some() && printers.find("a", &Scope::Region).is_some());
        assert!(printers.find("a", &of("t02")).is_none() && printers.find("b", &of("t02")).is_some());
        assert!(printers.find("h:9100", &Scope::Region).is_none(), "an address is no name");
    }

    #[tokio::test]
    async fn a_printer_gets_every_byte() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken = tokio::spawn(async move {
            let mut all = Vec::new();
            listener.accept().await.unwrap().0.read_to_end(&mut all).await.unwrap();
            all
        });
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
        assert_eq!(send(&address, &bytes, SHORT).await, Ok(()));
        assert_eq!(taken.await.unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_printer_that_takes_no_more_is_not_waited_for_without_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // More than the buffers between two sockets ever hold.
        let bytes = vec![0; 64 * 1024 * 1024];
        assert_eq!(send(&address, &bytes, SHORT).await, Err(Failure::Stuck));
        drop(listener);
        assert_eq!(send(&address, b"x", SHORT).await, Err(Failure::Refused));
    }

    #[tokio::test]
    async fn a_printer_that_never_answers_is_given_up() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // Nobody is let in, and the queue before the door is full: to who knocks now, nothing is said.
        let mut queue = Vec::new();
        while let Ok(Ok(knocking)) = timeout(SHORT.connect, TcpStream::connect(&address)).await {
            queue.push(knocking);
        }
        assert_eq!(send(&address, b"x", SHORT).await, Err(Failure::Silent));
        assert_eq!(send("no-such-host.invalid:9100", b"x", SHORT).await, Err(Failure::Silent));
    }
}
