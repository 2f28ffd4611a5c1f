//! Reading what strace wrote: was a file synced between a request's receipt and its answer?

/// A finished sync, as the trace shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// The file, as the kernel names it.
    pub file: String,
}

/// What a request and its answer look like on their socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// HTTP: a request that begins so, and an answer of 2xx.
    Http(&'static str),
    /// Diameter: a Credit-Control-Request and the next Credit-Control-Answer.
    CreditControl,
}

impl Words {
    fn are_a_request(self, head: &[u8]) -> bool {
        match self {
            Self::Http(begin) => head.starts_with(begin.as_bytes()),
            Self::CreditControl => is_credit_control(head, true),
        }
    }

    fn are_an_answer(self, head: &[u8]) -> bool {
        match self {
            Self::Http(_) => head.starts_with(b"HTTP/1.1 2"),
            Self::CreditControl => is_credit_control(head, false),
        }
    }
}

/// Version 1, three bytes of length, flags of which the highest says request, command 272.
fn is_credit_control(head: &[u8], request: bool) -> bool {
    matches!(head, [1, _, _, _, flags, 0, 1, 16, ..] if (flags & 0x80 != 0) == request)
}

/// The syncs that began after the first such request was read, and ended well before its answer was written to the
/// same socket. `None` if there is no such request or no answer.
pub fn syncs_before_answer(trace: &str, words: Words) -> Option<Vec<Sync>> {
    let lines: Vec<&str> = trace.lines().collect();
    let received = lines.iter().position(|line| words.are_a_request(&first_bytes(line)))?;
    let socket = descriptor(lines.get(received)?)?;
    let rest = lines.get(received + 1..)?;
    let is_answer = |line: &&str| words.are_an_answer(&first_bytes(line)) && descriptor(line) == Some(socket);
    let answered = rest.iter().position(is_answer)?;
    Some(finished(rest.get(..answered)?))
}

/// The bytes that the line's first string begins with: `"\1\0\1\24"`, `"POST"`.
fn first_bytes(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.split_once('"').map(|(_, text)| text.chars().peekable());
    while let Some(text) = &mut rest {
        match text.next() {
            None | Some('"') => rest = None,
            Some('\\') => bytes.extend(unescaped(text)),
            Some(plain) => bytes.extend(u8::try_from(plain)),
        }
    }
    bytes
}

/// What follows a backslash: up to three octal digits, or a letter as in C.
fn unescaped(text: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<u8> {
    let mut code = None;
    for _ in 0..3 {
        let Some(digit) = text.peek().and_then(|digit| digit.to_digit(8)) else { break };
        code = Some(code.unwrap_or(0) * 8 + digit);
        text.next();
    }
    if let Some(code) = code {
        return u8::try_from(code).ok();
    }
    Some(match text.next()? {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        'f' => 12,
        other => u8::try_from(other).ok()?,
    })
}

/// `123 fdatasync(9</d/heyon.db-wal>) = 0`, or the same in two lines of which the second begins `<... fdatasync resumed>`.
fn finished(lines: &[&str]) -> Vec<Sync> {
    let mut begun: Vec<(&str, String)> = Vec::new();
    let mut syncs = Vec::new();
    for line in lines.iter().filter(|line| line.contains("sync")) {
        let process = line.split_whitespace().next().unwrap_or_default();
        let ended_well = line.trim_end().ends_with("= 0");
        if line.contains(" resumed>") {
            let at = begun.iter().position(|(who, _)| *who == process);
            let file = at.map(|at| begun.swap_remove(at).1);
            syncs.extend(file.filter(|_| ended_well).map(|file| Sync { file }));
        } else if let Some(file) = file_of(line) {
            if line.contains("<unfinished") {
                begun.push((process, file));
            } else if ended_well {
                syncs.push(Sync { file });
            }
        }
    }
    syncs
}

/// The socket of `… sendto(12<socket:[345]>, …`.
fn descriptor(line: &str) -> Option<&str> {
    let start = line.find('(')? + 1;
    let end = start + line.get(start..)?.find(|c: char| !c.is_ascii_digit())?;
    line.get(start..end).filter(|digits| !digits.is_empty())
}

fn file_of(line: &str) -> Option<String> {
    let start = line.find('<')? + 1;
    let end = start + line.get(start..)?.find('>')?;
    line.get(start..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
7 fdatasync(9</d/early.db-wal>) = 0
8 recvfrom(12<socket:[1]>, \"POST /hooks/sandbox HTTP/1.1\\r\\n\"..., 8192, 0, NULL, NULL) = 300
9 fdatasync(9</d/heyon.db-wal> <unfinished ...>
7 fdatasync(4</d/charging.db-wal>) = -1 EIO (Input/output error)
9 <... fdatasync resumed>) = 0
8 writev(11<socket:[2]>, [{iov_base=\"HTTP/1.1 200 OK\\r\\n\"..., iov_len=64}], 1) = 64
7 fsync(5</d/other>) = 0
8 writev(12<socket:[1]>, [{iov_base=\"HTTP/1.1 204 No Content\\r\\n\"..., iov_len=64}], 1) = 64
9 fdatasync(9</d/late.db-wal>) = 0
";

    #[test]
    fn only_whole_syncs_between_receipt_and_answer_count() {
        let syncs = syncs_before_answer(TRACE, Words::Http("POST /hooks/sandbox")).unwrap();
        let files: Vec<&str> = syncs.iter().map(|sync| sync.file.as_str()).collect();
        assert_eq!(files, ["/d/heyon.db-wal", "/d/other"]);
        assert_eq!(syncs_before_answer(TRACE, Words::Http("POST /v1/control")), None);
        assert_eq!(syncs_before_answer(TRACE, Words::CreditControl), None);
    }

    #[test]
    fn a_credit_control_request_is_told_from_its_neighbours_and_its_answer() {
        // A watchdog, a request whose length ends in a newline's byte, another socket's answer, and its own.
        let trace = "\
8 recvfrom(12<socket:[1]>, \"\\1\\0\\0T\\200\\0\\1\\30\\0\\0\\0\\0\"..., 65536, 0, NULL, NULL) = 84
8 recvfrom(12<socket:[1]>, \"\\1\\0\\1\\n\\300\\0\\1\\20\\0\\0\\0\\4\"..., 65536, 0, NULL, NULL) = 300
9 fdatasync(9</d/charging.db-wal>) = 0
8 sendto(11<socket:[2]>, \"\\1\\0\\0\\314@\\0\\1\\20\\0\\0\\0\\4\"..., 204, MSG_NOSIGNAL, NULL, 0) = 204
9 fdatasync(9</d/more.db-wal>) = 0
8 sendto(12<socket:[1]>, \"\\1\\0\\0\\314@\\0\\1\\20\\0\\0\\0\\4\"..., 204, MSG_NOSIGNAL, NULL, 0) = 204
9 fdatasync(9</d/late.db-wal>) = 0
";
        let syncs = syncs_before_answer(trace, Words::CreditControl).unwrap();
        let files: Vec<&str> = syncs.iter().map(|sync| sync.file.as_str()).collect();
        assert_eq!(files, ["/d/charging.db-wal", "/d/more.db-wal"]);
    }
}
