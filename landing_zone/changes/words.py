"""A change in sentences, for text and Markdown."""

from landing_zone.changes.change import Change, StackChange
from landing_zone.changes.money import NOT_BOUNDED, AmountChange, PlannedChange, signed
from landing_zone.changes.row import NOTHING
from landing_zone.changes.violations import Violation, Violations
from landing_zone.pricing.days import Period
from landing_zone.settings.problems import MOST_PRINTED

NO_CHANGE = "no change in money or policy"
NO_STACK = "no stack file changes, and none is judged otherwise"


def headline(stack: StackChange, month: Period) -> str:
    """The worst month before and after, with what bounds it, in one line that follows the stack's name."""
    if stack.status == "removed":
        shown = " and ".join(each.shown[0] for each in stack.months)
        left = f", and can cost {shown} in a month at worst" if shown else ""
        return f"its file is removed; what the stack made stays until it is destroyed{left}"
    if stack.after and stack.after.figures is None:
        count = len(stack.refused)
        return f"{count} mistake{'s' * (count != 1)} in its file, so nothing is known of the change"
    if stack.is_empty:
        return NO_CHANGE
    parts = [_month(each) for each in stack.months]
    parts += [_plan(each, month) for each in stack.plans if each.differs]
    if not stack.comparable:
        parts.append("before, there were mistakes in its file")
    return "; ".join(parts)


def name_of(stack: StackChange) -> str:
    """The stack's name, with what happens to it."""
    if stack.status == "renamed" and stack.before:
        return f"{stack.name} (before {stack.before.name})"
    return f"{stack.name} (new)" if stack.status == "added" else stack.name


def _month(month: AmountChange) -> str:
    before, after = month.shown
    if month.after is None:
        return f"nothing in {month.currency} any more, {before} before"
    bound = f": {month.bound_after}" if month.after == NOT_BOUNDED else f", bounded by {month.bound_after}"
    if month.before is None:
        return f"worst month {after}{bound}"
    if month.before == month.after:
        return f"worst month {after}, as before"
    if not month.growth.is_finite():
        return f"worst month {before} → {after}{bound}"
    change = signed(month.growth, month.currency)
    return f"worst month {before.removesuffix(f' {month.currency}')} → {after} ({change}){bound}"


def _plan(plan: PlannedChange, month: Period) -> str:
    row = plan.row
    before = "" if row.before == NOTHING else f"{row.before.removesuffix(f' {plan.currency}')} → "
    change = f" ({row.change})" if row.change and before else ""
    after = f"nothing in {plan.currency}" if row.after == NOTHING else row.after
    return f"planned in {month.first:%Y-%m} {before}{after}{change}"


def ways_besides(stack: StackChange) -> list[str]:
    """Ways to spend without a bound that the change opens, without the one that the headline names."""
    named = [month.bound_after for month in stack.months]
    return [way for way in stack.opened[0] if way not in named]


def mistakes(stack: StackChange) -> list[str]:
    """Reasons for which `pulumi up` refuses the file, several lines each; of very many, the first."""
    more = len(stack.refused) - MOST_PRINTED
    return [*stack.refused[:MOST_PRINTED], *([f"and {more} more"] if more > 0 else [])]


def judged(stack: StackChange) -> bool:
    """True if there is anything to say of its violations."""
    return not stack.is_empty and stack.after is not None and stack.after.figures is not None


def violation_words(violation: Violation) -> str:
    """Level, policy and defect, with what hides it."""
    policy, state = violation.judged.policy, violation.judged.state
    own = violation.by_own or "not reported"
    is_left = violation.before and (violation.by_base or violation.by_own)
    if is_left and own != violation.before:
        state = f"{violation.before} → {own}"
    text = f"{state} {policy.id} ({policy.severity.value}): {violation.text}"
    if not violation.hidden:
        return text
    return f"{text} [{'' if is_left else f'{own} '}by this change's own policy/config]"


def counts(violations: Violations) -> str:
    """The numbers of violations that are new, cured and as before."""
    found = [
        f"{len(each)} {word}"
        for each, word in (
            (violations.new, "new"),
            (violations.cured, "cured"),
            (violations.tightened, "tightened"),
            (violations.loosened, "loosened"),
        )
        if each
    ]
    levels = ", ".join(f"{number} {level}" for level, number in sorted(violations.unchanged.items()))
    unchanged = [f"{sum(violations.unchanged.values())} as before ({levels})"] if levels else []
    return ", ".join([*found, *unchanged]) or "no violations"


def moved_words(violations: Violations) -> str:
    """The environments that judge before and after."""
    before, after = (", ".join(names) for names in violations.environments)
    return f"judged as {after}, before as {before}"


def compared_words(change: Change) -> str:
    """The base of the comparison, and the day of the prices."""
    commit = change.commit[:10]
    base = f"HEAD, {commit}" if change.base == "HEAD" else f"{commit}, where HEAD left {change.base}"
    return f"compared with {base}; both at the prices of {change.day}"
