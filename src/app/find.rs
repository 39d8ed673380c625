//! Filtering the rows of a page, searching the log, and going from match to match.

use super::line::Line;
use super::model::{Model, Page};
use super::overlay::Overlay;

impl Model {
    pub(super) fn filter_text(&mut self, page: Page) -> &mut String {
        match page {
            Page::Live | Page::Density => &mut self.params.filter,
            Page::History => &mut self.history.filter,
            Page::Log => &mut self.log.search,
        }
    }

    pub(super) fn open_filter(&mut self) {
        let before = self.filter_text(self.page).clone();
        self.overlay = Some(Overlay::Filter { page: self.page, line: Line::new(&before), before });
    }

    pub(super) fn set_filter(&mut self, page: Page, text: String) {
        let Some(state) = &self.state else { return };
        match page {
            Page::Live | Page::Density => {
                self.params.set_filter(text, &state.space);
                if page == Page::Density && !self.params.filter.is_empty() {
                    self.density.cursor = self.params.cursor;
                }
            }
            Page::History => {
                self.history.filter = text;
                self.history.changed(state);
            }
            Page::Log => {
                (self.log.search, self.log.found) = (text, None);
                self.log.find(false, state, self.size);
            }
        }
    }

    pub(super) fn next_match(&mut self, forth: bool) {
        let Some(state) = &self.state else { return };
        let by = if forth { 1 } else { -1 };
        match self.page {
            Page::Live => self.params.by(by, &state.space),
            Page::Density => {
                self.params.cursor = self.density.cursor;
                self.params.by(by, &state.space);
                self.density.cursor = self.params.cursor;
            }
            Page::History => self.history.by(by, state),
            Page::Log => {
                if !self.log.find(forth, state, self.size) {
                    let what = if self.log.search.is_empty() {
                        "/ searches".into()
                    } else {
                        format!("no {}", self.log.search)
                    };
                    self.toasts.say(what, self.now);
                }
            }
        }
    }
}
