"""judge: scores train completions by what no filter can tell from their text, before filter decides.

Verification, an LLM-as-a-judge, difficulty for the student, human review; each only where `[scoring]` asks for it. The
judge alone costs money, and is asked about nothing that the free filters reject.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from blackbox_kd.config.whole import Config
from blackbox_kd.errors import UsageError
from blackbox_kd.filters.special_tokens import SpecialTokens
from blackbox_kd.jsonl import read_rows, text_digest, write_rows
from blackbox_kd.records import Completion, Json, Score
from blackbox_kd.run import COMPLETIONS, PROMPTS, SCORES, Counts, RunDir, require
from blackbox_kd.shipped import shipped
from blackbox_kd.stages.evaluate import own_file
from blackbox_kd.stages.evaluating.judging import NOT_DECIDING
from blackbox_kd.stages.evaluating.opinions import judge_of, worded
from blackbox_kd.stages.evaluating.rubrics import PAIRWISE
from blackbox_kd.stages.filtering.given import max_tokens
from blackbox_kd.stages.keys import key_of
from blackbox_kd.stages.query import deciding
from blackbox_kd.stages.scoring.agreeing import agreement, threshold, told
from blackbox_kd.stages.scoring.difficult import difficult
from blackbox_kd.stages.scoring.judging import judged, rubric_of
from blackbox_kd.stages.scoring.pointwise import POINTWISE
from blackbox_kd.stages.scoring.reviewing import Review, reviewed, reviews_in
from blackbox_kd.stages.scoring.surviving import Survivors, answer, free_filters, survivors
from blackbox_kd.stages.scoring.verifying import references_of, verified_all, verifiers
from blackbox_kd.stages.stage import Stage
from blackbox_kd.stages.targets import terms_of
from blackbox_kd.stages.train import student_files, student_spec
from blackbox_kd.strategies.files import expand
from blackbox_kd.student.source import local

RUBRICS = {"pointwise": POINTWISE, "pairwise": PAIRWISE}


class People(NamedTuple):
    """What people said, by completion id, also of copies of what they reviewed; and the completions of the sheet."""

    reviews: Mapping[str, Review]
    rows: list[Completion]

    def correction(self, name: str) -> str | None:
        """What is to be learnt in place of an answer."""
        return self.reviews[name].correction if name in self.reviews else None


def main(run: RunDir, config: Config) -> Counts:
    """Score the train completions and write scores.jsonl, a line a completion.

    Raises `UsageError` or `InputError` before anybody is asked for settings and files that cannot work, then what query
    raises for the whole run; what was paid is in the ledger.
    """
    scoring, usable = config.scoring, ready(run, config)
    if not scoring.asked:
        run.progress.note("judge: [scoring] asks for nothing, so no completion has a score")
    found, sheet = survivors(run, config), reviewed(run, usable)
    people = People(spread(usable, found.copies), sheet)
    references = references_of(run) if scoring.verify or scoring.judge else {}
    opinions = judged(run, config, found.unique(), references)
    rows = [one for one in scorable(found, people) if one.id not in found.copies or people.correction(one.id)]
    answers = {one.id: people.correction(one.id) or answer(one) for one in scorable(found, people)}
    metrics = verifiers(scoring.verify, run.root)
    scores = {
        "verified": verified_all(answers, references, metrics, run.progress),
        "judged": copied(opinions.scores, found.copies),
        "difficulty": copied(difficult(run, config, rows, answers) if scoring.difficulty else {}, found.copies),
    }
    write_rows(run / SCORES, records(run, scores, people))
    counts: Counts = {"passed_filters": len(found.passed), "copies": len(found.copies)}
    counts |= {name: len(values) for name, values in scores.items()} | {"reviewed": len(usable)}
    if scoring.judge and opinions.cost_usd is not None:
        counts["cost_usd"] = float(f"{opinions.cost_usd:.6g}")
    return counts | compared(run, config, people, scores["judged"])


def ready(run: RunDir, config: Config) -> dict[str, Review]:
    """Look over all that the stage needs but an answer of the judge, and read the reviews.

    Raises `UsageError` or `InputError` naming what cannot work, `ProviderRefused` for terms that were not acknowledged.
    """
    scoring = config.scoring
    verifiers(scoring.verify, run.root)
    if scoring.judge:
        rubric_of(run, config)
        with worded():
            if not config.query.offline:
                key_of(judge_of(config), run)
            terms_of(judge_of(config), run.root)
        if scoring.judge == "pairwise" and threshold(config) > 1:
            fix = "Set [filter.judged] min_score to 0.5, or judge pointwise."
            raise UsageError(f"filter.judged.min_score is {threshold(config):g}: pairwise scores are shares", fix)
    if scoring.difficulty:
        local(student_spec(config, run))
    return reviews_in(run.root / scoring.review) if scoring.review else {}


def spread(reviews: Mapping[str, Review], copies: Mapping[str, str]) -> dict[str, Review]:
    """The reviews, each for its completion's unreviewed copies too: people spoke on the answer, not on its number."""
    by_original = {copies.get(name, name): review for name, review in reversed([*reviews.items()])}
    originals = {name: copies.get(name, name) for name in (*copies, *copies.values())}
    return {name: by_original[one] for name, one in originals.items() if one in by_original} | dict(reviews)


