//! What goes wrong at the providers.

use basis::{HOUR_MS, MINUTE_MS, SECOND_MS};
use paysim::{AnswerPlan, FaultPlan, HookPlan, PayPlan, RefundPlan};

use super::dice::Dice;

/// What goes wrong with a payment; half of the time nothing.
pub(super) fn faults(dice: &mut Dice) -> FaultPlan {
    if dice.chance(50) {
        return FaultPlan::default();
    }
    let after_ms = dice.pick(&[SECOND_MS, 3 * MINUTE_MS, 2 * HOUR_MS]);
    let hook = HookPlan {
        delay_ms: dice.pick(&[0, 0, SECOND_MS, 5 * MINUTE_MS, 3 * HOUR_MS]),
        copies: dice.pick(&[0, 1, 1, 2, 3]),
        reordered: dice.chance(20),
        forged: dice.chance(10),
        probed: dice.chance(20),
    };
    FaultPlan {
        hook,
        pay: dice.pick(&[
            PayPlan::Succeed,
            PayPlan::Succeed,
            PayPlan::Later { after_ms },
            PayPlan::FailLater { after_ms },
        ]),
        refund: dice.pick(&[
            RefundPlan::Succeed,
            RefundPlan::Later { after_ms },
            RefundPlan::FailLater { after_ms },
            RefundPlan::Refuse,
        ]),
        answer: dice.pick(&[
            AnswerPlan::Normal,
            AnswerPlan::FailBefore,
            AnswerPlan::LoseAnswer,
            AnswerPlan::Reset,
            AnswerPlan::Probe,
        ]),
        ..FaultPlan::default()
    }
}
