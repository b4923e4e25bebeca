//! Evaluation of a switch: when the first and when the last sidecar changed its
//! answer.

use std::time::{Duration, Instant};

use harness::load::AnswerKind;

use super::clients::Record;

/// Times from the start of the command to a sidecar's first answer of the new kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Switch {
    /// The first sidecar.
    pub first: Duration,
    /// The sidecar in the middle.
    pub median: Duration,
    /// The last sidecar.
    pub last: Duration,
    /// Answers of the previous kind to requests sent after the last sidecar had
    /// switched.
    pub late: usize,
    /// Answers of the previous kind to requests sent after the same sidecar had given
    /// an answer of the new kind.
    pub back: usize,
}

impl Switch {
    /// Evaluates the answers since `start`, each client's own in order. Every client has
    /// at least one answer of the kind `to`.
    pub fn evaluate(start: Instant, clients: &[Vec<Record>], to: AnswerKind) -> Self {
        let first_of = |answers: &Vec<Record>| {
            let mut switched = answers.iter().filter(|answer| answer.kind == to);
            switched.next().expect("every client has received an answer of this kind").received
        };
        let firsts: Vec<_> = clients.iter().map(first_of).collect();
        let mut sorted = firsts.clone();
        sorted.sort_unstable();
        let last = sorted[sorted.len() - 1];
        let is_previous_after =
            |answer: &&Record, time: Instant| answer.kind != to && answer.sent > time;
        let count = |answers: &Vec<Record>, time| {
            answers.iter().filter(|answer| is_previous_after(answer, time)).count()
        };
        Self {
            first: sorted[0] - start,
            median: sorted[sorted.len() / 2] - start,
            last: last - start,
            late: clients.iter().map(|answers| count(answers, last)).sum(),
            back: clients.iter().zip(&firsts).map(|(answers, own)| count(answers, *own)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AnswerKind::{Application, Maintenance};

    /// Answers that take a millisecond each, by the time they are sent.
    fn answers(start: Instant, answers: &[(u64, AnswerKind)]) -> Vec<Record> {
        let record = |&(at, kind): &(u64, AnswerKind)| {
            let sent = start + Duration::from_millis(at);
            Record { sent, received: sent + Duration::from_millis(1), kind }
        };
        answers.iter().map(record).collect()
    }

    fn milliseconds(switch: &Switch) -> [u128; 3] {
        [switch.first, switch.median, switch.last].map(|time| time.as_millis())
    }

    #[test]
    fn first_and_last_sidecar() {
        let start = Instant::now();
        let clients = [
            answers(start, &[(0, Application), (10, Maintenance), (20, Maintenance)]),
            answers(start, &[(5, Application), (15, Application), (25, Maintenance)]),
            answers(start, &[(7, Application), (17, Maintenance)]),
        ];
        let switch = Switch::evaluate(start, &clients, Maintenance);
        assert_eq!(milliseconds(&switch), [11, 18, 26]);
        assert_eq!((switch.late, switch.back), (0, 0));
    }

    #[test]
    fn a_request_after_the_last_503_that_reaches_the_application_is_late() {
        let start = Instant::now();
        let clients = [
            answers(start, &[(10, Maintenance), (30, Application), (40, Maintenance)]),
            answers(start, &[(20, Maintenance)]),
        ];
        let switch = Switch::evaluate(start, &clients, Maintenance);
        assert_eq!((switch.late, switch.back), (1, 1));
    }

    #[test]
    fn a_sidecar_that_changes_its_mind_is_noticed_before_the_last_503() {
        let start = Instant::now();
        let clients = [
            answers(start, &[(10, Maintenance), (30, Application), (40, Maintenance)]),
            answers(start, &[(50, Maintenance)]),
        ];
        let switch = Switch::evaluate(start, &clients, Maintenance);
        assert_eq!((switch.late, switch.back), (0, 1));
    }

    #[test]
    fn a_switch_back_to_the_application_is_evaluated_too() {
        let start = Instant::now();
        let clients = [answers(start, &[(0, Maintenance), (10, Application)])];
        assert_eq!(milliseconds(&Switch::evaluate(start, &clients, Application)), [11, 11, 11]);
    }
}
