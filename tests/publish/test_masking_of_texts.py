from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.masking import Masker
from publish.names import Author, Names
from tests.publish.awkward_archive import WRITTEN

MEMBERS = ("kelpkitchen", "brass_lantern", "stamp1", "tessa", "I3DB", "Zoë_Ångström", "Joe", "able", "İzmir_Lamps")
MASKER = Masker(Names(b"k" * 32, [
    *(Author(i, "sas", name, "member") for i, name in enumerate(MEMBERS)),
    Author(99, "sas", "Rowan_Marketplace", "staff"),
]))  # fmt: skip


def mask(text: str) -> str:
    return MASKER.text("sas", text)


@pytest.mark.parametrize(
    ("text", "secret", "shown"),
    [
        ("write to tess.o'neil+x@shop.example.co, please", "tess", "[e-mail]"),
        ("order 111-2345678-1234567 is lost", "1234567", "[order id]"),
        ("eBay order 12-34567-89012", "34567", "[order id]"),
        ("Case ID: 12345678901 is open", "12345678901", "Case ID: [case id]"),
        ("case #98765432", "98765432", "[case id]"),
        ("token A2EUQ1WTGCTBG2.", "A2EUQ1WTGCTBG2", "[merchant token]"),
        ("token AXKQWRTZPLMNBV", "AXKQWRTZPLMNBV", "[merchant token]"),
        ("ring +44 20 7946 0958 now", "7946", "[phone]"),
        ("ring +44 (0)20 7946 0958 now", "7946", "[phone]"),
        ("(555) 010-9999", "010", "[phone]"),
        ("1-800-555-0199", "0199", "[phone]"),
        ("call me at 5550109999", "5550109999", "[phone]"),
        ("parcel 1Z999AA10123456784", "1Z999AA1", "[tracking number]"),
        *WRITTEN,
    ],
)
def test_private_numbers_and_addresses_are_masked(text: str, secret: str, shown: str) -> None:
    assert secret not in mask(text)
    assert shown in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-21 and 21Mar'24 at 15:12, $1,234.56, 2,300 SKUs, 12 % of 100000",
        "AUTHENTICATION, AUTHORIZATION, ADMINISTRATION and ACCESSIBILITY",
        "https://forum.example/t/promise-optimization/3686/12?page=2",
        "ASIN B00EXAMPLE, UPC 012345678905, topic 847591",
        "selling @ cost, $5 @ 2pm, see you @everyone",
        "available, enabled, cable, able to, Joe said, tessarae, contessa, MI3DBX",
        "Rowan_Marketplace and @Rowan_Marketplace",
        "2020-2024 1-2-3 10-12 days 3.5/5",
        "2020–2024, 10–12 %, £1\xa0234\xa0567.89, 1 234 567 rows, €12.345.678,90, pages 001–100",
        "call on 2024-03-21, phone 21.03.2024 or 3/21/2024, text 2019–2024, ring back 10–12",
        "a phone case, UPC 012345678905, ISBN 0306406152, item 5558675311, item 123456789012",
        "in any case 12 of 1000 cases, 9.99 × 1000000; the case of 2024; claims 1234567",
        "look (at) this, [at] 9.99, meet at shop dot example",
        "amazon2023fees, april2024sales, authorization, administrators, a1 and a2",
        "12 34567 89012 and 1700000000, we reach 1000000 readers, anschlusspflüge",
    ],
)
def test_what_is_not_private_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("text", [
    "@kelpkitchen", "KELPKITCHEN's", "kelpkitchens", "(brass_lantern)", "ZOË_ÅNGSTRÖM", "see /u/kelpkitchen/summary",
    "stamp1", "@able", "İzmir_Lamps", "Tessas", "tessa95/repo", "I3DB", "see I3DB's",
])  # fmt: skip
def test_distinctive_names_are_masked_wherever_they_stand(text: str) -> None:
    assert "seller-" in mask(text)
    assert not any(name.lower() in mask(text).lower() for name in MEMBERS if name not in ("Joe", "able"))


def test_a_mention_a_bare_name_and_an_address_get_the_same_pseudonym() -> None:
    words = mask("@kelpkitchen kelpkitchen https://f.example/u/kelpkitchen").split()
    assert words[0] == "@" + words[1]
    assert words[2] == "https://f.example/u/" + words[1]


def test_the_name_in_an_e_mail_address_goes_with_it() -> None:
    assert mask("kelpkitchen@shop.example") == "[e-mail]"


