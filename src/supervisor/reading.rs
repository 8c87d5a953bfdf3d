//! What a [`Handle`] tells of flows' data. It asks whoever looks into it, not the worker: so it works when the worker is
//! busy, parked, stopped or was never there.

use super::board::Handle;
use crate::flow::{FlowName, HistoryQuery};
use crate::worker::{HistoryPage, Survey, Unread};

impl Handle {
    /// What the flow's data says, with at most `most` of a kind. `None`: there is no such flow.
    ///
    /// # Errors
    /// In it, when the data can't be read, or not within seconds.
    pub async fn survey(&self, flow: &FlowName, most: u32) -> Option<Result<Survey, Unread>> {
        let flow = self.board.flow(flow)?;
        Some(self.workshop.survey(&flow, most).await)
    }

    /// Lines of the flow's history, latest first. `None`: there is no such flow.
    ///
    /// # Errors
    /// In it, when the data can't be read, or not within seconds.
    pub async fn history(&self, flow: &FlowName, query: HistoryQuery) -> Option<Result<HistoryPage, Unread>> {
        let flow = self.board.flow(flow)?;
        Some(self.workshop.history(&flow, query).await)
    }
}
