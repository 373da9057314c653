import msgspec

from blackbox_kd.report.data import ReportData
from blackbox_kd.report.judge import judge_section


def test_the_judge_is_told_with_ties_disagreements_and_kappa(data: ReportData) -> None:
    assert judge_section(data).sentences == (
        "openai/judge-1 compared the student with the teacher on 100 prompts, each in both orders: the student wins "
        "42 % (34 to 50 %), a tie being half a win; at equal length 45 % (36 to 54 %) (Dubois et al. 2024).",
        "30 prompts ended in a tie; on 12 the verdict changed with the order; 1 reply had no verdict.",
        "Against human labels, Cohen's kappa is 0.61 (95 % interval 0.44 to 0.78, n 50); 78 % of the verdicts equal "
        "the label; always the commonest label would reach 56 %.",
        "This is secondary to the metrics above. It cost 0.42 USD (simulated).",
    )


def test_without_labels_the_judge_is_not_trusted_tacitly(data: ReportData) -> None:
    whole = data.measured.judged
    assert whole
    judged = msgspec.structs.replace(whole, kappa=None, labels=0)
    unlabelled = msgspec.structs.replace(data, measured=msgspec.structs.replace(data.measured, judged=judged))
    assert "how far this judge can be trusted is not" in judge_section(unlabelled).sentences[2]


def test_a_judge_of_the_teachers_own_model_is_told_to_favour_it(data: ReportData) -> None:
    own = msgspec.structs.replace(data, teachers=("openai/judge-1 (served as judge-1-0924)",))
    assert (
        judge_section(own).sentences[3].startswith("openai/judge-1 is the teacher's own model: models favour answers")
    )
    other = msgspec.structs.replace(data, teachers=("openai/judge-10 (served as judge-10)",))
    assert not [one for one in judge_section(other).sentences if "own model" in one]


def test_without_a_judge_there_is_no_section(bare: ReportData) -> None:
    assert judge_section(bare).sentences == ()
