//! Who is told: a gateway or a webhook's receiver on loopback that remembers what it got and answers as a test says; and a mail
//! server that takes everything.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method and path.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// How it answers next; else with 200.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    Redirect(String),
    /// It understood, and the line broke.
    HangUp,
    /// It understood, and says nothing.
    Silence,
    /// An answer without end.
    Endless,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/take", listener.local_addr().expect("an address"));
        let it = Self { url, seen: Arc::default(), replies: Arc::default() };
        let taking = it.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().take(stream));
            }
        });
        it
    }

    pub fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn take(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |line: &String| {
            line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers: Vec<_> = lines.iter().skip(1).filter_map(header).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let mut body = vec![0; length.parse().expect("a length")];
        stream.read_exact(&mut body).await.expect("the body");
        let body = String::from_utf8(body).expect("text");
        let reply = self.replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200));
        self.seen.lock().unwrap().push(Seen { line: lines[0].clone(), headers, body });
        let _hung_up = answer(&mut stream, &reply).await;
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, reply: &Reply) -> std::io::Result<()> {
    match reply {
        Reply::Status(status) => {
            let text = format!("HTTP/1.1 {status} x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK");
            stream.write_all(text.as_bytes()).await
        }
        Reply::Redirect(to) => {
            let text = format!("HTTP/1.1 307 x\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(text.as_bytes()).await
        }
        Reply::HangUp => Ok(()),
        Reply::Silence => {
            tokio::time::sleep(std::time::Duration::from_secs(120)).await;
            Ok(())
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 8192]).await?;
            }
        }
    }
}

/// A mail server without TLS; what it got, whole letters.
pub async fn mail() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("an address"));
    let letters: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = letters.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _broken = post(BufReader::new(stream), &kept).await;
        }
    });
    (url, letters)
}

async fn post(mut stream: BufReader<TcpStream>, letters: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.write_all(b"220 here\r\n").await?;
    let mut letter: Option<String> = None;
    let mut envelope = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        match &mut letter {
            Some(text) if line == ".\r\n" => {
                letters.lock().unwrap().push(format!("{envelope}{text}"));
                letter = None;
                stream.write_all(b"250 taken\r\n").await?;
            }
            Some(text) => text.push_str(&line),
            None if line.starts_with("DATA") => {
                letter = Some(String::new());
                stream.write_all(b"354 go on\r\n").await?;
            }
            None => {
                if line.starts_with("RCPT") {
                    envelope.push_str(&line);
                }
                stream.write_all(b"250 yes\r\n").await?;
            }
        }
    }
}
