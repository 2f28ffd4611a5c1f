//! Reading what strace wrote: was a file synced between a request's receipt and its answer?

/// A finished sync, as the trace shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// The file, as the kernel names it.
    pub file: String,
}

/// The syncs that began after the first request that begins with `request` was read, and ended well before its
/// answer was written to the same socket. `None` if there is no such request or no answer.
pub fn syncs_before_answer(trace: &str, request: &str) -> Option<Vec<Sync>> {
    let lines: Vec<&str> = trace.lines().collect();
    let received = lines.iter().position(|line| line.contains(&format!("\"{request}")))?;
    let socket = descriptor(lines.get(received)?)?;
    let rest = lines.get(received + 1..)?;
    let is_answer = |line: &&str| line.contains("\"HTTP/1.1 2") && descriptor(line) == Some(socket);
    let answered = rest.iter().position(is_answer)?;
    Some(finished(rest.get(..answered)?))
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
        let syncs = syncs_before_answer(TRACE, "POST /hooks/sandbox").unwrap();
        let files: Vec<&str> = syncs.iter().map(|sync| sync.file.as_str()).collect();
        assert_eq!(files, ["/d/heyon.db-wal", "/d/other"]);
        assert_eq!(syncs_before_answer(TRACE, "POST /v1/control"), None);
    }
}
