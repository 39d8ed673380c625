//! What trainers say: lines of a worker, and whatever any program prints or writes into a table.

use evotop::runner::command::check::{Question, check};
use evotop::runner::command::{Reader, Table};
use evotop::space::Scalar;
use evotop::trial::protocol::FromWorker;
use evotop::trial::{Job, MetricRule};

use crate::mutate::damage;

#[test]
fn damaged_lines_of_a_worker_are_understood_or_an_error() {
    let lines: [&[u8]; 5] = [
        br#"{"type":"hello","protocol":1,"program":"p 1","build":"b","metrics":["acc"],"fitness":{"acc":1.0}}"#,
        br#"{"type":"batch","trial":3,"epoch":1,"epochs":2,"batch":4,"batches":20,"rate":112.0,"losses":{"box":0.1}}"#,
        br#"{"type":"epoch","trial":3,"epoch":1,"epochs":2,"metrics":{"acc":0.5,"loss":null},"seconds":1.5}"#,
        br#"{"type":"result","trial":3,"metrics":{"acc":0.5}}"#,
        br#"{"type":"error","trial":3,"class":"out-of-memory","message":"CUDA out of memory"}"#,
    ];
    damage("worker", &lines, |bytes| match serde_json::from_slice::<FromWorker>(bytes) {
        Ok(said) => {
            let text = serde_json::to_string(&said).unwrap();
            // A NaN is null on the wire, and not equal to itself: the text is.
            let again: FromWorker = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&again).unwrap(), text);
            true
        }
        Err(_) => false,
    });
}

#[test]
fn whatever_a_program_prints_is_read_without_failing() {
    let rules = [MetricRule::parse("acc=val acc ([0-9.]+)").unwrap()];
    let job = Job {
        trial: 0,
        attempt: 1,
        seed: 0,
        hyp: [("lr0".to_owned(), Scalar::Float(0.01))].into_iter().collect(),
        dir: "/tmp/a1".into(),
        previous: None,
        device: "cpu".into(),
        threads: 1,
    };
    let words = ["train".to_owned(), "{args}".to_owned()];
    let prints: [&[u8]; 4] = [
        b"epoch 1/3 val acc 0.51\nepoch 2/3 val acc 0.62\r\n",
        b"{\"epoch\":1,\"acc\":0.5}\n{\"acc\":0.6}\n",
        b"  0%|          | 0/20 [00:00<?, ?it/s]\r 5%|5 | 1/20 [00:01<00:19, 1.0it/s]\n",
        b"epoch,acc,loss\n1,0.5,0.2\n2,0.6,nan\n",
    ];
    damage("any program", &prints, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::new(&rules, 3, false).unwrap();
        for line in text.split(['\n', '\r']) {
            let _ = reader.line(line);
        }
        let _ = (reader.result(false), reader.not_finite());
        let mut table = Table::default();
        let half = bytes.len() / 2;
        let _ = (table.feed(&bytes[..half]), table.feed(&bytes[half..]), table.finish());
        let answer = check(&Question {
            words: &words,
            job: &job,
            rules: &rules,
            preset: None,
            number: None,
            script: None,
            log: Some(&text),
        });
        let _ = answer.to_string();
        true
    });
}
