//! The interface `state`: small counters of the flow, kept only if the decision is accepted.

use rota_domain::desk;
use rota_domain::rule::ErrorCode;

use super::counters::Host;
use super::types::Refusal;
use crate::failure::Stop;
use crate::session::Session;

impl Host for Session {
    fn counter(&mut self, name: String) -> wasmtime::Result<Result<i32, Refusal>> {
        self.step("state.counter", (&name,), |session| session.counter_now(&name).map(Ok))
    }

    fn add(&mut self, name: String, amount: i32) -> wasmtime::Result<Result<i32, Refusal>> {
        self.step("state.add", (&name, amount), |session| {
            let value = session.counter_now(&name)?.saturating_add(amount);
            session.change_counter(&name, value)?;
            Ok(Ok(value))
        })
    }
}

impl Session {
    /// What the counter would be if this decision were accepted as it is by now.
    fn counter_now(&self, name: &str) -> wasmtime::Result<i32> {
        desk::check_counter_name(name).map_err(|why| Stop::new(ErrorCode::Output, format!("it used {why}")))?;
        let changed = self.counters.get(name).copied();
        Ok(changed.unwrap_or_else(|| self.question.desk.counter(&self.question.flow, name)))
    }

    fn change_counter(&mut self, name: &str, value: i32) -> wasmtime::Result<()> {
        let (desk, flow) = (&self.question.desk, &self.question.flow);
        let is_new = |name: &str| !desk.has_counter(flow, name);
        if is_new(name) && !self.counters.contains_key(name) {
            let kept = desk.counters().get(flow).map_or(0, std::collections::BTreeMap::len);
            let added = self.counters.keys().filter(|name| is_new(name)).count();
            if kept + added >= desk::COUNTERS_MAX {
                let most = desk::COUNTERS_MAX;
                let detail = format!("it made counter {} of flow `{flow}`; {most} are the most", kept + added + 1);
                return Err(Stop::new(ErrorCode::Output, detail).into());
            }
        }
        self.counters.insert(name.to_owned(), value);
        Ok(())
    }
}
