//! Many rows in one statement: an array for each column, taken apart by `unnest`. So a statement has
//! the same text, and is prepared once, however many rows it carries; as `VALUES` with a parameter
//! for each value it would be another for each number of rows, read and planned anew.
//! See <https://www.postgresql.org/docs/current/functions-array.html>.

use sqlx::QueryBuilder;

use super::dialect::Db;

/// The values of one column.
pub(super) enum Column<'r> {
    Numbers(Vec<Option<i64>>),
    Small(Vec<Option<i32>>),
    Texts(Vec<Option<&'r str>>),
    Bytes(Vec<Option<&'r [u8]>>),
}

/// What a column may hold.
pub(super) trait Value<'r> {
    /// Puts it under the others of its column, where there are any.
    fn put(self, column: &mut Option<Column<'r>>);
}

/// A row that is put down, value by value.
pub(super) struct Row<'a, 'r> {
    columns: &'a mut Vec<Option<Column<'r>>>,
    next: usize,
}

impl<'r> Row<'_, 'r> {
    /// Puts down the row's next value.
    pub(super) fn push_bind(&mut self, value: impl Value<'r>) -> &mut Self {
        if self.next == self.columns.len() {
            self.columns.push(None);
        }
        value.put(&mut self.columns[self.next]);
        self.next += 1;
        self
    }
}

/// Puts down rows, as a table that stands in a statement.
pub(super) fn values<'r, T>(sql: &mut QueryBuilder<Db>, rows: &'r [T], mut put: impl FnMut(&mut Row<'_, 'r>, &'r T)) {
    let mut columns = Vec::new();
    for row in rows {
        put(&mut Row { columns: &mut columns, next: 0 }, row);
    }
    sql.push("SELECT * FROM unnest(");
    let mut list = sql.separated(", ");
    for column in columns.into_iter().flatten() {
        match column {
            Column::Numbers(values) => list.push_bind(values),
            Column::Small(values) => list.push_bind(values),
            Column::Texts(values) => list.push_bind(values),
            Column::Bytes(values) => list.push_bind(values),
        };
    }
    sql.push(")");
}

/// Puts down numbers, between parentheses that stand there.
pub(super) fn list(sql: &mut QueryBuilder<Db>, numbers: &[i64]) {
    sql.push("SELECT unnest(").push_bind(numbers).push(")");
}

/// Values of one type go into columns of one kind. A column that begins with another kind is a
/// fault of the statement, which the database would refuse as well.
macro_rules! value {
    ($type:ty, $kind:ident) => {
        impl<'r> Value<'r> for Option<$type> {
            fn put(self, column: &mut Option<Column<'r>>) {
                match column.get_or_insert(Column::$kind(Vec::new())) {
                    Column::$kind(values) => values.push(self),
                    _ => unreachable!("a column has values of one type"),
                }
            }
        }

        impl<'r> Value<'r> for $type {
            fn put(self, column: &mut Option<Column<'r>>) {
                Some(self).put(column);
            }
        }
    };
}

value!(i64, Numbers);
value!(i32, Small);
value!(&'r str, Texts);
value!(&'r [u8], Bytes);