def scorable(found: Survivors, people: People) -> Iterator[Completion]:
    """The completions that passed, then those that did not and are corrected."""
    passed = {one.id for one in found.passed}
    yield from found.passed
    yield from (one for one in people.rows if one.id not in passed and people.correction(one.id) is not None)


def copied(scores: Mapping[str, float], copies: Mapping[str, str]) -> dict[str, float]:
    """The scores, each for its completion's copies too: an unscored copy of a bad answer would pass for unknown."""
    return {name: scores[one] for name, one in copies.items() if one in scores} | dict(scores)


def records(run: RunDir, scores: Mapping[str, Mapping[str, float]], people: People) -> Iterator[Score]:
    """One record a line of completions.jsonl; the judge spoke on the teacher's own words, not on a correction."""
    for one in read_rows(require(run / COMPLETIONS, "generate"), Completion):
        if one.split == "held_out":
            yield Score(id=one.id)
            continue
        review, correction = people.reviews.get(one.id), people.correction(one.id)
        own = {kind: values[one.id] for kind, values in scores.items() if one.id in values}
        if correction is not None:
            own.pop("judged", None)
        if review is not None:
            own["human"] = review.score
        yield Score(id=one.id, scores=own, correction=correction, note=review.note if review else "")


def compared(run: RunDir, config: Config, people: People, judged_by: Mapping[str, float]) -> Counts:
    """How far judge and people agree, also said in a line; nothing where they have no answer in common."""
    least = threshold(config)
    found = agreement(people.rows, people.reviews, judged_by, least)
    if found:
        run.progress.note(told(found, least))
    return found


def settings(config: Config) -> dict[str, object]:
    """`[scoring]`, and of other sections what decides who is scored, and how."""
    scoring, judge = config.scoring, config.judge
    seen: dict[str, object] = {"scoring": scoring, "filter.max_tokens": max_tokens(config)}
    seen |= {f"filter.{rule.name}": rule for rule in free_filters(config)}
    if scoring.judge and judge is not None:
        seen["judge"] = {name: value for name, value in deciding(judge).items() if name not in NOT_DECIDING}
        if not scoring.rubric:
            text = shipped(RUBRICS[scoring.judge]).read_text(encoding="utf-8")
            seen["rubric"] = text_digest(text)
    if scoring.judge and scoring.review:
        seen["least"] = threshold(config)
    if scoring.difficulty or any(isinstance(rule, SpecialTokens) for rule in free_filters(config)):
        seen["train.student"] = config.train.student
    if scoring.difficulty:
        seen |= {"train.system": config.train.system, "train.template_args": config.train.template_args}
    return seen


def reads(run: RunDir, config: Config) -> list[Path]:
    """Prompts and completions, and the user's files that the settings name."""
    scoring, judge = config.scoring, config.judge if config.scoring.judge else None
    named = [scoring.rubric if scoring.judge else "", scoring.review, *(own_file(spec) for spec in scoring.verify)]
    if judge is not None:
        named += [judge.shots.file if judge.shots else "", judge.schema or ""]
    rules = [path for one in free_filters(config) for path in expand(one.files(), run.root, f"filter.{one.name}")]
    student = student_files(config, run) if scoring.difficulty else []
    return [run / PROMPTS, run / COMPLETIONS, *(run.root / name for name in named if name), *rules, *student]


def recorded(config: Config) -> dict[str, Json]:
    """What the manifest keeps for people: the judge's budget and terms."""
    judge = config.judge if config.scoring.judge else None
    return {} if judge is None else {"budget_usd": judge.budget_usd, "terms": msgspec.to_builtins(judge.terms)}


STAGE = Stage(name="judge", settings=settings, reads=reads, writes=(SCORES,), main=main, recorded=recorded)
