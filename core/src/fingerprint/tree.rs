//! A parse tree as the server's raw parser makes it, without PostgreSQL's types: what
//! [`super::statement`] and [`super::index`] even out before it is written down.

/// A value in a parse tree. What is null, false, zero or empty is [`Tree::Absent`], so that a field
/// that a later server adds changes nothing while it is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    Absent,
    Number(i64),
    /// A name or another string that is no constant.
    Text(String),
    List(Vec<Tree>),
    Node(Node),
    Constant(Constant),
    /// `$1`
    Parameter,
    /// Any constant or parameter: what is left of them where they count as equal.
    Anything,
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number too large or too exact for an integer, as it is written.
    Decimal(String),
    Text(String),
    /// `b'..'` or `x'..'`, as it is written.
    Bits(String),
}

impl Constant {
    /// How it would stand between quotes.
    pub fn text(&self) -> String {
        match self {
            Constant::Null => "null".to_owned(),
            Constant::Boolean(value) => value.to_string(),
            Constant::Integer(value) => value.to_string(),
            Constant::Decimal(text) | Constant::Text(text) | Constant::Bits(text) => text.clone(),
        }
    }
}

/// One node: its kind and its fields, by the names that the server's parse tree has for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub kind: &'static str,
    pub fields: Vec<(&'static str, Tree)>,
}

impl Node {
    /// The fields that are there.
    pub fn new(kind: &'static str, fields: impl IntoIterator<Item = (&'static str, Tree)>) -> Node {
        let fields = fields.into_iter().filter(|(_, value)| *value != Tree::Absent).collect();
        Node { kind, fields }
    }

    pub fn get(&self, name: &str) -> Option<&Tree> {
        self.fields.iter().find(|field| field.0 == name).map(|field| &field.1)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tree> {
        self.fields.iter_mut().find(|field| field.0 == name).map(|field| &mut field.1)
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Tree> {
        let at = self.fields.iter().position(|field| field.0 == name)?;
        Some(self.fields.remove(at).1)
    }

    pub fn set(&mut self, name: &'static str, value: Tree) {
        self.take(name);
        if value != Tree::Absent {
            self.fields.push((name, value));
        }
    }
}

impl Tree {
    pub fn node(
        kind: &'static str,
        fields: impl IntoIterator<Item = (&'static str, Tree)>,
    ) -> Tree {
        Tree::Node(Node::new(kind, fields))
    }

    /// The node, where it is one of this kind.
    pub fn as_kind(&self, kind: &str) -> Option<&Node> {
        match self {
            Tree::Node(node) if node.kind == kind => Some(node),
            _ => None,
        }
    }

    pub fn items(&self) -> &[Tree] {
        match self {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// The name, where it is a list of one: `[=]`.
    pub fn only_name(&self) -> Option<&str> {
        match self.items() {
            [Tree::Text(name)] => Some(name),
            _ => None,
        }
    }

    /// Writes it so that two trees give the same text only when they are equal: each string comes with
    /// its length. Fields come in the order of their names.
    pub fn write(&self, out: &mut String) {
        match self {
            Tree::Absent => out.push('-'),
            Tree::Number(number) => push(out, 'n', &number.to_string()),
            Tree::Text(text) => push(out, 't', text),
            Tree::Constant(constant) => {
                let tag = match constant {
                    Constant::Null => 'N',
                    Constant::Boolean(_) => 'B',
                    Constant::Integer(_) => 'I',
                    Constant::Decimal(_) => 'D',
                    Constant::Text(_) => 'T',
                    Constant::Bits(_) => 'X',
                };
                push(out, tag, &constant.text());
            }
            Tree::Parameter => out.push('$'),
            Tree::Anything => out.push('?'),
            Tree::List(items) => {
                out.push('(');
                items.iter().for_each(|item| item.write(out));
                out.push(')');
            }
            Tree::Node(node) => {
                out.push('{');
                out.push_str(node.kind);
                let mut fields: Vec<_> = node.fields.iter().collect();
                fields.sort_by_key(|field| field.0);
                for (name, value) in fields {
                    out.push(' ');
                    out.push_str(name);
                    out.push('=');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn push(out: &mut String, tag: char, text: &str) {
    out.push(tag);
    out.push_str(&text.len().to_string());
    out.push(':');
    out.push_str(text);
}
