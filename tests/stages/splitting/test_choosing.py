import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from blackbox_kd.errors import InputError
from blackbox_kd.records import Split
from blackbox_kd.stages.splitting.choosing import Family, chosen, fitting, quotas, size_of, stratum_of
from blackbox_kd.stages.splitting.dividing import split_of
from blackbox_kd.strategies.base import Draft, asked

FAMILIES = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(Counter), min_size=4, max_size=60
).map(lambda made: [Family(f"f{n}", sum(strata.values()), strata) for n, strata in enumerate(made)])


def whole_of(families: list[Family]) -> Counter[str]:
    """Prompts by stratum."""
    whole: Counter[str] = Counter()
    for family in families:
        whole.update(family.strata)
    return whole


def singles(**strata: int) -> list[Family]:
    """Families of one prompt, in an order that has nothing to do with their strata."""
    made = [Family(f"{stratum}{n}", 1, {stratum: 1}) for stratum, count in strata.items() for n in range(count)]
    random.Random(3).shuffle(made)
    return made


def out_by_stratum(families: list[Family], names: set[str]) -> Counter[str]:
    """Held-out prompts by stratum."""
    return whole_of([family for family in families if family.name in names])


@given(FAMILIES, st.integers(0, 40))
def test_as_many_prompts_are_held_out_as_without_strata(families: list[Family], wanted: int) -> None:
    found = chosen(families, wanted, whole_of(families), {})
    assert size_of(families, found) == size_of(families, fitting(families, wanted))


@given(FAMILIES, st.integers(0, 40))
def test_of_one_stratum_those_are_held_out_that_fit_one_after_another(families: list[Family], wanted: int) -> None:
    same = [family._replace(strata={"a": family.size}) for family in families]
    assert chosen(same, wanted, whole_of(same), {}) == fitting(same, wanted)


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), min_size=150, max_size=200),
    st.integers(50, 90),
)
def test_the_shares_of_the_strata_are_those_of_all_prompts_within_two_points(
    made: list[tuple[str, int]], wanted: int
) -> None:
    families = [Family(f"f{n}", size, {stratum: size}) for n, (stratum, size) in enumerate(made)]
    whole = whole_of(families)
    out = out_by_stratum(families, chosen(families, wanted, whole, {}))
    for stratum, count in whole.items():
        expected = wanted * count / whole.total()
        assert abs(out[stratum] - expected) <= max(0.02 * wanted, 3)  # a family is not parted


def test_families_of_one_prompt_are_held_out_to_the_very_quota() -> None:
    families = singles(a=700, b=200, c=100)
    assert out_by_stratum(families, chosen(families, 100, whole_of(families), {})) == {"a": 70, "b": 20, "c": 10}


def test_many_small_strata_get_their_share_together() -> None:
    families = singles(main=1000, **{f"rare{n}": 2 for n in range(100)})
    out = out_by_stratum(families, chosen(families, 240, whole_of(families), {}))
    assert abs(out["main"] - 200) <= 1
    assert max(count for stratum, count in out.items() if stratum != "main") == 1


def test_a_stratum_of_which_much_is_held_out_already_leaves_the_rest_to_the_others() -> None:
    families = singles(a=100, b=200, c=100)
    whole = whole_of(families) + Counter(c=100)
    assert quotas(families, 90, whole, Counter(c=100)) == {"a": 30, "b": 60, "c": 0}


def test_no_more_is_wanted_of_a_stratum_than_is_free() -> None:
    families = singles(a=5, b=100)
    assert quotas(families, 50, Counter(a=1000, b=100), {}) == {"a": 5, "b": 45}


def test_one_family_is_exchanged_where_the_number_needs_it() -> None:
    sizes = {"p": (3, "a"), "q": (2, "b"), "r": (2, "a")}
    families = [Family(name, size, {stratum: size}) for name, (size, stratum) in sizes.items()]
    found = chosen(families, 5, whole_of(families), {})
    assert size_of(families, found) == 5


def test_a_prompt_is_of_its_slice_or_else_of_its_source() -> None:
    assert stratum_of("x", "rows.jsonl") == "slice x"
    assert stratum_of(None, "rows.jsonl") == "source rows.jsonl"
    assert stratum_of("rows.jsonl", "") != stratum_of(None, "rows.jsonl")


ROWS = st.lists(
    st.tuples(st.sampled_from("fghij"), st.sampled_from([None, "s", "t"]), st.sampled_from(["one", "two"])),
    min_size=6,
    max_size=40,
)


@settings(max_examples=60)
@given(ROWS, st.integers(1, 5), st.integers(0, 3), st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rows_nor_their_ids_decide_and_no_family_is_parted(
    rows: list[tuple[str, str | None, str]], held_out: int, seed: int, rng: random.Random
) -> None:
    def sides(places: list[int], prefix: str) -> dict[int, Split]:
        named, families, ids = {}, {}, {}
        for number, place in enumerate(places):
            family, slice_, source = rows[place]
            ids[place] = name = f"{prefix}{number}"
            named[name] = Draft(messages=asked(f"text {place}"), where="f:1", slice=slice_, source=source)
            families[name] = family if place % 2 else f"near:{name}"
        found = split_of(named, families, held_out, seed)
        return {place: found[families[name]] for place, name in ids.items()}

    places = list(range(len(rows)))
    try:
        first = sides(places, "a")
    except InputError:  # all on one side
        return
    rng.shuffle(places)
    assert sides(places, "b") == first
    for family in "fghij":
        assert len({first[place] for place, row in enumerate(rows) if place % 2 and row[0] == family}) < 2