@pytest.mark.parametrize("url", [
    "https://f.example/u/kelpkitchen", "https://f.example/u/somebody_else.json", "https://f.example/users/a%5Fb/x",
    "https://f.example/user_avatar/f.example/kelpkitchen/48/1.png", "https://f.example/t/thanks-kelpkitchen/12",
    "https://f.example/search?q=%40kelpkitchen", "https://f.example/?mail=a%40b.example&o=111-2345678-1234567",
    "https://f.example/u/Zo%C3%AB_%C3%85ngstr%C3%B6m", "https://f.example/wa.me/15552345678",
    "https://f.example/send?phone=15552345678",
])  # fmt: skip
def test_addresses_lose_the_names_in_them(url: str) -> None:
    masked = MASKER.url("sas", url)
    assert masked.startswith("https://f.example/")
    assert not any(part in masked for part in ("kelpkitchen", "somebody", "a%5Fb", "b.example&", "2345678", "ngstr"))


def test_addresses_without_names_stay_as_they_are() -> None:
    url = "https://f.example/t/a%20b/12?x=%2F&y=ä#p1"
    assert MASKER.url("sas", url) == url


def test_spans_move_with_the_text() -> None:
    text = "kelpkitchen says: no switch, tess@x.example, anywhere"
    masked = MASKER.mask("sas", text)
    start = text.index("no switch")
    assert masked.words(start, start + 9) == "no switch"
    start = text.index("anywhere")
    assert masked.words(start, start + 8) == "anywhere"


def test_a_span_that_cuts_into_a_name_takes_in_the_whole_pseudonym() -> None:
    text = "so kelpkitchen says"
    masked = MASKER.mask("sas", text)
    assert masked.words(5, 8) == MASKER.person("sas", "kelpkitchen")
    assert masked.words(0, len(text)) == masked.text


PIECES = st.lists(
    st.one_of(st.sampled_from([*MEMBERS, "@", " ", "a@b.example", "111-2345678-1234567", "\u202e"]), st.text())
)


@given(PIECES.map("".join))
def test_no_text_keeps_a_distinctive_name_and_none_is_masked_twice(text: str) -> None:
    masked = mask(text)
    assert not any(name.lower() in masked.lower() for name in ("kelpkitchen", "brass_lantern"))


@given(PIECES, PIECES)
def test_whatever_stands_outside_masks_keeps_its_span(before: list[str], after: list[str]) -> None:
    text = "".join(before) + " \u2021evidence\u2021 " + "".join(after)
    start = text.index("\u2021evidence\u2021")
    assert MASKER.mask("sas", text).words(start, start + 10) == "\u2021evidence\u2021"


class TestShortNames:
    """A short name is masked where it is like no word, and where its owner writes; no word goes with it."""

    MASKER = Masker(
        Names(
            b"k" * 32,
            [Author(i, "sas", name, "member") for i, name in enumerate(
                ("Joe", "tess", "Ng", "K9x", "a_b", "B2B", "Will", "SAFE", "PayPal", "FBA", "J"))],
            {"paypal", "safe"},
            {1: {"joe", "tess", "ng", "will", "b2b", "safe", "fba", "j", "paypal"}, 2: {"k9x"}},
        )
    )  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["Joe said", "thanks joe!", "Joe's way", "JOE", "(tess)", "tess’s shop", "Mr Ng,", "@Joe"]
    )
    def test_they_are_masked_in_the_threads_in_which_they_write(self, text: str) -> None:
        masked = self.MASKER.within(1).text("sas", text)
        assert "seller-" in masked and not any(name in masked.lower() for name in ("joe", "tess", "ng,"))

    @pytest.mark.parametrize("text", ["Joe said", "tess", "joey, jo", "Ng"])
    def test_elsewhere_they_may_be_anybody(self, text: str) -> None:
        assert self.MASKER.text("sas", text) == text == self.MASKER.within(2).text("sas", text)

    @pytest.mark.parametrize("text", ["K9x", "see k9x.", "a_b", "ask a_b"])
    def test_one_that_is_like_no_word_is_masked_wherever_it_stands(self, text: str) -> None:
        assert "seller-" in self.MASKER.text("sas", text) and "seller-" in self.MASKER.within(1).text("sas", text)

    @pytest.mark.parametrize(
        "text",
        [
            "it will be safe",
            "SAFE-T",
            "B2B prices",
            "FBA fees",
            "joey",
            "Tessa",
            "young",
            "paid with PayPal",
            "J. asked",
        ],
    )
    def test_words_stay_words_even_where_somebody_is_called_so(self, text: str) -> None:
        assert self.MASKER.within(1).text("sas", text) == text

    def test_a_mention_says_that_it_is_a_name(self) -> None:
        assert "seller-" in self.MASKER.text("sas", "ask @Will, @J") and "Will" not in self.MASKER.text("sas", "@Will")

    def test_the_same_person_has_the_same_pseudonym_everywhere(self) -> None:
        near = self.MASKER.within(1)
        assert near.text("sas", "joe") == near.text("sas", "@Joe")[1:] == self.MASKER.person("sas", "Joe")

    def test_addresses_lose_them_too(self) -> None:
        assert "joe" not in self.MASKER.within(1).url("sas", "https://f.example/t/thanks-joe/12")
