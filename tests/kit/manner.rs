//! How a small service behaves: an `app.py` that needs nothing but Python.

/// How a service behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// It answers well.
    Good,
    /// It answers 500 to 5 % of the requests, evenly.
    FivePercentErrors,
    /// Every third request takes a tenth of a second longer.
    SlowTail,
    /// Its health check says 500, always.
    NeverHealthy,
    /// It lives and never opens its port.
    NeverListens,
    /// It ends when it has answered once.
    DiesAfterFirstAnswer,
    /// It ends a few seconds after it started, so that it is ready first.
    DiesSoon,
    /// It writes its secret `TOKEN` into its log, and answers with its length.
    TellsItsSecret,
}

impl Manner {
    /// The source of the service; `mark` stands in its answers and tells versions apart.
    pub fn source(self, mark: &str) -> String {
        let (before, health, answer) = match self {
            Manner::Good => ("pass", "200", "pass"),
            Manner::FivePercentErrors => ("pass", "200", "status = 500 if count % 20 == 7 else 200"),
            Manner::SlowTail => ("pass", "200", "time.sleep(0.1 if count % 3 == 0 else 0)"),
            Manner::NeverHealthy => ("pass", "500", "pass"),
            Manner::NeverListens => ("time.sleep(3600)", "200", "pass"),
            Manner::DiesAfterFirstAnswer => ("pass", "200", "threading.Timer(0.05, end).start()"),
            Manner::DiesSoon => ("threading.Timer(4, end).start()", "200", "pass"),
            Manner::TellsItsSecret => (
                "print('the token is', os.environ['TOKEN'], flush=True)",
                "200",
                "body = 'length %d' % len(os.environ['TOKEN'])",
            ),
        };
        // A health check is an answer too: whoever dies after the first good answer dies after that one.
        let dies = if self == Manner::DiesAfterFirstAnswer { answer } else { "pass" };
        format!(
            r#"import itertools, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

counter = itertools.count(1)

def end():
    print("it is over", flush=True)
    os._exit(7)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for head and body, or each answer waits for an acknowledgement.
    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_GET(self):
        status, body = 200, "{mark}"
        if self.path == "/health":
            status = {health}
            {dies}
        else:
            count = next(counter)
            {answer}
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

print("{mark} begins", flush=True)
{before}
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#
        )
    }
}
