//! The points of one chart, kept from frame to frame: those that came since are added while nothing else changed.

use ratatui::layout::Rect;

use super::scale::Scale;
use crate::app::Model;
use crate::app::columns::Columns;
use crate::stats::Concentration;
use crate::view::raster::Raster;

/// What a chart was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Key {
    built: u64,
    param: usize,
    until: Option<u64>,
    era: u32,
    width: u16,
    height: u16,
    low: f32,
    high: f32,
    x_low: f64,
    x_high: f64,
}

/// A chart's points, cell by cell.
#[derive(Debug)]
pub(super) struct Chart {
    key: Key,
    /// Points taken in so far.
    taken: usize,
    pub raster: Raster,
    pub crowd: Concentration,
    pub points: Vec<Option<Dot>>,
}

/// A cell with points: where one of them lies, 0 to 1, for its colour, and whether any is of the present era.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dot {
    pub x: f32,
    pub y: f32,
    pub present: bool,
}

impl Chart {
    fn new(key: Key) -> Self {
        let cells = usize::from(key.width) * usize::from(key.height);
        Self {
            key,
            taken: 0,
            raster: Raster::new(key.width, key.height),
            crowd: Concentration::default(),
            points: vec![None; cells],
        }
    }

    /// Takes in the points that came since.
    fn follow(&mut self, columns: &Columns, scale: &Scale) {
        let genes = columns.genes.get(self.key.param).map_or(&[][..], Vec::as_slice);
        let up = 1.0 / (self.key.high - self.key.low);
        for i in self.taken..columns.len() {
            let (Some(gene), Some(fitness)) = (genes.get(i), columns.fitness.get(i)) else { continue };
            if gene.is_nan() || self.key.until.is_some_and(|until| u64::from(columns.generation[i]) > until) {
                continue;
            }
            let x = scale.unit(f64::from(*gene));
            let y = f64::from(((fitness - self.key.low) * up).clamp(0.0, 1.0));
            if let Some(cell) = self.raster.set(x, y) {
                // What an earlier era's fitness meant is not known: it counts to no crowd.
                let present = columns.era.get(i).is_some_and(|era| *era >= self.key.era);
                if present {
                    self.crowd.add(x, y);
                }
                let before = self.points[cell].filter(|dot| dot.present && !present);
                self.points[cell] = Some(before.unwrap_or(Dot { x: x as f32, y: y as f32, present }));
            }
        }
        self.taken = columns.len();
    }

    /// Makes the chart for this key, or adds to it what is new.
    pub fn made<'a>(slot: &'a mut Option<Self>, key: Key, columns: &Columns, scale: &Scale) -> &'a Self {
        let chart = match slot.take() {
            Some(chart) if chart.key == key => chart,
            _ => Self::new(key),
        };
        let chart = slot.insert(chart);
        chart.follow(columns, scale);
        chart
    }
}

/// What a chart of this parameter is made from now.
pub(super) fn key(model: &Model, param: usize, plot: Rect, (low, high): (f32, f32), scale: &Scale) -> Key {
    Key {
        built: model.columns.built,
        param,
        until: model.density.until,
        era: model.columns.era(model.density.until),
        width: plot.width,
        height: plot.height,
        low,
        high,
        x_low: scale.low,
        x_high: scale.high,
    }
}
