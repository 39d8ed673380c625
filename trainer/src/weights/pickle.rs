//! Python's pickle as data: a small machine that builds a tree of values and calls nothing. A name of a class or function stays a name;
//! what a call would have made is opaque, but for the few containers and tensors that are known here. What a checkpoint holds is read
//! from the tree in `checkpoint.rs`.

use super::tree::{Id, Node, PAIR, Tree};

/// More values than any checkpoint has.
const MOST_NODES: usize = 1_000_000;
/// What may be copied while a pickle is read, over and above its own length, in bytes.
const ROOM: usize = 1 << 20;

/// Runs a pickle.
///
/// # Errors
/// Names the place in the pickle and what is wrong there.
pub fn read(bytes: &[u8]) -> Result<Tree, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        room: bytes.len() + ROOM,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
    };
    loop {
        let start = machine.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(root)) => return Ok(Tree { nodes: machine.nodes, root }),
            Err(why) => return Err(format!("the pickle is broken at byte {start}: {why}")),
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes that may still be copied: a few opcodes could multiply a long text or list without end.
    room: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

impl Machine<'_> {
    /// One opcode; the root value at the end.
    fn step(&mut self) -> Result<Option<Id>, String> {
        let opcode = self.byte()?;
        if let Some(node) = self.literal(opcode)? {
            self.push(node)?;
            return Ok(None);
        }
        match opcode {
            0x80 => {
                let version = self.byte()?;
                if version > 4 {
                    return Err(format!("protocol {version} is not known"));
                }
            }
            // FRAME: only a hint of a length.
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b't' => {
                let items = self.since_mark()?;
                self.push(Node::Tuple(items))?;
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Node::Text(module), Node::Text(name)) = (self.node(module), self.node(name)) else {
                    return Err("a global without a name".to_owned());
                };
                self.has_room(module.len() + name.len())?;
                let node = Node::Global(module.clone(), name.clone());
                self.charge(node.length());
                self.push(node)?;
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let id = self.called(function, arguments)?;
                self.stack.push(id);
            }
            0x81 => {
                let (_, class) = (self.pop()?, self.pop()?);
                let ordered = matches!(self.node(class), Node::Global(_, name) if name == "OrderedDict");
                self.push(if ordered { Node::Dict(Vec::new()) } else { Node::Object(None) })?;
            }
            b'b' => {
                let state = self.pop()?;
                let id = self.top()?;
                if let Node::Object(attached) = &mut self.nodes[id] {
                    *attached = Some(state);
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let node = self.storage(id)?;
                self.charge(node.length());
                self.push(node)?;
            }
            b'.' => return self.pop().map(Some),
            _ => self.fill_or_memo(opcode)?,
        }
        Ok(None)
    }

    /// The opcodes that stand for a value by themselves.
    fn literal(&mut self, opcode: u8) -> Result<Option<Node>, String> {
        Ok(Some(match opcode {
            b'}' => Node::Dict(Vec::new()),
            // A set is as good as a list here.
            b']' | 0x8f => Node::List(Vec::new()),
            b')' => Node::Tuple(Vec::new()),
            b'N' => Node::None,
            0x88 => Node::Bool(true),
            0x89 => Node::Bool(false),
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'J' => Node::Int(i64::from(self.number(4)? as u32 as i32)),
            b'K' => Node::Int(self.number(1)? as i64),
            b'M' => Node::Int(self.number(2)? as i64),
            0x8a => {
                let length = self.number(1)? as usize;
                long(self.take(length)?)
            }
            b'G' => {
                let bytes = <[u8; 8]>::try_from(self.take(8)?).map_err(|_| "eight bytes")?;
                Node::Float(f64::from_be_bytes(bytes))
            }
            b'c' => Node::Global(self.line()?, self.line()?),
            _ => return Ok(None),
        }))
    }

    /// The opcodes that fill containers, and those that keep values for later.
    fn fill_or_memo(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.append(&items)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)
            }
            b'q' | b'r' => {
                let at = self.number(if opcode == b'q' { 1 } else { 4 })?;
                self.remember(at)
            }
            0x94 => self.remember(self.memo.len() as u64),
            b'h' | b'j' => {
                let at = self.number(if opcode == b'h' { 1 } else { 4 })?;
                self.recall(at)
            }
            b'0' => self.pop().map(drop),
            other => Err(format!("opcode {other:#04x} is not one a checkpoint needs")),
        }
    }

    fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::Opaque)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("it ends too early")?;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A number of so many bytes, the lowest first.
    fn number(&mut self, width: usize) -> Result<u64, String> {
        Ok(self.take(width)?.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    /// A text behind a length of so many bytes.
    fn text(&mut self, width: usize) -> Result<Node, String> {
        let length = usize::try_from(self.number(width)?).map_err(|_| "a text too long")?;
        Ok(Node::Text(String::from_utf8_lossy(self.take(length)?).into_owned()))
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or("a line without an end")?;
        let text = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(text)
    }

    fn has_room(&self, bytes: usize) -> Result<(), String> {
        if bytes > self.room { Err("it copies far too much".to_owned()) } else { Ok(()) }
    }

    fn charge(&mut self, bytes: usize) {
        self.room = self.room.saturating_sub(bytes);
    }

    fn push(&mut self, node: Node) -> Result<(), String> {
        let id = self.new_node(node)?;
        self.stack.push(id);
        Ok(())
    }

    fn new_node(&mut self, node: Node) -> Result<Id, String> {
        if self.nodes.len() >= MOST_NODES {
            return Err("far too many values".to_owned());
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// Never below the last mark: that would be another container's.
    fn pop(&mut self) -> Result<Id, String> {
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return Err("the stack is empty".to_owned());
        }
        self.stack.pop().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("no mark on the stack")?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, length: usize) -> Result<(), String> {
        let mut items = Vec::with_capacity(length);
        for _ in 0..length {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Node::Tuple(items))
    }

    fn append(&mut self, items: &[Id]) -> Result<(), String> {
        let id = self.top()?;
        match &mut self.nodes[id] {
            Node::List(list) => list.extend(items),
            Node::Object(_) | Node::Opaque => {}
            _ => return Err("items for what is no list".to_owned()),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let id = self.top()?;
        if !items.len().is_multiple_of(2) {
            return Err("a key without a value".to_owned());
        }
        match &mut self.nodes[id] {
            Node::Dict(pairs) => pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            Node::Object(_) | Node::Opaque => {}
            _ => return Err("keys for what is no dict".to_owned()),
        }
        Ok(())
    }

    fn remember(&mut self, at: u64) -> Result<(), String> {
        let id = self.top()?;
        let at = usize::try_from(at).ok().filter(|at| *at < MOST_NODES).ok_or("a memo too far")?;
        if self.memo.len() <= at {
            self.memo.resize(at + 1, None);
        }
        self.memo[at] = Some(id);
        Ok(())
    }

    fn recall(&mut self, at: u64) -> Result<(), String> {
        let id = usize::try_from(at).ok().and_then(|at| self.memo.get(at).copied().flatten());
        self.stack.push(id.ok_or("a memo that was never set")?);
        Ok(())
    }

    /// What a call stands for. Nothing is called.
    fn called(&mut self, function: Id, arguments: Id) -> Result<Id, String> {
        let Node::Tuple(arguments) = self.node(arguments) else {
            return Err("a call without arguments".to_owned());
        };
        let Node::Global(module, name) = self.node(function) else { return self.new_node(Node::Opaque) };
        let first = arguments.first().copied();
        match (module.as_str(), name.as_str()) {
            ("collections", "OrderedDict") => {
                let pairs = first.map(|id| self.pairs(id)).transpose()?.unwrap_or_default();
                let dict = Node::Dict(pairs);
                self.charge(dict.length());
                self.new_node(dict)
            }
            ("builtins" | "__builtin__", "set" | "frozenset" | "list") => match first {
                Some(id) if matches!(self.node(id), Node::List(_)) => Ok(id),
                _ => self.new_node(Node::List(Vec::new())),
            },
            ("torch._utils", "_rebuild_tensor_v2") => {
                let tensor = self.tensor(&arguments.clone())?;
                self.new_node(tensor)
            }
            ("torch._utils", "_rebuild_parameter") => {
                first.ok_or_else(|| "a parameter of nothing".to_owned())
            }
            _ => self.new_node(Node::Opaque),
        }
    }

    fn pairs(&self, list: Id) -> Result<Vec<(Id, Id)>, String> {
        let Node::List(items) = self.node(list) else { return Ok(Vec::new()) };
        self.has_room(items.len() * PAIR)?;
        let pair = |id: &Id| match self.node(*id) {
            Node::List(pair) | Node::Tuple(pair) if pair.len() == 2 => Some((pair[0], pair[1])),
            _ => None,
        };
        Ok(items.iter().filter_map(pair).collect())
    }

    fn tensor(&self, arguments: &[Id]) -> Result<Node, String> {
        let [storage, offset, size, stride, ..] = arguments else {
            return Err("a tensor without its shape".to_owned());
        };
        if !matches!(self.node(*storage), Node::Storage { .. }) {
            return Err("a tensor without a storage".to_owned());
        }
        let whole = |id: Id| match self.node(id) {
            Node::Int(n) => u64::try_from(*n).map_err(|_| format!("a tensor of shape {n}")),
            _ => Err("a tensor whose shape is no number".to_owned()),
        };
        let several = |id: Id| match self.node(id) {
            Node::Tuple(items) | Node::List(items) if items.len() <= 8 => {
                items.iter().map(|id| whole(*id)).collect::<Result<Vec<u64>, String>>()
            }
            _ => Err("a tensor whose shape is no list".to_owned()),
        };
        Ok(Node::Tensor {
            storage: *storage,
            offset: whole(*offset)?,
            size: several(*size)?,
            stride: several(*stride)?,
        })
    }

    fn storage(&self, id: Id) -> Result<Node, String> {
        let fault = || "a reference that is no storage".to_owned();
        let Node::Tuple(items) = self.node(id) else { return Err(fault()) };
        let [what, kind, key, _, length, ..] = items[..] else { return Err(fault()) };
        match (self.node(what), self.node(kind), self.node(key), self.node(length)) {
            (Node::Text(what), Node::Global(_, kind), Node::Text(key), Node::Int(length))
                if what == "storage" =>
            {
                let length = u64::try_from(*length).map_err(|_| fault())?;
                self.has_room(kind.len() + key.len())?;
                Ok(Node::Storage { kind: kind.clone(), key: key.clone(), length })
            }
            _ => Err(fault()),
        }
    }
}

/// A whole number of any length; one that does not fit is opaque.
fn long(bytes: &[u8]) -> Node {
    if bytes.len() > 8 {
        return Node::Opaque;
    }
    let filler = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = [filler; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    Node::Int(i64::from_le_bytes(whole))
}
